"""A worker draws the pool as a map."""

import numpy as np
import pytest

from labeler.exploring import maps, surveys
from labeler.exploring.models import Survey
from labeler.projects.models import Project
from labeler.training.spaces import Space
from ml import maps as drawing
from tests.training.invented import FEATURES, fill, work_on

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pool(project):
    fill(project, 90)
    return project


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(drawing, "STEPS", (60, 60))


def drawn(project):
    surveys.ask(project, None, Survey.Kind.MAP, Space(FEATURES), {})
    work_on("survey")
    return Survey.objects.get()


def test_every_image_has_a_place_near_its_like(pool):
    row = drawn(pool)
    assert (row.state, row.error, row.images) == ("done", "", 90)
    places = maps.places(row)
    assert places.shape == (90, 2)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    nearest = np.argsort(apart, axis=1)[:, 1:4]
    assert (nearest % 3 == np.arange(90)[:, None] % 3).mean() > 0.9
    assert row.facts["placed"] == 90
    assert 0 < row.facts["kept"] <= 1


def test_images_that_came_later_are_counted(pool):
    row = drawn(pool)
    assert maps.newer_images(row) == 0
    Project.objects.filter(pk=pool.pk).update(next_row=95)
    assert maps.newer_images(row) == 5


def test_a_pool_without_vectors_has_no_map(project):
    row = drawn(project)
    assert row.state == "failed"
    assert "too few images" in row.error


def test_a_map_that_does_not_fit_is_refused(pool):
    row = drawn(pool)
    np.save(surveys.folder(row) / "places.npy", np.zeros((3, 2)))
    with pytest.raises(ValueError, match="places"):
        maps.places(row)
