"""Every strategy through a real round: what it may ask, what it must not, and in which order."""

import numpy as np
import pytest

from labeler.labeling import grid
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import (
    candidates,
    choosing,
    fitting,
    memory,
    ranking,
    rounds,
    running,
    versions,
)
from labeler.training.models import ModelVersion, Round
from labeler.training.spaces import Space
from ml import heads, strategies
from ml.heads import LogisticHead
from tests.training.invented import FEATURES, answer, run_round

State = Round.State
ANSWERED = [row for row in range(23) if row % 10 != 9]
HELD_OUT = (40, 41)
ASKABLE = {row for row in range(23, 60) if row % 10 != 9} - set(HELD_OUT)
APART = ("diverse_margin", *strategies.POOL_STRATEGIES)


@pytest.fixture(params=("single", "multi"))
def taught(request, pool):
    """A pool with twenty answers and two test images, of either kind."""
    Image.objects.filter(project=pool, row__in=HELD_OUT).update(split="test")
    answer(pool, ANSWERED)
    if request.param == "multi":
        Project.objects.filter(pk=pool.pk).update(kind="multi")
        both = list(Label.objects.filter(project=pool)[:2])
        for made in Annotation.objects.filter(image__row__lt=6):
            made.labels.set(both)
    return pool


@pytest.fixture
def single(pool):
    answer(pool, ANSWERED)
    return pool


def asks_by(project, strategy, **more):
    type(project).objects.filter(pk=project.pk).update(strategy=strategy, **more)
    project.refresh_from_db()
    return project


def asked(project):
    """The rows the round ranked, in their order; what stands behind them for the grid is not."""
    waiting = QueueItem.objects.filter(project=project, done_at=None).exclude(
        strategy=grid.CONFIDENT
    )
    return list(waiting.order_by("rank").values_list("image__row", flat=True))


def again(project, done):
    """The same round once more: the same number and so the same seed."""
    ModelVersion.objects.filter(project=project).delete()
    Round.objects.filter(pk=done.pk).delete()
    memory._pools.clear()
    return run_round(project)


@pytest.mark.parametrize("strategy", strategies.ALL)
def test_a_round_asks_each_askable_image_once_and_again_in_the_same_order(taught, strategy):
    done = run_round(asks_by(taught, strategy))
    assert (done.state, done.error) == (State.DONE, "")
    order = asked(taught)
    assert len(order) == len(set(order))
    assert set(order) == ASKABLE  # so no audit, held out or answered image
    items = QueueItem.objects.filter(project=taught, done_at=None)
    assert {item.strategy for item in items} == {strategies.staged(strategy, [7, 7, 7])}
    assert all(0 <= item.score <= 1 for item in items)
    repeated = again(taught, done)
    assert (repeated.number, asked(taught)) == (done.number, order)


@pytest.mark.parametrize("strategy", strategies.ALL)
def test_where_fewer_are_kept_the_rest_waits_for_the_grid(taught, strategy, monkeypatch):
    monkeypatch.setattr(ranking, "QUEUE", 12)
    monkeypatch.setattr(choosing, "CANDIDATES", 16)
    monkeypatch.setattr(choosing, "TOGETHER", 5)
    run_round(asks_by(taught, strategy))
    order = asked(taught)
    assert len(order) == len(set(order)) == 12
    assert set(order) <= ASKABLE


@pytest.mark.parametrize("strategy", ["random", "core_set", "badge"])
def test_another_seed_gives_another_order(single, strategy, monkeypatch):
    monkeypatch.setattr(ranking, "QUEUE", 5)
    monkeypatch.setattr(choosing, "CANDIDATES", 16)  # half of what may be asked
    run_round(asks_by(single, strategy))
    first = asked(single)
    run_round(single)  # the next number is the next seed
    assert asked(single) != first


@pytest.mark.parametrize("strategy", APART)
def test_it_goes_its_own_way(single, strategy, monkeypatch):
    """No strategy is margin, or random order, under another name."""
    monkeypatch.setattr(choosing, "TOGETHER", 8)
    monkeypatch.setattr(choosing, "DIVERSE", 8)
    orders = []
    done = run_round(asks_by(single, "margin"))
    for other in ("random", strategy):
        orders.append(asked(single))
        done = again(asks_by(single, other), done)
    assert asked(single) not in orders


# What each is given ------------------------------------------------------------------------


def test_rare_labels_are_looked_for(pool):
    answer(pool, [row for row in range(40) if row % 3 != 2 and row % 10 != 9])
    answer(pool, [2, 5])  # of label 2 there are two answers
    run_round(asks_by(pool, "rare_labels"))
    left = [row for row in asked(pool) if row % 3 == 2]
    assert asked(pool)[: len(left)] == left  # every image of the rare label before all others


def test_core_set_begins_farthest_from_what_is_labeled(single):
    run_round(asks_by(single, "core_set"))
    pool = memory.pool(single, Space(FEATURES))
    labeled = fitting.lesson(single, pool).x
    rows = pool.vectors(np.array(asked(single)))
    gaps = np.linalg.norm(rows[:, None] - labeled[None], axis=2).min(axis=1)
    assert gaps.argmax() == 0


