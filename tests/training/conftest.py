"""A pool with made-up embeddings, and a worker's memory that starts empty."""

import pytest

from labeler.projects.models import Project
from labeler.training import memory
from tests.training.invented import fill


@pytest.fixture
def pool(project) -> Project:
    """The project with sixty embedded images, none answered."""
    fill(project)
    return project


@pytest.fixture(autouse=True)
def _fresh_memory():
    memory._pools.clear()
