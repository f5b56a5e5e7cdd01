"""How a project begins, changes and ends."""

import secrets
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from labeler.projects import choices, labels
from labeler.projects.models import Label, Membership, Project, User

OPEN_SETTINGS = (
    "name", "question", "kind", "strategy", "audit_share", "audit_target", "overlap",
    "retrain_after", "features", "head", "show_suggestions", "target",
)  # fmt: skip
MOST_OVERLAP = 10
MOST_RETRAIN_AFTER = 100_000


class SettingsRefused(Exception):
    """Values that cannot be: {field: what is wrong and what to do}."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems.values()))


def create(
    *, user: User, name: str, wishes: Sequence[labels.Wish], is_demo: bool = False, **values: Any
) -> Project:
    """A new project with its labels; the user is its first admin.

    Raises SettingsRefused, or LabelsRefused from `labels`.
    """
    values = checked({"name": name, **values})
    tidy = labels.checked(wishes, multi=values.get("kind") == Project.Kind.MULTI)
    with transaction.atomic():
        project = Project.objects.create(
            created_by=user, audit_seed=secrets.randbits(62), is_demo=is_demo, **values
        )
        Label.objects.bulk_create(
            Label(project=project, place=place, name=w.name, key=w.key, colour=w.colour)
            for place, w in enumerate(tidy)
        )
        Membership.objects.create(project=project, user=user, role=Membership.Role.ADMIN)
    return project


def change(project: Project, **values: Any) -> None:
    """Store the given settings. The kind stays once somebody has answered: ask `may_change_kind`.

    Raises SettingsRefused.
    """
    values = checked(values)
    Project.objects.filter(pk=project.pk).update(**values)
    for name, value in values.items():
        setattr(project, name, value)


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """The values cleaned. Raises SettingsRefused with every problem found."""
    problems = {n: "There is no such setting." for n in values if n not in OPEN_SETTINGS}
    tidy = {n: Label.clean_name(v) if n in TEXTS else v for n, v in values.items()}
    for name, rule in RULES.items():
        if name in tidy and (words := rule(tidy[name])):
            problems[name] = words
    if problems:
        raise SettingsRefused(problems)
    return tidy


TEXTS = ("name", "question")


def _text(most: int, *, needed: bool) -> Any:
    def rule(value: str) -> str:
        if needed and not value:
            return "Give the project a name."
        if len(value) > most:
            return f"Shorten this to {most} characters; it has {len(value)}."
        shown = all(letter.isprintable() for letter in value)
        return "" if shown else "This holds characters that cannot be shown. Type it again."

    return rule


def _one_of(known: set[str]) -> Any:
    return lambda value: "" if value in known else f"Choose one of: {', '.join(sorted(known))}."


def _between(least: float, most: float, words: str) -> Any:
    return lambda value: "" if least <= value <= most else words  # NaN is never between


def _retrain_after(value: int | None) -> str:
    if value is None or 1 <= value <= MOST_RETRAIN_AFTER:
        return ""
    return f"Write a whole number from 1 to {MOST_RETRAIN_AFTER:,}, or leave it adaptive."


RULES = {
    "name": _text(100, needed=True),
    "question": _text(200, needed=False),
    "kind": _one_of(set(Project.Kind.values)),
    "strategy": _one_of(choices.names(choices.STRATEGIES)),
    "features": _one_of(choices.names(choices.FEATURES)),
    "head": _one_of(choices.names(choices.HEADS)),
    "audit_share": _between(0, 1, "Write a share from 0 to 1 (0 to 100 %)."),
    "target": _between(0, 1, "Write a share from 0 to 1 (0 to 100 %)."),
    "audit_target": _between(0, 1_000_000, "Write a whole number up to 1,000,000."),
    "overlap": _between(1, MOST_OVERLAP, f"Write a whole number from 1 to {MOST_OVERLAP}."),
    "retrain_after": _retrain_after,
}
