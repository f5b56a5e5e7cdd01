"""Which key does what on the Label page: the project's keys, and a person's own instead of them.

A person's own keys lie in `User.settings["keys"]` as {project id: {label id or name: key}}; only
what differs from the project's keys is kept, and an empty key means none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeler.projects.labels import is_key, tidy_key
from labeler.projects.models import Label, Project, User

OWN = "keys"  # in User.settings
LETTERS = "letter_keys"  # in User.settings: False turns every key of one sign off
CONTROLS = {"unsure": "U", "not_applicable": "N", "broken": "B", "undo": "Z"}
CONTROL_WORDS: dict[str, Promise] = {
    "unsure": gettext_lazy("Unsure"),
    "not_applicable": gettext_lazy("Not of this kind"),
    "broken": gettext_lazy("Broken"),
    "undo": gettext_lazy("Undo"),
}
FIXED = frozenset("WG?/+-=")  # what the page itself answers to and nobody moves


@dataclass(frozen=True)
class Keys:
    """The keys as one person has them in one project; an empty one is none."""

    labels: Mapping[int, str]
    unsure: str
    not_applicable: str
    broken: str
    undo: str
    letters: bool = True  # False: this person turned keys of one sign off

    def as_dict(self) -> dict[str, str]:
        """{label id or name of a control: key}."""
        named = {str(pk): key for pk, key in self.labels.items()}
        return named | {name: getattr(self, name) for name in CONTROLS}

    def put_on(self, labels: Iterable[Label]) -> None:
        """Give each label the person's key, for a page to show."""
        for label in labels:
            label.key = self.labels.get(label.pk, "")


class KeysRefused(Exception):
    """The keys cannot be: {label id or name of a control: what is wrong and what to do}."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems.values()))


def keys_for(
    user: User, project: Project, labels: Iterable[Label], *, ignore_letters: bool = False
) -> Keys:
    """The keys of the given labels and of the page's own buttons.

    The person's own come first; a key of the project that one of them takes is given to nobody
    else. With letters turned off nothing has a key, unless that is to be ignored.
    """
    standard = standard_keys(labels)
    if not (ignore_letters or user.settings.get(LETTERS, True)):
        return _keys(dict.fromkeys(standard, ""), letters=False)
    own = _own(user, project, standard)
    used = set(own.values())
    return _keys({n: own.get(n, "" if key in used else key) for n, key in standard.items()})


def standard_keys(labels: Iterable[Label]) -> dict[str, str]:
    """The project's keys: {label id or name of a control: key}."""
    return {str(label.pk): label.key for label in labels} | CONTROLS


def has_own(user: User, project: Project) -> bool:
    """Whether the person moved a key in this project."""
    return str(project.pk) in _stored(user)


def choose(user: User, project: Project, sent: Mapping[str, str]) -> None:
    """Store the person's keys; names that are not sent keep the project's. Raises KeysRefused."""
    standard = standard_keys(labels_of(project))
    wanted = {n: tidy_key(sent.get(n, key)) for n, key in standard.items()}
    problems = _faults(project, wanted, _names(project))
    if problems:
        raise KeysRefused(problems)
    _store(user, project, {n: key for n, key in wanted.items() if key != standard[n]})


def reset(user: User, project: Project) -> None:
    """Go back to the project's keys."""
    _store(user, project, {})


def labels_of(project: Project) -> list[Label]:
    """The labels that can be given, in their order."""
    return list(Label.objects.filter(project=project, retired=False).order_by("position", "place"))


def _names(project: Project) -> dict[str, str]:
    named = {str(label.pk): label.name for label in labels_of(project)}
    return named | {name: str(words) for name, words in CONTROL_WORDS.items()}


def _faults(
    project: Project, wanted: Mapping[str, str], names: Mapping[str, str]
) -> dict[str, str]:
    fixed = FIXED | {"0"} if project.is_multi else FIXED
    found: dict[str, str] = {}
    first: dict[str, str] = {}
    for name, key in wanted.items():
        if key and not is_key(key):
            found[name] = _("A key is one letter, digit or sign.")
        elif key in fixed:
            words = _("The key %(key)s is used by the Label page. Choose another.")
            found[name] = words % {"key": key}
        elif key in first:
            words = _("The key %(key)s is that of “%(other)s” already. Change one of the two.")
            found[name] = words % {"key": key, "other": names[first[key]]}
        elif key:
            first[key] = name
    return found


def _own(user: User, project: Project, standard: Mapping[str, str]) -> dict[str, str]:
    """The stored keys that still mean something, each at most once."""
    stored, own, used = _stored(user).get(str(project.pk)), dict[str, str](), set()
    for name, key in stored.items() if isinstance(stored, dict) else ():
        good = isinstance(key, str) and (not key or (is_key(key) and key not in used))
        if name in standard and good:
            own[name] = key
            used.add(key)
    return own


def _stored(user: User) -> dict[str, Any]:
    stored = user.settings.get(OWN)
    return stored if isinstance(stored, dict) else {}


@transaction.atomic
def _store(user: User, project: Project, keys: dict[str, str]) -> None:
    fresh = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    others = {n: kept for n, kept in _stored(fresh).items() if n != str(project.pk)}
    fresh.settings[OWN] = {**others, str(project.pk): keys} if keys else others
    fresh.save(update_fields=["settings"])
    user.settings = fresh.settings


def _keys(named: Mapping[str, str], *, letters: bool = True) -> Keys:
    labels = {int(name): key for name, key in named.items() if name not in CONTROLS}
    controls = {name: named[name] for name in CONTROLS}
    return Keys(labels=labels, letters=letters, **controls)
