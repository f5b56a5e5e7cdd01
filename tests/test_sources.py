"""No pickle is ever loaded, nothing is evaluated, no text from people becomes markup (S18, S13)."""

from pathlib import Path

import pytest

from tests import floors, forbidden

ROOT = Path(__file__).parents[1]


def found_in(files, patterns):
    return [line for file in files for line in forbidden.in_text(file, patterns)]


def test_python_runs_no_foreign_bytes():
    files = [*floors.sources(ROOT), *(ROOT / "benchmarks").rglob("*.py"), ROOT / "manage.py"]
    assert [line for file in files for line in forbidden.in_python(file)] == []


def test_templates_escape_everything_and_keep_the_policy():
    templates = list((ROOT / "templates").rglob("*.*"))
    assert len(templates) > 10
    assert found_in(templates, forbidden.IN_TEMPLATES) == []


def test_scripts_evaluate_nothing():
    scripts = list((ROOT / "static" / "js").rglob("*.js"))
    assert len(scripts) > 2
    assert found_in(scripts, forbidden.IN_SCRIPTS) == []


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "import torch; torch.load('m.pt')",
        "import torch; torch.load('m.pt', weights_only=False)",
        "import numpy as np; np.load('a.npy', allow_pickle=True)",
        "import yaml; yaml.load(text)",
        "eval('1')",
        "exec('1')",
        "import subprocess; subprocess.run('ls', shell=True)",
        "import os; os.system('ls')",
        "from django.utils.safestring import mark_safe; mark_safe(text)",
        "archive.extractall()",
    ],
)
def test_the_check_finds_it_in_python(line, tmp_path):
    file = tmp_path / "sample.py"
    file.write_text(line)
    assert list(forbidden.in_python(file))


@pytest.mark.parametrize(
    "line",
    [
        "import torch; torch.load('m.pt', weights_only=True)",
        "import numpy as np; np.load('a.npy')",
        "network.eval()",
        "import subprocess; subprocess.run(['ls'])",
    ],
)
def test_the_check_lets_the_safe_form_pass(line, tmp_path):
    file = tmp_path / "sample.py"
    file.write_text(line)
    assert list(forbidden.in_python(file)) == []


@pytest.mark.parametrize(
    "line",
    [
        "{{ name|safe }}",
        "{% autoescape off %}",
        "<script>go()</script>",
        '<a onclick="go()">',
        '<p style="color: red">',
        '<a href="javascript:go()">',
    ],
)
def test_the_check_finds_it_in_templates(line, tmp_path):
    file = tmp_path / "sample.html"
    file.write_text(line)
    assert list(forbidden.in_text(file, forbidden.IN_TEMPLATES))


def test_nobody_asks_for_djangos_folder_of_media():
    """It is empty here, and an empty path is the current folder; the storage knows the right."""
    name = "MEDIA" + "_ROOT"
    tops = (ROOT / top for top in ("labeler", "ml", "tests", "benchmarks"))
    files = (file for top in tops for file in sorted(top.rglob("*.py")))
    assert [file for file in files if name in file.read_text(encoding="utf-8")] == []
