"""Make, change, pause and delete webhooks; send a test; send something again.

Everything a doorway may do is here; who may do it (the admins of the project) the doorway checks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from labeler.labeling.models import Annotation
from labeler.projects.models import Label, Project, User
from labeler.webhooks import addresses, events, outbox, payloads, sending, signing
from labeler.webhooks.addresses import AddressRefused
from labeler.webhooks.models import Delivery, Target, Webhook
from labeler.work import clock
from labeler.work.messages import nudge

MOST, MOST_TARGETS = 20, 20  # webhooks of a project, targets of a webhook
BOTH_VALID = timedelta(days=1)  # the old secret beside the new one
State = Webhook.State


class WebhookRefused(Exception):
    """Nothing was changed. `problems`: what is wrong, by field."""

    def __init__(self, **problems: str) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True)
class Rule:
    """A target as somebody asks for it: of which label (None: of all), which way, which value."""

    metric: str
    label: int | None
    value: float
    direction: str = Target.Direction.ABOVE

    @classmethod
    def of(cls, target: Target) -> "Rule":
        """The rule of a stored target."""
        return cls(target.metric, target.label_id, target.value, target.direction)


@transaction.atomic
def create(
    project: Project,
    user: User,
    *,
    url: str,
    told: Sequence[str],
    name: str = "",
    rules: Sequence[Rule] = (),
) -> Webhook:
    """A new webhook, with a fresh `secret`; told from now on. Raises WebhookRefused."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # one is counted at a time
    if Webhook.objects.filter(project=project).count() >= MOST:
        words = _("A project has at most %(n)s webhooks. Delete one that nobody needs.")
        raise WebhookRefused(webhooks=words % {"n": MOST})
    webhook = Webhook.objects.create(
        project=project, created_by=user, secret=signing.new_secret(), since=clock.now(),
        seen_annotation=_newest(project), **_checked(project, url=url, told=told, name=name),
    )  # fmt: skip
    _set_rules(webhook, rules)
    return webhook


def change(
    webhook: Webhook,
    *,
    url: str,
    told: Sequence[str],
    name: str = "",
    rules: Sequence[Rule] | None = None,
) -> None:
    """Give it this address, name, events and (None: the same) targets. Raises WebhookRefused.

    What is new to it is told from now on.
    """
    fields = _checked(webhook.project, url=url, told=told, name=name)
    if webhook.is_active:
        outbox.collect(webhook)  # what happened until now, by the old choice
    with transaction.atomic():
        held = _held(webhook)
        added = set(fields["events"]) - set(held.events)
        if added:
            fields["since"] = clock.now()
        if events.ANNOTATIONS in added:
            fields["seen_annotation"] = _newest(webhook.project)
        Webhook.objects.filter(pk=webhook.pk).update(**fields)
        if rules is not None:
            _set_rules(webhook, rules)
    _refresh(webhook)


def new_secret(webhook: Webhook) -> str:
    """Give it another secret. For a day deliveries are signed with both."""
    with transaction.atomic():
        held = _held(webhook)
        held.old_secret, held.old_secret_until = held.secret, clock.now() + BOTH_VALID
        held.secret = signing.new_secret()
        held.save(update_fields=["secret", "old_secret", "old_secret_until"])
    _refresh(webhook)
    return held.secret


@transaction.atomic
def pause(webhook: Webhook) -> None:
    """Send nothing until it goes on. Only what is active can be paused; twice is once."""
    if Webhook.objects.filter(pk=webhook.pk, state=State.ACTIVE).update(state=State.PAUSED):
        sending.hold_back(webhook)
    _refresh(webhook)


@transaction.atomic
def go_on(webhook: Webhook) -> None:
    """Send what waits, and what happened meanwhile, up to a week back."""
    halted = Webhook.objects.filter(pk=webhook.pk).exclude(state=State.ACTIVE)
    if halted.update(state=State.ACTIVE, why="", failing_since=None):
        waiting = Delivery.objects.filter(webhook=webhook, state=Delivery.State.PAUSED)
        waiting.update(state=Delivery.State.DUE, tries=0, attempts=0)
        nudge("delivery")
    _refresh(webhook)


