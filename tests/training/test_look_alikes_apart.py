"""Pictures that are nearly the same: never in one batch, never across audit and training."""

import numpy as np
import pytest

from labeler.labeling import aside
from labeler.labeling.models import QueueItem
from labeler.pools.models import Image
from labeler.training import batch, fitting, memory, shards
from labeler.training.models import Shard
from labeler.training.spaces import Space
from ml import arrays, features
from tests.exploring.drawn_pool import bring_in, jpeg, shapes
from tests.training.invented import FEATURES, answer, run_round

PICTURES, COPIES = 40, 6


@pytest.fixture
def pool(project):
    """Forty pictures and six of them saved again, whose embeddings do not show it."""
    files = [jpeg(shapes(seed)) for seed in range(PICTURES)]
    files += [jpeg(shapes(seed), 60) for seed in range(COPIES)]
    bring_in(project, files, audit=(0, 1, 2))
    rng, n = np.random.default_rng(5), PICTURES + COPIES
    width = features.get(FEATURES).dimensions
    table = rng.normal(size=(3, width))[np.arange(n) % 3] * 0.2 + rng.normal(size=(n, width))
    shard = Shard.objects.create(
        project=project, features=FEATURES, number=0, rows_wanted=n, rows_done=n, state="done"
    )
    arrays.write_shard(shards.path(shard), table)
    return project


def waiting(project):
    """The rows that are asked, best first."""
    items = QueueItem.objects.filter(project=project, done_at=None, audit=False)
    return list(items.order_by("rank").values_list("image__row", flat=True))


def test_what_looks_like_an_audit_image_is_not_learned_from(pool):
    answer(pool, [*range(3, 20), 40, 41, 42, 43])
    lesson = fitting.lesson(pool, memory.pool(pool, Space(FEATURES)))
    assert set(lesson.rows.tolist()) == {*range(3, 20), 43}
    assert lesson.left_out == 3


@pytest.mark.parametrize("strategy", ["margin", "diverse_margin"])
def test_two_of_a_kind_are_not_asked_in_one_batch(pool, strategy, monkeypatch):
    monkeypatch.setattr(batch, "BATCH", 25)  # of 27 that differ: in most orders a pair would meet
    pool.strategy = strategy
    pool.save()
    answer(pool, range(10, 24))
    run_round(pool)
    first = waiting(pool)[:25]
    assert len(first) == 25
    for original, copy in ((4, 44), (5, 45)):
        assert not {original, copy} <= set(first)
    assert {4, 5, 44, 45} <= set(waiting(pool))


def test_what_was_set_aside_is_neither_asked_nor_ranked_until_it_comes_back(pool):
    answer(pool, range(10, 24))
    run_round(pool)
    ids = list(Image.objects.filter(project=pool, row__in=(0, 43, 44)).values_list("pk", flat=True))
    done = aside.set_aside(pool, ids)
    assert len(done) == 2  # never an audit image
    assert not {43, 44} & set(waiting(pool))
    run_round(pool)
    assert not {43, 44} & set(waiting(pool))
    assert aside.set_aside(pool, ids) == []
    assert sorted(aside.bring_back(pool, ids)) == sorted(done)
    run_round(pool)
    assert {43, 44} <= set(waiting(pool))


def test_an_answer_to_an_image_that_was_set_aside_counts(pool):
    image = Image.objects.get(project=pool, row=43)
    aside.set_aside(pool, [image.pk])
    answer(pool, [43])
    assert aside.bring_back(pool, [image.pk]) == []
    image.refresh_from_db()
    assert image.state == Image.State.LABELED
