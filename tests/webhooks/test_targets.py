"""A figure that crosses its target is told once, judged by its whole interval."""

import pytest

from labeler.evaluation.measures import Measure
from labeler.webhooks import events, hooks, outbox, targets
from labeler.webhooks.hooks import Rule, WebhookRefused
from labeler.webhooks.models import Delivery, Target, Webhook
from tests.evaluation.conftest import Bench, proba_of
from tests.webhooks.conftest import tell

pytestmark = pytest.mark.django_db
TRUTHS = [0, 1, 2] * 60
GOOD, POOR = [True] * 180, [n % 2 == 0 for n in range(180)]


@pytest.mark.parametrize(
    ("direction", "met", "low", "value", "high", "now"),
    [
        ("above", None, 0.85, 0.92, 0.97, False),  # the estimate alone does not do
        ("above", False, 0.85, 0.92, 0.97, False),
        ("above", False, 0.90, 0.95, 0.98, True),
        ("above", True, 0.85, 0.91, 0.97, True),  # the interval touches it again: still crossed
        ("above", True, 0.80, 0.89, 0.95, False),  # it came back
        ("below", False, 0.70, 0.85, 0.91, False),
        ("below", False, 0.70, 0.85, 0.89, True),
        ("below", True, 0.80, 0.89, 0.95, True),
        ("below", True, 0.85, 0.90, 0.95, False),
    ],
)
def test_crossing_takes_the_interval_and_coming_back_the_estimate(
    direction, met, low, value, high, now
):
    target = Target(metric="f1", value=0.9, direction=direction, met=met)
    assert targets.side(target, Measure(value, low, high)) is now


def test_without_a_figure_nothing_changes():
    assert targets.side(Target(metric="f1", value=0.9, met=None), None) is False
    assert targets.side(Target(metric="f1", value=0.9, met=True), None) is True


@pytest.fixture
def bench(project, annotator):
    return Bench(project, annotator)


@pytest.fixture
def webhook(webhook):
    Webhook.objects.update(events=[events.METRIC])
    webhook.refresh_from_db()
    return webhook


def measured(bench, right):
    """A version that is right on these images of the audit sample, and wrong on the others."""
    audit = bench.project.images.filter(audit=True).order_by("row")
    said = [t if ok else (t + 1) % 3 for t, ok in zip(TRUTHS, right, strict=True)]
    return bench.version(list(audit), proba_of(said, 3))


def aim(webhook, *rules):
    hooks.change(webhook, url=webhook.url, told=[events.METRIC], rules=list(rules))


def test_a_crossing_is_told_once_and_again_after_it_came_back(webhook, receiver, bench):
    aim(webhook, Rule("recall", bench.ids[1], 0.9), Rule("f1", None, 0.2, "below"))
    assert tell(webhook) == 0, "nothing is known yet"
    bench.audit(TRUTHS)
    measured(bench, POOR)
    assert tell(webhook) == 0
    measured(bench, GOOD)
    assert tell(webhook) == 1
    [body] = receiver.bodies()
    assert body["type"] == "metric.crossed"
    said = body["data"]
    assert said["label"] == {"id": bench.ids[1], "name": "rust"}
    assert (said["metric"], said["target"], said["direction"]) == ("recall", 0.9, "above")
    assert (said["value"], said["model_version"], said["audit_labels"]) == (1.0, 2, 180)
    assert 0.9 <= said["low"] < said["high"] == 1.0
    measured(bench, GOOD)
    assert tell(webhook) == 0, "the next round is no new crossing"
    measured(bench, POOR)
    assert tell(webhook) == 0, "coming back is not told"
    measured(bench, GOOD)
    assert tell(webhook) == 1


def test_what_is_beyond_when_it_is_judged_first_crossed_nothing(webhook, receiver, bench):
    bench.audit(TRUTHS)
    measured(bench, GOOD)
    aim(webhook, Rule("accuracy", None, 0.8))
    assert tell(webhook) == 0
    assert webhook.targets.get().met is True


def test_two_workers_who_see_it_tell_it_once(webhook, bench):
    aim(webhook, Rule("accuracy", None, 0.8))
    outbox.find()
    bench.audit(TRUTHS)
    measured(bench, GOOD)
    stale = list(webhook.targets.all())
    targets.judge(webhook)
    known = targets.report(webhook.project)
    targets._note(webhook, stale[0], known.accuracy, True, known)
    assert Delivery.objects.filter(event=events.METRIC).count() == 1


def test_a_target_that_stays_keeps_its_side(webhook, project):
    aim(webhook, Rule("f1", None, 0.9))
    webhook.targets.update(met=True)
    aim(webhook, Rule("f1", None, 0.9), Rule("recall", None, 0.9))
    assert sorted(webhook.targets.values_list("metric", "met")) == [("f1", True), ("recall", None)]


@pytest.mark.parametrize(
    "rule",
    [
        ("f1", None, 0.0, "above"), ("f1", None, 1.0, "above"), ("f1", None, float("nan"), "above"),
        ("f2", None, 0.5, "above"), ("f1", None, 0.5, "sideways"), ("f1", 10**9, 0.5, "above"),
        ("accuracy", 1, 0.5, "above"),
    ],
)  # fmt: skip
def test_a_target_that_makes_no_sense_is_refused(webhook, rule):
    with pytest.raises(WebhookRefused):
        aim(webhook, Rule(*rule))
    assert not webhook.targets.exists()
