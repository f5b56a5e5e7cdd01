"""Looking at what a manifest brought along."""

import pytest

from labeler.labeling.models import Annotation
from labeler.pools import imports
from labeler.pools.models import Image, Import
from labeler.projects.models import Project
from tests.pools.conftest import send, work


def told_of(project: Project) -> dict[str, tuple[tuple[str, ...] | None, str]]:
    """By image name: its labels, None where there is no answer, and its split."""
    answers = {
        row.image_id: tuple(sorted(label.name for label in row.labels.all()))
        for row in Annotation.objects.filter(project=project, current=True)
    }
    images = Image.objects.filter(project=project)
    return {image.name: (answers.get(image.pk), image.split) for image in images}


def look(project, user, files, **options) -> Import:
    """Send the files and have a worker look; it waits for somebody's word."""
    imp = work(send(project, user, files, asks=True, **options))
    assert imp.state == "waiting", imp.error
    return imp


def let_go(imp: Import) -> Import:
    imports.go(imp)
    return work(imp)


def adds_up(imp: Import) -> bool:
    read = imp.added + imp.duplicates + imp.refused
    return imp.state == "done" and imp.total == imp.read == read


@pytest.fixture
def multi(project):
    project.kind = "multi"
    project.save()
    return project
