"""Commands where paths, terminals and readers are not as they should be: words and a status."""

import os
import signal
import stat
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from tests.elsewhere import ROOT, environment, python

BAD_PROJECTS = ("Nowhere", "999999", "", "٣", str(2**70))


def told(*arguments, match):
    with pytest.raises(CommandError, match=match):
        call_command(*map(str, arguments))


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", BAD_PROJECTS)
def test_a_project_that_is_not_there_is_named(project, tmp_path, wanted):
    for command, more in (
        ("export", ["--to", tmp_path / "x.csv"]),
        ("import_pool", [tmp_path]),
        ("train", []),
        ("predict", [tmp_path, "--to", tmp_path / "x.csv"]),
        ("export_model", ["--to", tmp_path / "x.zip"]),
        ("triage", [tmp_path, "--to", tmp_path / "out"]),
    ):
        told(command, wanted, *more, match="no project|No project")


@pytest.mark.django_db
def test_a_path_that_cannot_be_is_named(project, tmp_path):
    """A path that is missing, a file where a folder is due, a folder where a file is due."""
    file = tmp_path / "file"
    file.write_text("x")
    told("import_pool", project.pk, tmp_path / "gone", match="no folder or archive")
    told("export", project.pk, "--to", tmp_path / "gone" / "x.csv", match="cannot be written")
    told("export", project.pk, "--to", file / "x.csv", match="cannot be written")
    told("export", project.pk, "--to", tmp_path, match="cannot be written")
    assert list(tmp_path.iterdir()) == [file], "nothing half written stays"
    told("restore", tmp_path / "gone", match="gone")
    told("restore", tmp_path, match="backup|folder|directory")
    told("backup", "--to", file / "x", match="file")


@pytest.mark.django_db
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(project, tmp_path):
    (tmp_path / "closed").mkdir(mode=stat.S_IRUSR)
    told("export", project.pk, "--to", tmp_path / "closed" / "x.csv", match="Permission denied")


@pytest.fixture
def shell(transactional_db, tmp_path):
    """The environment of a process that sees this test's project."""

    def of(**more):
        return environment(tmp_path) | more

    return of


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_terminal_of_few_letters_and_a_reader_who_leaves(project, owner, tmp_path, shell):
    """What cannot be shown is a ?, and a closed pipe is no error: neither ends in a traceback."""
    project.name = "Bläck 日本語 👩‍🔬"
    project.save()
    few = shell(PYTHONIOENCODING="ascii:strict", LC_ALL="C", PYTHONUTF8="0")
    run = python("manage.py", "export", str(project.pk), "--to", str(tmp_path / "a.csv"), env=few)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (0, "")
    assert "Bl?ck ???" in out

    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "manage.py", "export", str(project.pk), "--to", "-"]
    for words in (command, [sys.executable, "manage.py", "help", "--commands"]):
        done = subprocess.run(
            words, cwd=ROOT, env=few, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60
        )
        assert done.stderr == ""
        assert done.returncode in (0, 141)
    os.close(writing)


@pytest.fixture
def hears_ctrl_c():
    """What a shell starts in the background is deaf to it, and so are the children of that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_ctrl_c_ends_a_command_without_a_traceback(project, owner, tmp_path, shell, hears_ctrl_c):
    """Pressed while the file is being written: the half of it goes."""
    os.mkfifo(tmp_path / "out.csv.part")  # the export waits here until somebody reads
    run = python(
        "manage.py", "export", str(project.pk), "--to", str(tmp_path / "out.csv"), env=shell()
    )
    with (tmp_path / "out.csv.part").open("rb"):  # it has begun
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
    assert "Traceback" not in err
    assert run.returncode in (0, 130)