def test_what_was_not_chosen_together_follows_by_margin(single, monkeypatch):
    monkeypatch.setattr(choosing, "TOGETHER", 5)
    done = run_round(asks_by(single, "margin"))
    by_margin = asked(single)
    again(asks_by(single, "typical"), done)
    first, rest = asked(single)[:5], asked(single)[5:]
    assert rest == [row for row in by_margin if row not in first]
    items = list(QueueItem.objects.filter(project=single, done_at=None).order_by("rank"))
    assert [item.strategy for item in items] == ["typical"] * 5 + ["margin"] * 28
    behind = [item.score for item in items][5:]
    assert behind == sorted(behind, reverse=True)


@pytest.mark.parametrize("strategy", strategies.NEED_COMMITTEE)
def test_a_committee_is_made_of_the_projects_own_head(single, strategy):
    for head in heads.HEADS:
        if head != "boosted_trees":  # seconds a member
            done = run_round(asks_by(single, strategy, head=head))
            assert (done.state, done.error) == (State.DONE, "")
            ModelVersion.objects.all().delete()  # so that the next head is compared with none


@pytest.mark.parametrize("strategy", strategies.NEED_COMMITTEE)
def test_a_head_that_cannot_be_bagged_is_refused(single, strategy, monkeypatch):
    class Stubborn(LogisticHead):
        @classmethod
        def fit(cls, x, y, *, n_labels, sample_weight=None, warm=None, seed=0):
            if sample_weight is not None:
                raise NotImplementedError("it cannot weigh answers")
            return super().fit(x, y, n_labels=n_labels, warm=warm, seed=seed)

    monkeypatch.setitem(heads.HEADS, "logistic", Stubborn)
    failed = run_round(asks_by(single, strategy))
    assert failed.state == State.FAILED
    assert failed.error == (
        f"The strategy {strategy} needs a committee, and no committee can be made of the head "
        "logistic: it cannot weigh answers. Choose another head or another strategy in the "
        "project's settings."
    )
    assert versions.serving(single) is None
    assert run_round(asks_by(single, "margin")).state == State.DONE


def test_a_committee_learns_from_a_bounded_number_of_answers(single, monkeypatch):
    monkeypatch.setattr(choosing, "MOST_TAUGHT", 7)
    taught_by = []
    bagged = choosing.bagged_proba

    def watched(head, x, y, rows, **options):
        taught_by.append((len(x), len(y), len(rows), type(options["like"])))
        return bagged(head, x, y, rows, **options)

    monkeypatch.setattr(choosing, "bagged_proba", watched)
    assert run_round(asks_by(single, "vote_entropy")).state == State.DONE
    assert taught_by == [(7, 7, 33, LogisticHead)]


# The start, and large pools ----------------------------------------------------------------


@pytest.mark.parametrize("strategy", strategies.ALL)
def test_without_a_model_clusters_come_first_unless_order_is_random(pool, strategy):
    assert run_round(asks_by(pool, strategy), Round.Reason.POOL).state == State.DONE
    items = QueueItem.objects.filter(project=pool, done_at=None)
    said = {item.strategy for item in items}
    assert said == (set() if strategy == "random" else {running.CLUSTERS})


def some_of(rows, scores):
    return candidates.Candidates(
        np.asarray(rows), np.asarray(scores, np.float32), np.zeros((len(rows), 2), np.float32)
    )


def test_gathering_block_by_block_keeps_what_is_best_of_all():
    rng = np.random.default_rng(0)
    scores = rng.random(1000, dtype=np.float32)
    held = []

    def cut(some):
        held.append(len(some))
        return some.at(np.argsort(-some.scores)[:20])

    gathered = candidates.Gathered(2, cut)
    for start in range(0, 1000, 50):
        gathered.add(cut(some_of(range(start, start + 50), scores[start : start + 50])))
    np.testing.assert_array_equal(gathered.best.rows, np.argsort(-scores)[:20])
    assert max(held) <= 50  # a block, or the best of two: never the pool


@pytest.mark.parametrize("strategy", strategies.POOL_STRATEGIES)
def test_a_large_pool_is_looked_at_through_candidates(single, strategy, monkeypatch):
    monkeypatch.setattr(ranking, "QUEUE", 4)
    monkeypatch.setattr(choosing, "CANDIDATES", 10)
    seen = []
    choose = strategies.choose

    def watched(name, *, proba, **options):
        seen.append(len(proba))
        return choose(name, proba=proba, **options)

    monkeypatch.setattr(strategies, "choose", watched)
    run_round(asks_by(single, strategy))
    assert seen == [10]
    assert len(asked(single)) == 4


# Names ---------------------------------------------------------------------------------------


def test_an_unknown_strategy_lists_all(single):
    failed = run_round(asks_by(single, "guessing"))
    assert all(name in failed.error for name in strategies.ALL)
    assert rounds.state(single).failure
