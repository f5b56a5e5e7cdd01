"""A round starts by itself: soon at first, rarer later, and never twice at a time."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from labeler.labeling import relabeling
from labeler.labeling.models import Annotation
from labeler.training import rounds
from labeler.training.models import ModelVersion, Round, Shard
from tests.training.invented import answer, fill, run_round

Reason = Round.Reason


@pytest.fixture
def ranked(pool):
    """The pool after its first ranking from clusters, so that only answers make a round due."""
    run_round(pool, Reason.POOL)
    return pool


def a_moment_ago():
    Annotation.objects.update(created_at=Now() - timedelta(seconds=60))


def test_the_first_model_comes_after_ten_answers_of_two_labels(ranked):
    answer(ranked, range(9))
    assert rounds.due(ranked) is None
    answer(ranked, [10])
    assert rounds.due(ranked) == Reason.LABELS


def test_answers_that_all_agree_make_no_round_due(ranked):
    answer(ranked, [r for r in range(15) if r != 9], label=0)
    a_moment_ago()
    assert rounds.due(ranked) is None


def test_answers_on_audit_images_make_no_round_due(ranked):
    answer(ranked, range(9, 60, 10))
    a_moment_ago()
    assert rounds.due(ranked) is None


def test_later_rounds_wait_for_a_tenth_more_answers(ranked):
    answer(ranked, range(40))
    assert run_round(ranked).state == Round.State.DONE
    ModelVersion.objects.update(n_labels=100)
    answer(ranked, range(40, 49))
    assert rounds.due(ranked) is None
    answer(ranked, [50])
    assert rounds.due(ranked) == Reason.LABELS


def test_the_project_may_say_after_how_many(ranked):
    answer(ranked, range(20))
    run_round(ranked)
    ranked.retrain_after = 2
    answer(ranked, [20])
    assert rounds.due(ranked) is None
    answer(ranked, [21])
    assert rounds.due(ranked) == Reason.LABELS


def test_a_pause_after_the_last_answer_makes_a_round_due(ranked):
    answer(ranked, range(20))
    run_round(ranked)
    answer(ranked, [20])
    assert rounds.due(ranked) is None
    a_moment_ago()
    assert rounds.due(ranked) == Reason.IDLE


def test_a_pool_that_has_grown_is_ranked_again(pool):
    assert rounds.due(pool) == Reason.POOL
    run_round(pool, Reason.POOL)
    assert rounds.due(pool) is None
    Shard.objects.update(rows_wanted=70, rows_done=65)
    type(pool).objects.update(next_row=70)
    assert rounds.due(pool) is None  # more is being embedded
    Shard.objects.update(rows_done=70)
    assert rounds.due(pool) == Reason.POOL


def test_asking_twice_is_one_round(pool, owner):
    first = rounds.ask(pool, Reason.LABELS)
    assert rounds.ask(pool, Reason.ASKED, owner).pk == first.pk
    assert rounds.due(pool) is None
    assert Round.objects.count() == 1


def test_a_failed_round_is_due_again_only_after_new_answers(ranked):
    answer(ranked, range(20))
    last = rounds.ask(ranked, Reason.LABELS)
    Round.objects.filter(pk=last.pk).update(state=Round.State.FAILED, finished_at=Now())
    a_moment_ago()
    assert rounds.due(ranked) is None
    answer(ranked, range(20, 32))
    assert rounds.due(ranked) == Reason.LABELS


def test_the_sweep_asks_for_what_is_due_in_every_project(pool, outsider):
    other = outsider.projects.get()
    fill(other)
    rounds.find()
    assert set(Round.objects.values_list("project", flat=True)) == {pool.pk, other.pk}


def test_the_state_says_how_far_the_next_round_is(ranked):
    answer(ranked, range(4))
    said = rounds.state(ranked)
    assert (said.since, said.at, said.open, said.failure) == (4, 10, None, "")


class TestMergedLabels:
    @pytest.fixture
    def merged(self, ranked, owner, django_capture_on_commit_callbacks):
        """A model of three labels, two of which are one by now."""
        answer(ranked, range(60))
        assert run_round(ranked).state == Round.State.DONE
        assert rounds.due(ranked) is None
        first, second, *_ = ranked.labels.all()
        with django_capture_on_commit_callbacks(execute=True):
            relabeling.merge(project=ranked, user=owner, old=first.pk, new=second.pk)
        return ranked

    def test_a_model_that_tells_them_apart_is_replaced(self, merged):
        assert Round.objects.get(project=merged, state=Round.State.DUE).reason == Reason.LABELS
        Round.objects.filter(project=merged, state=Round.State.DUE).delete()
        assert rounds.due(merged) == Reason.LABELS, "the rows say so, whoever lost the message"
        assert run_round(merged).state == Round.State.DONE
        assert rounds.due(merged) is None
        serving = ModelVersion.objects.get(project=merged, serving=True)
        assert len(serving.label_ids) == merged.labels.filter(retired=False).count()

    def test_a_round_that_failed_is_not_tried_again(self, merged):
        Round.objects.filter(project=merged, state=Round.State.DUE).update(state=Round.State.FAILED)
        assert rounds.due(merged) is None
