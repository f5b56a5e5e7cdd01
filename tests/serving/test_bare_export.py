"""An export's example runs where there is nothing but onnxruntime, Pillow and numpy.

The bare environment is a fresh one in which just these packages lie, with what they require: linked
from ours, at the pinned versions, so nothing is fetched.
"""

import json
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from packaging.requirements import Requirement

from labeler.serving.loaded import Loaded
from labeler.training import versions
from ml.images import open_image
from tests.training.drawn import striped

PACKAGES = ("onnxruntime", "Pillow", "numpy")
ABSENT = ("torch", "torchvision", "django", "labeler", "ml", "onnx", "scipy", "pytest")
LOOK = "import sys, importlib.util as u; print([n for n in sys.argv[1:] if u.find_spec(n)])"


def required(names):
    """Distributions by name: these, and what they require on this machine."""
    found, open_ones = {}, list(names)
    while open_ones:
        made = distribution(open_ones.pop())
        if made.metadata["Name"] in found:
            continue
        found[made.metadata["Name"]] = made
        for words in made.requires or ():
            asked = Requirement(words)
            if asked.marker is None or asked.marker.evaluate({"extra": ""}):
                open_ones.append(asked.name)
    return found.values()


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The Python of a fresh environment that holds PACKAGES alone."""
    home = tmp_path_factory.mktemp("bare")
    venv.create(home, with_pip=False, symlinks=True)
    (site,) = home.glob("lib/python*/site-packages")
    for made in required(PACKAGES):
        for top in {Path(file).parts[0] for file in made.files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(made.locate_file(top))
    return home / "bin" / "python"


@pytest.fixture
def archive(served, tmp_path):
    call_command(
        "export_model", str(served[0].pk), "--to", str(tmp_path / "m.zip"), stdout=StringIO()
    )
    with zipfile.ZipFile(tmp_path / "m.zip") as inside:
        inside.extractall(tmp_path / "out")
    return tmp_path / "out"


def run(python, *words, cwd=None):
    """Isolated: no variable of ours and no folder of ours is looked at."""
    return subprocess.run(
        [str(python), "-I", *map(str, words)],
        cwd=cwd, env={}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_nothing_else_is_there(bare):
    assert run(bare, "-c", LOOK, *ABSENT).stdout.strip() == "[]"
    assert run(sys.executable, "-c", LOOK, "torch").stdout.strip() == "['torch']"


def test_the_example_says_what_the_service_says(bare, served, archive, tmp_path):
    shown = range(40, 46)
    for row in shown:
        (tmp_path / f"{row}.png").write_bytes(striped(row))
    done = run(bare, archive / "predict.py", *[f"{row}.png" for row in shown], cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    version = versions.serving(served[0])
    version.project = served[0]
    loaded = Loaded(version)
    pictures = [loaded.fitted(open_image(striped(row))) for row in shown]
    said = loaded.said(loaded.batches.judged(pictures), version)
    loaded.close()
    for line, right in zip(done.stdout.splitlines(), said, strict=True):
        told = json.loads(line)
        assert told["scores"] == pytest.approx(right.scores, abs=1e-4)
        assert (told["labels"], told["unknown"]) == (list(right.labels), right.unknown)
