"""What somebody picked outlives the round."""

from labeler.training import thresholds, versions
from labeler.training.models import ModelVersion
from tests.training.invented import answer, run_round


def test_thresholds_are_carried_over_for_labels_that_are_still_known():
    last = ModelVersion(
        number=3,
        thresholds={"1": 0.7, "2": 0.4},
        picked={"1": {"version": 2, "on": "audit"}, "2": {"version": 3, "on": "api"}},
    )
    assert thresholds.carried(last, [1, 5]) == {
        "thresholds": {"1": 0.7},
        "picked": {"1": {"version": 2, "on": "audit"}},
    }
    assert thresholds.carried(None, [1]) == {}


def test_a_round_keeps_what_was_picked(pool):
    answer(pool, range(20, 40))
    run_round(pool)
    first = versions.serving(pool)
    pk = str(first.label_ids[0])
    first.thresholds, first.picked = {pk: 0.7}, {pk: {"version": 1, "on": "audit"}}
    first.save()
    answer(pool, range(40, 50))
    run_round(pool)
    second = versions.serving(pool)
    assert (second.number, second.thresholds) == (2, {pk: 0.7})
    assert second.picked == {pk: {"version": 1, "on": "audit"}}
