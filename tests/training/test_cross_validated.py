"""Scores of images that were held out are kept with the version that made them."""

import numpy as np
import pytest

from labeler.pools.models import Image
from labeler.training import cross_validated, versions
from labeler.training.models import ModelVersion
from tests.training.invented import answer, run_round

TAUGHT = [row for row in range(45) if row % 10 != 9]


@pytest.fixture
def taught(pool):
    answer(pool, TAUGHT)
    return pool


def file_of(project):
    return versions.folder(versions.serving(project)) / cross_validated.FILE


def test_a_round_that_cross_validates_keeps_what_it_said(taught):
    assert cross_validated.newest(taught) is None
    run_round(taught)
    found = cross_validated.newest(taught)
    assert (found.version, len(found)) == (1, len(TAUGHT))
    assert found.label_ids == versions.serving(taught).label_ids
    assert found.rows.tolist() == TAUGHT
    np.testing.assert_allclose(found.proba.sum(axis=1), 1, atol=1e-5)
    right = found.proba.argmax(axis=1) == found.rows % 3
    assert right.mean() == pytest.approx(versions.serving(taught).cross_validated["accuracy"])


def test_no_audit_image_is_among_them(taught):
    answer(taught, [9, 19, 29])
    run_round(taught)
    audit = Image.objects.filter(project=taught, audit=True).values_list("row", flat=True)
    assert not set(audit) & set(cross_validated.newest(taught).rows.tolist())


def test_a_round_with_few_new_answers_leaves_the_older_table_the_newest(taught):
    run_round(taught)
    answer(taught, [45, 46])
    run_round(taught)
    assert versions.serving(taught).number == 2
    assert not file_of(taught).exists()
    assert cross_validated.newest(taught).version == 1
    answer(taught, range(47, 59))
    run_round(taught)
    assert (cross_validated.newest(taught).version, file_of(taught).exists()) == (3, True)


@pytest.mark.parametrize("damage", ["cut", "another width", "rows twice", "no probabilities"])
def test_a_damaged_table_is_passed_over(taught, damage):
    run_round(taught)
    first = cross_validated.newest(taught)
    answer(taught, range(45, 59))
    run_round(taught)
    place = file_of(taught)
    rows, proba = first.rows, first.proba
    if damage == "cut":
        place.write_bytes(place.read_bytes()[:-40])
    else:
        rows = np.zeros_like(rows) if damage == "rows twice" else rows
        proba = proba[:, :2] if damage == "another width" else proba
        proba = proba * np.nan if damage == "no probabilities" else proba
        cross_validated.write(place.parent, rows, proba)
    assert cross_validated.newest(taught).version == 1
    (versions.folder(ModelVersion.objects.get(number=1)) / cross_validated.FILE).unlink()
    assert cross_validated.newest(taught) is None


def test_several_labels_per_image(taught):
    type(taught).objects.filter(pk=taught.pk).update(kind="multi")
    taught.refresh_from_db()
    run_round(taught)
    found = cross_validated.newest(taught)
    assert found.proba.shape == (len(TAUGHT), 3)
    marks = found.proba >= 0.5
    assert (marks[np.arange(len(found)), found.rows % 3]).mean() > 0.8
    assert ModelVersion.objects.get().number == found.version
