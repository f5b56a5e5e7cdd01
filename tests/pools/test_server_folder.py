"""Importing a folder of the server: only allowed ones, and nothing that leads out of them."""

import os

import pytest

from labeler.pools import imports, sources
from labeler.pools.models import Image, Import
from labeler.pools.refusing import ImportRefused
from tests.conftest import picture
from tests.pools.conftest import laid_out, pictures, refusals, work, zipped


@pytest.fixture
def allowed(settings, tmp_path):
    """A folder that may be imported from."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    settings.IMPORT_FOLDERS = [folder]
    return folder


def begin(project, user, path, **options) -> Import:
    return imports.start(project=project, user=user, source="folder", path=str(path), **options)


def names_in(project) -> list[str]:
    return list(
        Image.objects.filter(project=project).order_by("row").values_list("name", flat=True)
    )


def test_a_folder_comes_in_sorted_with_its_archives_opened(project, admin, allowed):
    laid_out(
        allowed,
        [("b/2.png", picture(2)), ("a/1.png", picture(1)), ("z.zip", zipped(pictures(1, 9)))],
    )
    imp = work(begin(project, admin, allowed))
    assert (imp.state, imp.added) == ("done", 3)
    assert names_in(project) == ["a/1.png", "b/2.png", "9.png"]
    assert imp.title == "pictures"


def test_an_archive_on_the_server_can_be_named_itself(project, admin, allowed):
    (allowed / "a.zip").write_bytes(zipped(pictures(2)))
    assert work(begin(project, admin, allowed / "a.zip")).added == 2


@pytest.mark.parametrize(
    "path", ["/etc", "{0}/..", "{0}/../../etc", "{0}x", "{0}/out", "../pictures", ""]
)
def test_other_places_are_refused(project, admin, allowed, path):
    (allowed / "out").symlink_to("/etc")
    (allowed.parent / "picturesx").mkdir()
    with pytest.raises(ImportRefused) as refused:
        begin(project, admin, path.format(allowed))
    assert refused.value.code in ("outside_folders", "bad_path")
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("path", "code"), [("gone", "no_such_folder"), ("nul\0", "bad_path"), ("l", "bad_path")]
)
def test_what_is_not_there_is_refused(project, admin, allowed, path, code):
    (allowed / "l").symlink_to(allowed / "l")  # a loop
    with pytest.raises(ImportRefused) as refused:
        begin(project, admin, f"{allowed}/{path}")
    assert refused.value.code in (code, "no_such_folder")


def test_without_allowed_folders_none_is_allowed(project, admin, settings, tmp_path):
    settings.IMPORT_FOLDERS = []
    with pytest.raises(ImportRefused) as refused:
        begin(project, admin, tmp_path)
    assert refused.value.code == "no_folders"


def test_links_that_lead_out_and_things_that_are_no_files_are_refused(
    project, admin, allowed, tmp_path
):
    canary = tmp_path / "canary.png"
    canary.write_bytes(picture(99))
    laid_out(allowed, [("ok/1.png", picture(1)), ("x.jpg/2.png", picture(2))])
    (allowed / "out.png").symlink_to(canary)
    (allowed / "folder").symlink_to(tmp_path)
    (allowed / "inside.png").symlink_to(allowed / "ok" / "1.png")
    (allowed / "dangling.png").symlink_to("nowhere")
    (allowed / "loop.png").symlink_to("loop.png")
    os.mkfifo(allowed / "pipe.png")
    imp = work(begin(project, admin, allowed))
    assert refusals(imp) == {
        "out.png": "link_leads_out",
        "folder": "link_leads_out",
        "dangling.png": "link",
        "loop.png": "link",
        "pipe.png": "not_a_file",
    }
    assert (imp.added, imp.duplicates) == (2, 1)
    assert not Image.objects.filter(name__contains="canary").exists()


def test_a_file_that_vanishes_or_turns_into_a_link_is_refused(
    project, admin, allowed, tmp_path, monkeypatch
):
    laid_out(allowed, pictures(3))
    listed = sources.list_server_path

    def list_then_change(*given):
        listed(*given)
        (allowed / "0.png").unlink()
        (allowed / "1.png").unlink()
        (allowed / "1.png").symlink_to("/etc/passwd")
        (allowed / "late.png").write_bytes(picture(7))

    monkeypatch.setattr(sources, "list_server_path", list_then_change)
    imp = work(begin(project, admin, allowed))
    assert refusals(imp) == {"0.png": "vanished", "1.png": "link"}
    assert (imp.total, imp.added) == (3, 1)


def test_a_folder_that_became_a_link_fails_the_import(project, admin, allowed):
    (allowed / "a").mkdir()
    imp = begin(project, admin, allowed / "a")
    (allowed / "a").rmdir()
    (allowed / "a").symlink_to("/etc")
    work(imp)
    assert imp.state == "failed"
    assert "is a link now" in imp.error


def test_an_empty_folder_fails_with_a_remedy(project, admin, allowed):
    imp = work(begin(project, admin, allowed))
    assert imp.state == "failed"
    assert "no file to import" in imp.error


def test_names_that_are_no_text_come_in(project, admin, allowed):
    (allowed / os.fsdecode(b"caf\xe9.png")).write_bytes(picture(1))
    assert work(begin(project, admin, allowed)).added == 1
    assert names_in(project) == ["caf\ufffd.png"]


def test_class_folders_below_a_split_become_truth(project, admin, allowed):
    laid_out(allowed, [("pool/cat/1.png", picture(1)), ("test/dog/2.png", picture(2))])
    work(begin(project, admin, allowed, folders="truth"))
    assert project.labels.filter(name__in=["cat", "dog"]).count() == 2
