"""A pool of drawn pictures whose features learn, and ways to learn and to change them."""

import pytest

from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import (
    embeddings,
    feature_fits,
)
from labeler.training.models import FeatureFit
from ml import features
from ml.features.autoencoder import Autoencoder
from tests.training.drawn import draw
from tests.training.invented import work_on

State = FeatureFit.State
PCA = "pca-8:hog"


@pytest.fixture
def pool(project) -> Project:
    """Forty stored pictures, none embedded; the project's features are eight axes over HOG."""
    Project.objects.update(features=PCA)
    draw(project, range(40))
    return project


@pytest.fixture
def learned(pool) -> Project:
    """The same, learned from and embedded."""
    learn_and_embed(pool)
    return pool


@pytest.fixture
def small_network(monkeypatch):
    """An autoencoder that learns in a second."""
    tiny = {"dimensions": 12, "side": 16, "width": 4, "epochs": 3}
    monkeypatch.setitem(features.FEATURES, "autoencoder", lambda: Autoencoder(**tiny))
    feature_fits._loaded.cache_clear()
    yield
    feature_fits._loaded.cache_clear()


def learn_and_embed(project):
    embeddings.find()
    work_on("feature_fit")
    work_on("embedding")
    return FeatureFit.objects.get(project=project, features=project.features)


def learn_something_else(project):
    """Learn anew from other pictures than the last time."""
    Image.objects.filter(project=project, audit=False).update(key=0.5)
    Image.objects.filter(project=project, row__lt=15).delete()
    feature_fits.ask(project, project.features)
    work_on("feature_fit")


def choose(project, name):
    Project.objects.filter(pk=project.pk).update(features=name)
    project.refresh_from_db()
