"""How a project begins, changes and ends."""

import secrets
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeler.journal import noting
from labeler.projects import choices, feature_names, labels
from labeler.projects.models import Label, Membership, Project, User

OPEN_SETTINGS = (
    "name", "question", "kind", "strategy", "audit_share", "audit_target", "overlap",
    "retrain_after", "features", "head", "suggestion_share", "target",
    "instructions", "consensus", "gold_share", "spot_check_share", "label_adders",
)  # fmt: skip
MOST_OVERLAP = 10
MOST_RETRAIN_AFTER = 100_000
MOST_AUDIT_TARGET = 1_000_000
MOST_GOLD = 0.5
MOST_INSTRUCTIONS = 20_000


class SettingsRefused(Exception):
    """Values that cannot be: {field: what is wrong and what to do}."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems.values()))


def create(
    *, user: User, name: str, wishes: Sequence[labels.Wish], is_demo: bool = False, **values: Any
) -> Project:
    """A new project with its labels; the user is its first admin.

    A yes/no project may leave its labels out: they are Yes and No. Others may do so too: the
    labels come with the images, or are added later. Raises SettingsRefused, or LabelsRefused from
    `labels`.
    """
    values = checked({"name": name, **values})
    tidy = labels_of(wishes, values.get("kind", Project.Kind.SINGLE))
    with transaction.atomic():
        project = Project.objects.create(
            created_by=user, audit_seed=secrets.randbits(62), is_demo=is_demo, **values
        )
        Label.objects.bulk_create(
            Label(
                project=project,
                place=place,
                position=place,
                name=w.name,
                key=w.key,
                colour=w.colour,
            )
            for place, w in enumerate(tidy)
        )
        Membership.objects.create(project=project, user=user, role=Membership.Role.ADMIN)
        noting.note("make_project", project=project, user=user)
    return project


@transaction.atomic
def duplicate(project: Project, *, user: User, name: str, members: bool = False) -> Project:
    """A new, empty project that is set up as this one; the user is its first admin.

    Settings and labels come along with keys, colours and order, `members` with their roles;
    images, answers and what is made of them do not, nor do retired labels and inactive people.
    Raises SettingsRefused.
    """
    values = {setting: getattr(project, setting) for setting in OPEN_SETTINGS}
    values = checked(values | {"name": name})
    twin = Project.objects.create(created_by=user, audit_seed=secrets.randbits(62), **values)
    there = list(project.labels.filter(retired=False))
    for label in there:
        label.pk, label.project, label.merged_into = None, twin, None
    Label.objects.bulk_create(there)
    Membership.objects.create(project=twin, user=user, role=Membership.Role.ADMIN)
    noting.note("duplicate_project", project=project, target=twin, user=user)
    if members:
        others = project.memberships.filter(deactivated_at=None, user__is_active=True)
        Membership.objects.bulk_create(
            Membership(project=twin, user_id=member.user_id, role=member.role)
            for member in others.exclude(user=user)
        )
    return twin


def labels_of(wishes: Sequence[labels.Wish], kind: str) -> list[labels.Wish]:
    """The labels a new project of this kind gets. Raises LabelsRefused."""
    if kind == Project.Kind.YES_NO and not wishes:
        wishes = labels.yes_and_no()
    return labels.checked(wishes, kind=kind)


def change(project: Project, **values: Any) -> None:
    """Store the given settings. Raises SettingsRefused."""
    values = checked(values)
    before = {name: getattr(project, name) for name in values}
    with transaction.atomic():
        Project.objects.filter(pk=project.pk).update(**values)
        noting.note("change_settings", project=project, before=before, after=values)
    for name, value in values.items():
        setattr(project, name, value)


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """The values cleaned. Raises SettingsRefused with every problem found."""
    problems = {n: _("There is no such setting.") for n in values if n not in OPEN_SETTINGS}
    tidy = {n: Label.clean_name(v) if n in TEXTS else v for n, v in values.items()}
    for name, rule in RULES.items():
        if name in tidy and (words := rule(tidy[name])):
            problems[name] = words
    if problems:
        raise SettingsRefused(problems)
    return tidy


TEXTS = ("name", "question", "features")


def _text(most: int, *, needed: bool) -> Any:
    def rule(value: str) -> str:
        if needed and not value:
            return _("Give the project a name.")
        if len(value) > most:
            return _too_long(most, value)
        shown = all(letter.isprintable() for letter in value)
        return "" if shown else _("This holds characters that cannot be shown. Type it again.")

    return rule


def _too_long(most: int, value: str) -> str:
    words = _("Shorten this to %(most)s characters; it has %(n)s.")
    return words % {"most": f"{most:,}", "n": f"{len(value):,}"}


def _one_of(known: set[str]) -> Any:
    def rule(value: str) -> str:
        words = _("Choose one of: %(names)s.") % {"names": ", ".join(sorted(known))}
        return "" if value in known else words

    return rule


def _between(least: float, most: float, words: "str | Promise") -> Any:
    return lambda value: "" if least <= value <= most else str(words)  # NaN is never between


def _retrain_after(value: int | None) -> str:
    if value is None or 1 <= value <= MOST_RETRAIN_AFTER:
        return ""
    words = _("Write a whole number from 1 to %(most)s, or leave it adaptive.")
    return words % {"most": f"{MOST_RETRAIN_AFTER:,}"}


def _instructions(value: str) -> str:
    if len(value) > MOST_INSTRUCTIONS:
        return _too_long(MOST_INSTRUCTIONS, value)
    return _("Take out the characters that cannot be shown.") if "\0" in value else ""


def _overlap(value: int) -> str:
    words = _("Write a whole number from 1 to %(most)s.") % {"most": MOST_OVERLAP}
    return "" if 1 <= value <= MOST_OVERLAP else words


SHARE = gettext_lazy("Write a share from 0 to 1 (0 to 100 %).")
GOLD_SHARE = gettext_lazy("Write a share from 0 to 0.5 (0 to 50 %).")
AUDIT_TARGET = gettext_lazy("Write a whole number from 0 to 1,000,000.")


RULES = {
    "name": _text(100, needed=True),
    "question": _text(200, needed=False),
    "kind": _one_of(set(Project.Kind.values)),
    "strategy": _one_of(choices.names(choices.STRATEGIES)),
    "features": feature_names.wrong_with,
    "head": _one_of(choices.names(choices.HEADS)),
    "audit_share": _between(0, 1, SHARE),
    "target": _between(0, 1, SHARE),
    "suggestion_share": _between(0, 1, SHARE),
    "gold_share": _between(0, MOST_GOLD, GOLD_SHARE),
    "spot_check_share": _between(0, 1, SHARE),
    "instructions": _instructions,
    "consensus": _one_of(set(Project.Consensus.values)),
    "label_adders": _one_of(set(Membership.Role.values)),
    "audit_target": _between(0, MOST_AUDIT_TARGET, AUDIT_TARGET),
    "overlap": _overlap,
    "retrain_after": _retrain_after,
}
