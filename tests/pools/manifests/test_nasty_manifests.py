"""The hostile pack's manifests, each through a whole import: it does what the pack's list says."""

import tarfile

import pytest

from labeler.pools.models import Image
from tests.conftest import pack
from tests.pools.conftest import bring, notes, refusals
from tests.pools.manifests.conftest import adds_up, let_go, look, told_of

FIVE = {"img_01.jpg": "cat", "img_02.jpg": "dog", "img_03.jpg": "cat", "img 04 (ü).jpg": "dog",
        "img_05.jpg": "bird"}  # fmt: skip


@pytest.fixture(scope="module")
def nasty():
    """The pack's csv folder: name → bytes."""
    with tarfile.open(pack("nasty")) as tar:
        return {
            member.name.removeprefix("nasty/csv/"): tar.extractfile(member).read()
            for member in tar
            if member.isreg() and member.name.startswith("nasty/csv/")
        }


def with_pictures(nasty, name):
    images = [each for each in nasty.items() if each[0].startswith("images/")]
    assert len(images) == 5
    return [(name, nasty[name]), *images]


def labels_of(project) -> dict[str, str | None]:
    """By the picture's own name: its labels, joined; None without an answer."""
    return {
        name.rpartition("/")[2]: None if labels is None else " ".join(labels)
        for name, (labels, _split) in told_of(project).items()
    }


@pytest.mark.parametrize(
    "name",
    ["good.csv", "bom.csv", "crlf.csv", "cr-only.csv", "quoted.csv", "semicolon.csv", "tab.tsv",
     "utf16.csv"],
)  # fmt: skip
def test_five_labels_come_in(project, admin, nasty, name):
    imp = bring(project, admin, with_pictures(nasty, name))
    assert labels_of(project) == FIVE
    assert (imp.added, imp.refused, imp.labels_added) == (5, 0, 5)
    assert set(project.labels.values_list("name", flat=True)) >= {"cat", "dog", "bird"}
    assert adds_up(imp)


# name: (codes of what is refused by the line it stands on, labels by picture, codes of notes)
REPORTED = {
    "bad-utf8.csv": ({2: "bad_row"}, None, {}),
    "latin1.csv": ({5: "bad_row"}, FIVE | {"img 04 (ü).jpg": None}, {}),
    "nul-bytes.csv": ({}, None, {}),
    "unknown-files.csv": (None, None, {}),
    "labels.jsonl": ({3: "bad_row"}, None, {}),
    "long-label.csv": (None, None, {}),
    "ragged.csv": (None, None, {}),
    "unbalanced-quote.csv": (None, None, {}),
}


@pytest.mark.parametrize("name", REPORTED)
def test_a_bad_row_is_reported_by_its_line_and_the_rest_goes_on(project, admin, nasty, name):
    imp = bring(project, admin, with_pictures(nasty, name))
    assert adds_up(imp)
    assert imp.added == 5
    refused = {int(each.rpartition("line ")[2]): code for each, code in refusals(imp).items()}
    lines, labels, told = REPORTED[name]
    if lines:
        assert refused == lines
    else:
        assert refused or notes(imp), "something was wrong, and nobody was told"
    if labels:
        assert labels_of(project) == labels
    assert set(told) <= set(notes(imp).values())
    for label in project.labels.all():
        assert label.name.isprintable()
        assert len(label.name) <= 40


def test_names_that_match_no_picture_are_told_and_the_rest_comes(project, admin, nasty):
    imp = bring(project, admin, with_pictures(nasty, "unknown-files.csv"))
    assert set(refusals(imp).values()) == {"missing_file"}
    assert imp.labels_added >= 1


def test_two_labels_for_one_picture_are_never_settled_silently(project, admin, nasty):
    imp = bring(project, admin, with_pictures(nasty, "conflict.csv"))
    assert "rows_disagree" in notes(imp).values()
    assert imp.plan["contradictions"] == 1