def delete(webhook: Webhook) -> None:
    """Forget it with its log. What is being sent at this moment arrives."""
    webhook.delete()


def test(webhook: Webhook) -> Delivery:
    """Send an event that means nothing, once; also while it is paused."""
    told = {"webhook": webhook.pk, "says": "It works."}
    delivery = payloads.delivery(webhook, events.TEST, clock.now(), told)
    delivery.save()
    nudge("delivery", delivery.pk)
    return delivery


def replay(delivery: Delivery) -> bool:
    """Send it again, now, with the same id and body; False while it is being sent."""
    idle = Delivery.objects.filter(pk=delivery.pk).exclude(state=Delivery.State.RUNNING)
    done = _anew(idle)
    if done:
        nudge("delivery", delivery.pk)
    delivery.refresh_from_db()
    return bool(done)


def given_up(webhook: Webhook) -> "QuerySet[Delivery]":
    """What was never accepted; tests are not missed."""
    failed = Delivery.objects.filter(webhook=webhook, state=Delivery.State.FAILED)
    return failed.exclude(event=events.TEST)


def replay_failed(webhook: Webhook) -> int:
    """Send again all that was given up; how many that are."""
    n = _anew(given_up(webhook))
    nudge("delivery")
    return n


def _anew(rows: "QuerySet[Delivery]") -> int:
    return rows.update(
        state=Delivery.State.DUE, tries=0, attempts=0, not_before=None, finished_at=None, error=""
    )


# What may be stored -----------------------------------------------------------------------


def _checked(project: Project, *, url: str, told: Sequence[str], name: str) -> dict[str, Any]:
    problems: dict[str, str] = {}
    try:
        url = addresses.check(url)
    except AddressRefused as error:
        problems["url"] = str(error)
    known = [event for event in events.ALL if event in told]
    if not known or len(known) < len(set(told)):
        words = _("Choose at least one of: %(events)s.")
        problems["events"] = words % {"events": ", ".join(events.ALL)}
    if problems:
        raise WebhookRefused(**problems)
    return {"url": url, "events": known, "name": _printable(name)}


def _printable(name: str) -> str:
    return "".join(sign for sign in name if sign.isprintable()).strip()[:100]


def _set_rules(webhook: Webhook, rules: Sequence[Rule]) -> None:
    """Store these targets; those that are there already keep which side they are on."""
    for rule in rules:
        _check_rule(webhook.project, rule)
    if len(set(rules)) > MOST_TARGETS:
        words = _("A webhook has at most %(n)s targets.")
        raise WebhookRefused(targets=words % {"n": MOST_TARGETS})
    kept: Mapping[Rule, Target] = {Rule.of(target): target for target in webhook.targets.all()}
    Target.objects.filter(
        pk__in=[target.pk for rule, target in kept.items() if rule not in set(rules)]
    ).delete()
    for rule in dict.fromkeys(rules):
        if rule not in kept:
            Target.objects.create(
                webhook=webhook, metric=rule.metric, label_id=rule.label, value=rule.value,
                direction=rule.direction,
            )  # fmt: skip


def _check_rule(project: Project, rule: Rule) -> None:
    """Raises WebhookRefused."""
    if rule.metric not in Target.Metric.values or rule.direction not in Target.Direction.values:
        raise WebhookRefused(targets=_("There is no such figure or direction."))
    if not 0 < rule.value < 1:
        raise WebhookRefused(targets=_("A target lies between 0 and 1, both left out."))
    if rule.metric == Target.Metric.ACCURACY and (rule.label or project.is_multi):
        words = _("Accuracy is of all labels together, in projects with one label per image.")
        raise WebhookRefused(targets=words)
    if rule.label and not Label.objects.filter(project=project, pk=rule.label).exists():
        raise WebhookRefused(targets=_("This project has no such label."))


def _newest(project: Project) -> int:
    return Annotation.objects.filter(project=project).aggregate(top=Max("pk"))["top"] or 0


def _refresh(webhook: Webhook) -> None:
    """As it is stored now; the project stays the one that knows its visitor's role."""
    project = webhook.project
    webhook.refresh_from_db()
    webhook.project = project


def _held(webhook: Webhook) -> Webhook:
    return Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
