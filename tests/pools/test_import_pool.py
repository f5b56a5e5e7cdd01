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
