"""What somebody picked outlives the round."""

from labeler.training import thresholds
from labeler.training.models import ModelVersion


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
