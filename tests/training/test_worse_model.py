"""A model that is far worse than the last is not published, whatever the head."""

import numpy as np
import pytest

from labeler.labeling.models import Annotation
from labeler.projects.models import Label
from labeler.training import versions
from labeler.training.models import ModelVersion, Round
from ml import heads
from tests.training.invented import answer, fill, run_round

NOT_AUDIT = [row for row in range(80) if row % 10 != 9]


@pytest.fixture
def known(project):
    """Eighty images, of which the first model has learned 54 and knows how good it is."""
    fill(project, n=80)
    answer(project, NOT_AUDIT[:54])
    return project


def mislabel(project):
    """Give every answered image any label, and answer enough to cross-validate anew."""
    answer(project, NOT_AUDIT[54:])
    rng = np.random.default_rng(3)
    labels = list(Label.objects.filter(project=project))
    for made in Annotation.objects.filter(project=project):
        made.labels.set([labels[rng.integers(len(labels))]])


def refused(project):
    assert run_round(project).state == Round.State.DONE
    assert ModelVersion.objects.get().cross_validated["low"] > 0.9
    mislabel(project)
    failed = run_round(project)
    assert failed.state == Round.State.FAILED
    assert "Look for wrong labels" in failed.error
    return versions.serving(project).number == 1


@pytest.mark.parametrize("head", heads.HEADS)
def test_any_head_that_learned_from_wrong_labels_is_refused(known, head):
    type(known).objects.filter(pk=known.pk).update(head=head)
    known.refresh_from_db()
    assert refused(known)


@pytest.mark.parametrize("name", ["linear_svm", "ensemble"])
def test_a_head_that_took_over_the_name_of_another_is_refused_too(known, monkeypatch, name):
    monkeypatch.setitem(heads.HEADS, known.head, heads.get(name))
    assert refused(known)
