"""What goes out comes back: an export imported into a new project says the same of each image."""

import hashlib

import pytest

from labeler.labeling import exporting
from labeler.labeling.models import Annotation
from labeler.pools import storage
from labeler.pools.models import Guess, Image
from labeler.projects.models import Label, Project
from tests.conftest import picture
from tests.evaluation.conftest import Bench
from tests.pools.conftest import bring

pytestmark = pytest.mark.slow  # a whole import each
LABELS = ["a/b", "ünï", "=cmd", "con", "plain, with “signs”"]
SPLITS = ["train", "validation", "test", ""]
IMAGES = 8
# Formats in which nothing tells the split.
WITHOUT_SPLITS = {"coco", "fiftyone", "doccano"}


@pytest.fixture
def full(project, annotator):
    """Eight images with labels, splits and one foreign guess."""
    Label.objects.filter(project=project).delete()
    for place, name in enumerate(LABELS):
        Label.objects.create(project=project, name=name, place=place)
    bench = Bench(project, annotator)
    for image in bench.images(IMAGES, audit=False):
        data = picture(image.row)
        image.sha256, image.split = hashlib.sha256(data).hexdigest(), SPLITS[image.row % 4]
        image.save()
        storage.save_original(project, image.sha256, data)
        bench.answer(image, image.row % len(LABELS))
    first = Image.objects.get(project=project, row=0)
    Guess.objects.create(image=first, label=bench.labels[1], p=0.25, version="theirs")
    return project


def said(project):
    """{sha256: (labels, split)} of the project's images."""
    answers = {
        row.image_id: sorted(label.name for label in row.labels.all())
        for row in Annotation.objects.filter(project=project, current=True)
    }
    images = Image.objects.filter(project=project)
    return {image.sha256: (answers.get(image.pk), image.split) for image in images}


def guessed(project):
    rows = Guess.objects.filter(image__project=project)
    return list(rows.values_list("image__sha256", "label__name", "p", "version"))


def brought_back(full, admin, key, *, multi=False):
    """A new project with what the export held."""
    format = exporting.FORMATS[key]
    data = b"".join(format.pieces(full, images=True))
    kind = "multi" if multi else "single"
    new = Project.objects.create(name="Again", audit_seed=3, created_by=admin, kind=kind)
    imp = bring(new, admin, [(format.file_name(full, images=True), data)])
    assert (imp.state, imp.error, imp.added) == ("done", "", IMAGES), imp.plan
    return new


# What people said; `sorted` holds what the model's labels make of the pool instead.
OF_PEOPLE = [f.key for f in exporting.FORMATS.values() if f.packed and f.key != "sorted"]


@pytest.mark.parametrize("key", OF_PEOPLE)
def test_labels_and_splits_come_back(full, admin, key):
    new = brought_back(full, admin, key)
    told, expected = said(new), said(full)
    if key in WITHOUT_SPLITS:
        told = {sha256: labels for sha256, (labels, _) in told.items()}
        expected = {sha256: labels for sha256, (labels, _) in expected.items()}
    assert told == expected


@pytest.mark.parametrize("key", ["label-studio", "parquet"])
def test_guesses_come_back(full, admin, key):
    new = brought_back(full, admin, key)
    assert guessed(new) == guessed(full) != []


@pytest.mark.parametrize("key", ["huggingface", "parquet"])
def test_several_labels_come_back(full, admin, key):
    Project.objects.filter(pk=full.pk).update(kind="multi")
    full.refresh_from_db()
    answer = Annotation.objects.get(image__row=0, image__project=full)
    answer.labels.add(Label.objects.get(project=full, name="con"))
    new = brought_back(full, admin, key, multi=True)
    assert said(new) == said(full)