def test_a_project_of_several_labels_keeps_both(multi, admin, nasty):
    imp = bring(multi, admin, with_pictures(nasty, "conflict.csv"))
    assert not notes(imp)
    assert any(" " in (labels or "") for labels in labels_of(multi).values())


def test_two_one_and_no_labels(multi, admin, nasty):
    imp = bring(multi, admin, with_pictures(nasty, "multilabel.csv"))
    counts = sorted(len((labels or "").split()) for labels in labels_of(multi).values())
    assert counts == [0, 0, 0, 1, 2], nasty["multilabel.csv"]
    assert adds_up(imp)


def test_two_labels_where_one_is_taken_are_told(project, admin, nasty):
    imp = bring(project, admin, with_pictures(nasty, "multilabel.csv"))
    assert list(notes(imp).values()) == ["several_labels"]


def test_nothing_is_created_beside_cat_by_another_case_or_spaces(project, admin, nasty):
    imp = look(project, admin, with_pictures(nasty, "unknown-labels.csv"))
    assert all(each["how"] == "new" for each in imp.plan["labels"])
    let_go(imp)
    names = [name.casefold() for name in project.labels.values_list("name", flat=True)]
    assert len(names) == len(set(names))
    assert names.count("cat") == 1


def test_formulas_and_tags_are_only_names(project, admin, nasty):
    imp = bring(project, admin, with_pictures(nasty, "injection.csv"))
    assert adds_up(imp)
    assert any(name.startswith("=") for name in project.labels.values_list("name", flat=True))


def test_3_000_new_labels_are_not_made_unasked(project, admin, nasty):
    imp = bring(project, admin, with_pictures(nasty, "many-classes.csv"))
    assert imp.state == "failed"
    assert "3,000 labels" in imp.error
    assert project.labels.count() == 3
    assert not Image.objects.exists()


@pytest.mark.parametrize("name", ["empty.csv", "header-only.csv"])
def test_a_manifest_without_rows_is_told(project, admin, nasty, name):
    imp = look(project, admin, with_pictures(nasty, name))
    assert name in imp.plan["error"]
    assert imp.plan["remedy"]


def test_a_missing_column_is_told_with_what_there_is(project, admin, nasty):
    imp = look(project, admin, with_pictures(nasty, "missing-column.csv"))
    assert imp.plan["labels"] == []
    assert imp.plan["preview"]["columns"] == ["filename"]
    assert imp.plan["answers"] == 0


def test_the_first_row_is_not_lost_without_a_header(project, admin, nasty):
    imp = bring(project, admin, with_pictures(nasty, "no-header.csv"))
    assert imp.plan["rows"] == 5
    assert labels_of(project) == FIVE


def test_columns_of_other_names_can_be_mapped(project, admin, nasty):
    header = nasty["other-header-names.csv"].decode().splitlines()[0].split(";")
    imp = look(project, admin, with_pictures(nasty, "other-header-names.csv"))
    assert imp.plan["preview"]["columns"] == header
    assert imp.plan["columns"]["path"] in header


def test_paths_and_addresses_as_names_open_and_fetch_nothing(project, admin, nasty, monkeypatch):
    import socket

    def closed(*_):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", closed)
    imp = bring(project, admin, with_pictures(nasty, "paths.csv"))
    assert imp.added == 5
    assert imp.refused == imp.plan["rows"]
    assert adds_up(imp)


def test_quoted_line_ends_and_commas_stay_in_their_cell(project, admin, nasty):
    imp = bring(project, admin, with_pictures(nasty, "quoted-newline-comma.csv"))
    assert imp.plan["rows"] == 2
    assert imp.labels_added == 2


def test_a_workbook_that_is_none_fails_plainly(project, admin, nasty):
    imp = look(project, admin, with_pictures(nasty, "xlsx-named.csv"))
    assert "xlsx-named.csv" in imp.plan["error"]


def test_all_of_them_together_name_none(project, admin, nasty):
    imp = bring(project, admin, nasty.items())
    assert adds_up(imp)
    assert (imp.added, imp.total) == (5, 5)
    assert set(notes(imp).values()) == {"manifest_not_used"}
