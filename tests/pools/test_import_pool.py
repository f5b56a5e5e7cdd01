"""`manage.py import_pool`: honest words, honest exit status."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from labeler.pools import importing, imports
from labeler.pools.models import Image, Import
from labeler.projects.models import Project
from tests.pools.conftest import laid_out, pictures, zipped


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_pool", *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as end:
        return int(end.code), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def folder(tmp_path):
    """A folder that no setting allows: the operator may read what the operator may read."""
    return laid_out(tmp_path / "any", [("cat/0.png", pictures(1)[0][1]), ("dog/x.txt", b"no")])


def test_it_imports_and_says_what_happened(project, folder, tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped(pictures(3)))
    status, out, err = run(project.pk, folder, tmp_path / "a.zip")
    assert status == 0
    assert "2 read = 1 added + 0 already here + 1 refused" in out
    assert "3 read = 2 added + 1 already here + 0 refused" in out
    assert "dog/x.txt: The file is not a picture." in err


def test_json_is_all_that_standard_output_holds(project, folder):
    status, out, _ = run("Leaves", folder, "--json", "--folders", "truth")
    (result,) = json.loads(out)
    assert status == 0
    assert (result["state"], result["added"], result["refused"]) == ("done", 1, 1)
    assert project.labels.filter(name="cat").exists()


def test_nothing_that_came_in_is_a_failure(project, tmp_path):
    laid_out(tmp_path / "bad", [("a.txt", b"no")])
    assert run(project.pk, tmp_path / "bad")[0] == 1
    (tmp_path / "none").mkdir()
    status, _, err = run(project.pk, tmp_path / "none")
    assert status == 1
    assert "no file to import" in err


def test_a_source_that_is_missing_stops_it_before_anything_starts(project, folder, tmp_path):
    with pytest.raises(CommandError, match="There is no folder or archive"):
        run(project.pk, folder, tmp_path / "gone")
    assert not Import.objects.exists()


def test_the_project_must_be_clear(project, folder, owner):
    Project.objects.create(name="Leaves", audit_seed=1, created_by=owner)
    with pytest.raises(CommandError, match="fits several projects"):
        run("Leaves", folder)
    for wanted in ("Nowhere", "999999", str(2**70), "", "٣"):
        with pytest.raises(CommandError, match="no project"):
            run(wanted, folder)


def test_a_name_that_looks_like_another_projects_number_is_ambiguous(project, folder, owner):
    Project.objects.create(name=str(project.pk), audit_seed=1, created_by=owner)
    with pytest.raises(CommandError, match="fits several projects"):
        run(project.pk, folder)


def test_ctrl_c_keeps_what_came_in_and_says_so(project, tmp_path, monkeypatch):
    laid_out(tmp_path / "many", pictures(6))
    monkeypatch.setattr(importing, "CHUNK_FILES", 2)
    bring_in = importing.adding.add

    def interrupted(imp, chunk, **options):
        if imp.read:
            raise KeyboardInterrupt
        bring_in(imp, chunk, **options)

    monkeypatch.setattr(importing.adding, "add", interrupted)
    status, _, err = run(project.pk, tmp_path / "many")
    assert status == 130
    assert "2 images came in" in err
    assert Import.objects.get().state == "cancelled"
    monkeypatch.undo()
    assert run(project.pk, tmp_path / "many")[0] == 0
    assert Image.objects.filter(project=project).count() == 6


def test_an_import_cancelled_from_the_page_ends_the_command(project, tmp_path, monkeypatch):
    laid_out(tmp_path / "many", pictures(6))
    monkeypatch.setattr(importing, "CHUNK_FILES", 2)
    bring_in = importing.adding.add

    def cancelled(imp, chunk, **options):
        bring_in(imp, chunk, **options)
        imports.cancel(Import.objects.get(pk=imp.pk))

    monkeypatch.setattr(importing.adding, "add", cancelled)
    status, _, err = run(project.pk, tmp_path / "many")
    assert status == 1
    assert "cancelled" in err


# ---- With a manifest --------------------------------------------------------------------------

ROWS = b"file,label\n0.png,rusty\n1.png,healthy\n2.png,soot\ngone.png,rust\n"


@pytest.fixture
def listed(tmp_path):
    """Three pictures and a table about them and one more."""
    return laid_out(tmp_path / "listed", [*pictures(3), ("labels.csv", ROWS)])


def answers(project):
    found = Image.objects.filter(project=project, annotations__current=True)
    return dict(found.values_list("name", "annotations__labels__name"))


def test_a_dry_run_says_what_would_happen_and_stores_nothing(project, listed):
    status, out, err = run(project.pk, listed, "--dry-run")
    assert status == 0
    assert "labels.csv: Table" in out
    assert "3 images come in, 3 with a label. 1 row has no picture." in out
    assert "Labels are added: “rusty”, “soot”." in out
    assert "Nothing was stored." in out
    assert "line 5: There is no file “gone.png”." in err
    assert not Image.objects.filter(project=project).exists()
    assert project.labels.count() == 3
    assert Import.objects.get().state == "cancelled"


def test_a_dry_run_of_pictures_alone_stores_nothing_either(project, tmp_path):
    laid_out(tmp_path / "only", pictures(2))
    status, out, _ = run(project.pk, tmp_path / "only", "--dry-run", "--json")
    (told,) = json.loads(out)
    assert (status, told["plan"]["files"], told["plan"]["format"]) == (0, 2, "")
    assert not Image.objects.filter(project=project).exists()


def test_names_are_mapped_left_out_and_added_as_the_arguments_say(project, listed):
    status, out, err = run(project.pk, listed, "--label", "rusty=rust", "--label", "soot=")
    assert status == 0
    assert "4 read = 3 added + 0 already here + 1 refused, 2 labels came along" in out
    assert "There is no file “gone.png”." in err
    assert answers(project) == {"0.png": "rust", "1.png": "healthy"}
    assert project.labels.count() == 3


def test_unknown_names_are_left_out_where_that_is_said(project, listed):
    assert run(project.pk, listed, "--unknown", "leave")[0] == 0
    assert answers(project) == {"1.png": "healthy"}


def test_columns_are_named(project, tmp_path):
    rows = b"who,picture,verdict\nAnn,0.png,rust\nBob,1.png,mildew\n"
    laid_out(tmp_path / "t", [*pictures(2), ("notes.csv", rows)])
    columns = ["--column", "path=picture", "--column", "label=verdict"]
    assert run(project.pk, tmp_path / "t", "--format", "table", *columns)[0] == 0
    assert answers(project) == {"0.png": "rust", "1.png": "mildew"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--label", "rusty"], "two names"),
        (["--label", "rusty=moss"], "no label of this project"),
        (["--column", "colour=x"], "cannot be 'colour'"),
        (["--column", "label=x"], "which column names the file"),
        (["--format", "exe"], "is no format"),
    ],
)
def test_arguments_that_cannot_be_stop_it_before_anything_starts(project, listed, arguments, words):
    with pytest.raises(CommandError, match=words):
        run(project.pk, listed, *arguments)
    assert not Import.objects.exists()


def test_a_second_run_brings_only_what_is_new(project, listed):
    assert run(project.pk, listed, "--label", "soot=")[0] == 0
    (listed / "9.png").write_bytes(pictures(1, 9)[0][1])
    status, out, _ = run(project.pk, listed, "--only-new", "--label", "soot=")
    assert "1 added + 0 already here" in out
    assert status == 0


def test_a_list_of_addresses_keeps_to_the_public_web(project, tmp_path):
    (tmp_path / "list.txt").write_text("https://127.0.0.1/1.jpg\n")
    status, out, err = run(project.pk, tmp_path / "list.txt", "--urls")
    assert status == 1
    assert "0 added + 0 already here + 1 refused" in out
    assert "127.0.0.1/1.jpg: The address leads into a private network" in err
