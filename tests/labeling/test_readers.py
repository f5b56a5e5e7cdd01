"""The readers of other tools open what we export, and find the same labels on the same images.

They live in an environment of their own, since their pins are not ours:
sh tools/venv.sh requirements-readers.txt .venv-readers
"""

import io
import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from labeler.labeling import entry_names, exporting
from labeler.pools import storage
from labeler.pools.models import Guess, Image
from labeler.projects.models import Label, Project
from tests.conftest import picture
from tests.evaluation.conftest import Bench

pytestmark = pytest.mark.slow  # a process each, with large imports
ROOT = Path(__file__).parents[2]
READING = Path(__file__).parent / "reading.py"
HOME = Path(os.environ.get("LABELER_TEST_READERS", ROOT / ".venv-readers"))
MAKE = "sh tools/venv.sh requirements-readers.txt .venv-readers"
LABELS = ["a/b", "ünï", "=cmd", "con", "plain"]
SPLITS = ["train", "train", "validation", "test"]
SPREAD = 12  # images


def the_readers():
    """Their Python. Without it a check in CI fails, and another one is left out."""
    python = HOME / "bin" / "python"
    if not python.exists():
        words = f"{HOME} is not there. Make it: {MAKE}"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    return python


@pytest.fixture
def labeled(project, annotator):
    """Twelve images in three splits with labels that are hard to write down."""
    Label.objects.filter(project=project).delete()
    for place, name in enumerate(LABELS):
        Label.objects.create(project=project, name=name, place=place)
    bench = Bench(project, annotator)
    for image in bench.images(SPREAD, audit=False):
        storage.save_original(project, image.sha256, picture(image.row))
        bench.answer(image, image.row % len(LABELS), suggestion_shown=image.row % 2)
        Image.objects.filter(pk=image.pk).update(split=SPLITS[image.row % len(SPLITS)])
    image = Image.objects.get(project=project, row=0)
    Guess.objects.create(image=image, label=bench.labels[1], p=0.25, version="theirs")
    return project


def expected(*, suffix=True):
    """{stem: label} as we know it."""
    names = (entry_names.picture(f"leaf-{n}.png", "PNG", n) for n in range(SPREAD))
    stems = [Path(name).stem if suffix else f"leaf-{n}" for n, name in enumerate(names)]
    return {stem: LABELS[n % len(LABELS)] for n, stem in enumerate(stems)}


def written(project, key, folder, *, images):
    """What the export wrote: a file, or the folder into which the archive was unpacked."""
    data = b"".join(exporting.FORMATS[key].pieces(project, images=images))
    path = folder / exporting.FORMATS[key].file_name(project, images=images)
    if path.suffix != ".zip":
        path.write_bytes(data)
        return path
    return unpacked(data, folder / "unpacked")


def unpacked(data, folder):
    """The archive below the folder. A member that would leave it fails, before any is written.

    What `filter="data"` is for `tarfile`; `zipfile` has no such word, and mends names in silence.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            assert (folder / member.filename).resolve().is_relative_to(folder.resolve())
            assert not stat.S_ISLNK(member.external_attr >> 16), member.filename
        archive.extractall(folder)
    return folder


def asked(python, reader, path, home):
    """What the reader says, in a process of its own without a network to ask."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "HF_HOME": str(home / "hf"),
        "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "PYTHONUTF8": "1",
    }  # fmt: skip
    done = subprocess.run(
        [python, str(READING), reader, str(path)],
        capture_output=True, text=True, timeout=240, env=environment, cwd=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_torchvision_reads_the_tree(labeled, tmp_path):
    path = written(labeled, "imagefolder", tmp_path, images=True)
    assert asked(sys.executable, "torchvision_tree", path, tmp_path) == expected()


@pytest.mark.parametrize(
    ("reader", "key", "images"),
    [
        ("datasets_folder", "huggingface", True),
        ("datasets_folder", "huggingface-csv", True),
        ("datasets_tree", "imagefolder", True),
        ("datasets_parquet", "parquet", True),
        ("pandas_parquet", "parquet", True),
        ("pandas_csv", "images.csv", False),
        ("pandas_json_lines", "images.jsonl", False),
        ("pandas_decisions", "decisions.parquet", False),
        ("label_studio", "label-studio", True),
    ],
)
def test_it_reads_ours(labeled, tmp_path, reader, key, images):
    python = the_readers()
    path = written(labeled, key, tmp_path, images=images)
    assert asked(python, reader, path, tmp_path) == expected(suffix=images)


def test_datasets_reads_several_labels_and_no_splits(labeled, tmp_path):
    python = the_readers()
    Project.objects.filter(pk=labeled.pk).update(kind="multi")
    Image.objects.filter(project=labeled).update(split="")
    labeled.refresh_from_db()
    path = written(labeled, "huggingface", tmp_path, images=True)
    wanted = {stem: [label] for stem, label in expected().items()}
    assert asked(python, "datasets_folder", path, tmp_path) == wanted


def test_fiftyone_reads_its_labels(labeled, tmp_path):
    """FiftyOne is large and is not installed for every check; by hand it is named in
    LABELER_TEST_FIFTYONE, a virtual environment."""
    home = os.environ.get("LABELER_TEST_FIFTYONE", "")
    if not home:
        pytest.skip("Name an environment with fiftyone==1.22.1 in LABELER_TEST_FIFTYONE.")
    path = written(labeled, "fiftyone", tmp_path, images=True)
    told = asked(Path(home) / "bin" / "python", "fiftyone_labels", path, tmp_path)
    assert told == expected()
