"""A project with a model of real pictures; this process is the prediction service."""

import pytest

from labeler.serving import answering
from labeler.training import embeddings, memory
from labeler.work.tasks import run
from tests.training.drawn import draw
from tests.training.invented import answer, run_round


@pytest.fixture
def served(project, settings):
    """A project with a model of real pictures' pixels; this process is the service."""
    settings.SERVING = True
    memory._pools.clear()
    answering._shelf.clear()
    project.features = "pixels"
    project.save()
    draw(project, range(30))
    made = list(project.images.order_by("row"))
    embeddings.follow(project)
    run(embeddings.KIND)
    answer(project, [row for row in range(22) if row % 10 != 9])
    assert run_round(project).state == "done"
    yield project, made
    answering._shelf.clear()


@pytest.fixture
def two_versions(served):
    """The same with a second version, which is the newest; the first is pinned and serves."""
    from labeler.training import pinning

    project, made = served
    answer(project, range(22, 27))
    run_round(project)
    pinning.pin(project, 1)
    return project, made
