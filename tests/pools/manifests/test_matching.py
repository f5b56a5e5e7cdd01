"""Which file a row means: names are text, compared strictly first, and never opened."""

import os
import unicodedata

import pytest

from labeler.pools.manifests.paths import normal
from labeler.pools.models import Image
from tests.conftest import picture
from tests.pools.conftest import bring, refusals
from tests.pools.manifests.conftest import adds_up, told_of
from tests.pools.manifests.deliveries import images, text

NFC, NFD = "café.png", unicodedata.normalize("NFD", "café.png")
RUST = (("rust",), "")


def rows(*pairs: tuple[str, str]) -> bytes:
    return text("file;label", *(f"{name};{label}" for name, label in pairs))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a/1.png", "a/1.png"),
        ("./a//1.png", "a/1.png"),
        ("a\\1.png", "a/1.png"),
        ("a/1.png", "a\\1.png"),
        ("C:\\Users\\me\\a\\1.png", "a/1.png"),
        ("/srv/pictures/a/1.png", "1.png"),
        ("x/../a/1.png", "a/1.png"),
        ("../../a/1.png", "a/1.png"),
        ("~/a/1.png", "a/1.png"),
        ("1.png", "deep/below/1.png"),
        ("bucket/x/a/1.png", "upload/a/1.png"),
        (NFC, NFD),
        (NFD, NFC),
        ("https://example.org/p/a%20b.png?sig=1", "a b.png"),
        ("file:///etc/1.png", "1.png"),
        ("🍂 leaf.png", "🍂 leaf.png"),
        ("é" * 120 + ".png", "é" * 120 + ".png"),
    ],
)
def test_a_name_that_is_written_differently_is_found(project, admin, written, name):
    imp = bring(project, admin, [("l.csv", rows((written, "rust"))), (name, picture(1))])
    assert adds_up(imp)
    assert [labels for labels, _ in told_of(project).values()] == [("rust",)], refusals(imp)


@pytest.mark.parametrize("path", ["/etc/passwd", "../canary.png", "{0}", "file://{0}"])
def test_a_path_opens_nothing_on_the_server(project, admin, tmp_path, path):
    canary = tmp_path / "canary.png"
    canary.write_bytes(picture(1))
    os.utime(canary, (1, 1))
    before = canary.stat().st_atime
    manifest = rows((path.format(canary), "rust"))
    imp = bring(project, admin, [("l.csv", manifest), *images("0.png")])
    assert refusals(imp) == {"l.csv, line 2": "missing_file"}
    assert canary.stat().st_atime == before
    assert adds_up(imp)


def test_the_folder_of_the_manifest_comes_first(project, admin):
    manifest = rows(("1.png", "rust"))
    files = [("a/l.csv", manifest), *images("1.png", "a/1.png", "b/1.png")]
    bring(project, admin, files)
    assert told_of(project) == {"1.png": (None, ""), "a/1.png": RUST, "b/1.png": (None, "")}


def test_twins_that_differ_only_in_their_form_are_told_apart(project, admin):
    manifest = rows((NFC, "rust"), (NFD, "mildew"))
    data = [(NFC, picture(1)), (NFD, picture(2))]
    imp = bring(project, admin, [("l.csv", manifest), *data])
    names = Image.objects.order_by("row").values_list("annotations__labels__name", flat=True)
    assert list(names) == ["rust", "mildew"]
    assert adds_up(imp)


def test_where_several_files_fit_none_is_taken(project, admin):
    manifest = rows(("1.png", "rust"), ("c/2.png", "rust"), ("d/2.png", "mildew"))
    imp = bring(project, admin, [("x/l.csv", manifest), *images("a/1.png", "b/1.png", "2.png")])
    assert set(told_of(project).values()) == {(None, "")}
    assert refusals(imp) == {
        "x/l.csv, line 2": "ambiguous_row",
        "x/l.csv, line 3": "ambiguous_row",
        "x/l.csv, line 4": "ambiguous_row",
    }
    assert (imp.added, imp.refused) == (3, 3)
    assert adds_up(imp)


def test_a_row_does_not_take_a_file_that_another_row_names_better(project, admin):
    manifest = rows(("b/1.png", "mildew"), ("a/1.png", "rust"))
    imp = bring(project, admin, [("l.csv", manifest), *images("a/1.png")])
    assert told_of(project) == {"a/1.png": RUST}
    assert refusals(imp) == {"l.csv, line 2": "missing_file"}


def test_the_longest_common_end_decides(project, admin):
    manifest = rows(("s3://b/x/cat/1.png", "rust"), ("s3://b/x/dog/1.png", "mildew"))
    bring(project, admin, [("l.csv", manifest), *images("p/cat/1.png", "p/dog/1.png")])
    assert told_of(project) == {"p/cat/1.png": RUST, "p/dog/1.png": (("mildew",), "")}


def test_a_missing_file_names_its_line(project, admin):
    manifest = rows(("0.png", "rust"), ("gone.png", "rust"))
    imp = bring(project, admin, [("labels.csv", manifest), *images("0.png", "1.png")])
    refusal = imp.refusals.get()
    assert (refusal.name, refusal.code) == ("labels.csv, line 3", "missing_file")
    assert "gone.png" in refusal.reason
    assert (imp.plan["matched"], imp.plan["missing"], imp.plan["unlisted"]) == (1, 1, 1)
    assert imp.plan["problems"][0]["line"] == 3
    assert adds_up(imp)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", ""),
        ("..", ""),
        ("a/../../b", "b"),
        ("d:x.png", "x.png"),
        ("gs://bucket/a/1.png", "bucket/a/1.png"),
        ("https://[bad/1.png", "https:/[bad/1.png"),
        ("/data/upload/1b2c3d4e-0.png", "0.png"),
        ("a\0b", "a\0b"),
    ],
)
def test_paths_are_compared_as_text(given, found):
    assert normal(given) == found
