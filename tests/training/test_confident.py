"""Behind the ranked images a round queues the surest of each label, for the grid."""

import numpy as np
import pytest

from labeler.labeling import grid, refill
from labeler.labeling.models import QueueItem
from labeler.projects.models import Label, Project
from labeler.training import ranking
from tests.training.invented import answer, run_round


@pytest.fixture
def taught(pool, monkeypatch):
    """A pool of which a round ranks ten images, and puts three of each label behind them."""
    monkeypatch.setattr(ranking, "QUEUE", 10)
    monkeypatch.setattr(ranking, "MOST_OF_LABEL", 3)
    answer(pool, [row for row in range(23) if row % 10 != 9])
    return pool


def queue_of(project):
    return list(
        QueueItem.objects.filter(project=project, done_at=None, audit=False).order_by("rank")
    )


def test_the_surest_of_each_label_follow_the_ranked_ones(taught):
    run_round(taught)
    items = queue_of(taught)
    ranked, sure = items[:10], items[10:]
    assert {item.strategy for item in ranked} == {"margin"}
    assert {item.strategy for item in sure} == {grid.CONFIDENT}
    assert [item.rank for item in items] == list(range(len(items)))
    confidences = [item.confidence for item in sure]
    assert confidences == sorted(confidences, reverse=True)
    for label in Label.objects.filter(project=taught):
        assert sum(item.predicted_id == label.pk for item in sure) <= 3
    assert len(sure) > 3


def test_every_item_knows_its_label_and_how_sure_the_model_is(taught):
    run_round(taught)
    for item in queue_of(taught):
        best = max(item.beliefs, key=item.beliefs.get)
        assert (item.predicted_id, item.confidence) == (
            int(best),
            pytest.approx(item.beliefs[best]),
        )


def test_with_several_labels_only_images_of_exactly_one_are_sure(taught):
    Project.objects.filter(pk=taught.pk).update(kind="multi")
    taught.refresh_from_db()
    run_round(taught)
    items = queue_of(taught)
    assert any(item.predicted_id for item in items)
    for item in items:
        said = [pk for pk, p in item.beliefs.items() if p >= 0.5]
        assert item.predicted_id == (int(said[0]) if len(said) == 1 else None)
        if item.predicted_id:
            others = [1 - p for pk, p in item.beliefs.items() if pk != said[0]]
            joint = item.beliefs[said[0]] * np.prod(others)
            assert item.confidence == pytest.approx(joint, abs=0.002)


def test_what_was_taken_out_of_a_grid_is_asked_first_after_the_next_round(taught, annotator):
    run_round(taught)
    item = next(item for item in queue_of(taught) if item.strategy == grid.CONFIDENT)
    QueueItem.objects.filter(pk=item.pk).update(
        claimed_by=annotator, claimed_until="2999-01-01T00:00:00Z"
    )
    assert grid.take_out(project=taught, user=annotator, item_ids=[item.pk]) == 1
    answer(taught, [31, 32, 33])
    run_round(taught)
    again = QueueItem.objects.get(image=item.image, done_at=None)
    assert (again.rank, again.strategy, again.predicted) == (0, refill.TAKEN_OUT, None)
