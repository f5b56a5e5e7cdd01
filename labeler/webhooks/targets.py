"""Figures that cross a target, judged on the audit sample.

A target is crossed when the whole 95 % interval lies beyond it: a point estimate goes to and fro
with every few audit labels. It is crossed again only after the estimate itself came back. So one
crossing is told once, however many rounds follow.
"""

from django.db import transaction

from labeler.evaluation.measures import Measure
from labeler.evaluation.report import Report, report
from labeler.webhooks import events, payloads
from labeler.webhooks.models import Target, Webhook
from labeler.work import clock
from labeler.work.messages import nudge


def judge(webhook: Webhook) -> None:
    """Look at each target of the webhook anew; those that are crossed become deliveries."""
    found = list(webhook.targets.select_related("label"))
    if not found:
        return
    known = report(webhook.project)
    for target in found:
        figure = of(known, target)
        now = side(target, figure)
        if now != target.met:
            _note(webhook, target, figure, now, known)


def of(known: Report, target: Target) -> Measure | None:
    """The figure that the target is about; None while too little is known."""
    if target.metric == Target.Metric.ACCURACY:
        return known.accuracy
    if target.label_id:
        label = known.of_label(target.label_id)
        return getattr(label, target.metric) if label and not label.too_few else None
    macro = next((row for row in known.overall if row.name == "macro"), None)
    return getattr(macro, target.metric) if macro else None


def side(target: Target, figure: Measure | None) -> bool:
    """Whether the target is crossed; in between it stays what it was."""
    if figure is None:
        return bool(target.met)
    if target.direction == Target.Direction.ABOVE:
        crossed, back = figure.low >= target.value, figure.value < target.value
    else:
        crossed, back = figure.high < target.value, figure.value >= target.value
    return crossed or (bool(target.met) and not back)


def _note(
    webhook: Webhook, target: Target, figure: Measure | None, now: bool, known: Report
) -> None:
    """Store the side; of two workers who see a crossing, one tells it.

    What is beyond its target when it is judged first crossed nothing.
    """
    with transaction.atomic():
        same = Target.objects.filter(pk=target.pk, met=target.met)
        if not same.update(met=now) or not now or target.met is None or figure is None:
            return
        data = payloads.crossing(target, figure, known.version, known.audit_labels)
        delivery = payloads.delivery(webhook, events.METRIC, clock.now(), data)
        delivery.save()
        nudge("delivery", delivery.pk)
