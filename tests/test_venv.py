"""`make run` on a fresh machine: which Python, what is missing, and installing once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # makes virtual environments
SCRIPT = Path(__file__).parents[1] / "tools" / "venv.sh"
LACKS_VENV = """#!/bin/sh
case "$*" in *ensurepip*) exit 1 ;; *) exec {python} "$@" ;; esac
"""


@pytest.fixture
def fresh(tmp_path):
    """A folder with empty requirements; gives a function that runs the script there."""
    (tmp_path / "requirements.txt").write_text("# nothing\n")

    def run(path=os.environ["PATH"], python=sys.executable):
        environment = {"PATH": path, "HOME": str(tmp_path), "PYTHON": python}
        return subprocess.run(
            ["/bin/sh", str(SCRIPT), "requirements.txt"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    return run


def fake(folder, name, source):
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(source)
    file.chmod(0o755)
    return file.parent


def test_installs_once_and_again_when_the_requirements_change(fresh, tmp_path):
    first = fresh()
    assert first.returncode == 0, first.stderr
    assert "Installing the packages of requirements.txt" in first.stderr

    assert fresh().stderr == ""

    (tmp_path / "requirements.txt").write_text("# something else\n")
    assert "Installing" in fresh().stderr


def test_a_half_made_environment_is_made_again(fresh, tmp_path):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").write_text("not a program")
    assert fresh().returncode == 0
    assert "Installing" not in fresh().stderr


def test_an_old_python_is_refused_with_a_remedy(fresh, tmp_path):
    old = fake(tmp_path / "bin", "python3", "#!/bin/sh\nexit 1\n")
    refused = fresh(path=str(old), python="")
    assert refused.returncode == 1
    assert "needs Python 3.11 or newer" in refused.stderr
    assert "make PYTHON=" in refused.stderr


def test_a_newer_python_beside_an_old_one_is_found(fresh, tmp_path):
    folder = fake(tmp_path / "bin", "python3", "#!/bin/sh\nexit 1\n")
    fake(folder, "python3.12", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    found = fresh(path=f"{folder}:/usr/bin:/bin", python="")
    assert found.returncode == 0, found.stderr
    assert "with Python 3." in found.stderr


def test_a_python_without_venv_is_refused_with_the_package_that_has_it(fresh, tmp_path):
    folder = fake(tmp_path / "bin", "python3", LACKS_VENV.format(python=sys.executable))
    refused = fresh(python=str(folder / "python3"))
    assert refused.returncode == 1
    assert "apt install python3-venv" in refused.stderr
    assert shutil.which("python", path=str(tmp_path / ".venv" / "bin")) is None
