"""The part of the answers to train on, as somebody wishes it: checked, stored, and tried out."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from labeler.labeling.models import Annotation
from labeler.pools.models import Image, Import
from labeler.projects.creation import SettingsRefused
from labeler.projects.labels import fold
from labeler.projects.models import Label, Project, User
from labeler.training import rounds, versions
from labeler.training.models import Round
from labeler.training.part import BALANCED, SOURCES, SPLITS, Part, Weights, of

HEAVIEST = 1000.0
MOST = 5_000  # entries of one list
LARGEST = 2**63 - 1

Problems = dict[str, str]


class Wrong(Exception):
    """What is wrong with one field, and what to do."""


def store(project: Project, wish: object, user: User | None) -> bool:
    """Let the project train on this part; whether that is another one than before.

    A change starts a round if there is a model already. Raises SettingsRefused.
    """
    part = parse(project, wish)
    if part == of(project):
        return False
    with transaction.atomic():
        project.training_part = part.as_dict()
        project.save(update_fields=["training_part"])
        if versions.newest(project):
            rounds.ask(project, Round.Reason.ASKED, user)
    return True


def parse(project: Project, wish: object) -> Part:
    """The part that `wish` describes, an object with the fields of `Part`.

    Labels and people may be named by id or by name. Raises SettingsRefused, with a sentence for
    each field that cannot be.
    """
    if not isinstance(wish, Mapping):
        raise SettingsRefused({"training_part": _("Send an object, such as {}.")})
    problems = {
        str(name): _("A part has no field of this name; there are %(names)s.")
        % {"names": ", ".join(READERS)}
        for name in wish
        if name not in READERS
    }
    values: dict[str, Any] = {}
    for name, read in READERS.items():
        if (sent := wish.get(name)) is not None:
            try:
                values[name] = read(project, sent)
            except Wrong as wrong:
                problems[name] = str(wrong)
    if not problems:
        problems |= _together(project, values)
    if problems:
        raise SettingsRefused(problems)
    return Part(**values)


def _together(project: Project, values: Mapping[str, Any]) -> Problems:
    """What is wrong with fields that are right alone."""
    since, until = values.get("since"), values.get("until")
    if since and until and since > until:
        return {"until": _("The last day lies before the first one. Turn them round.")}
    used = Label.objects.filter(project=project, retired=False)
    left = used.exclude(pk__in=values.get("without", ())).count()
    needed = 1 if project.is_multi else 2
    if values.get("without") and left < needed:
        return {"without": _("Too few labels are left to tell apart. Leave fewer out.")}
    return {}


# One reader per field ---------------------------------------------------------------------


def _texts(sent: object, known: Iterable[str], words: str) -> tuple[str, ...]:
    found = _list(sent)
    if any(not isinstance(each, str) or each not in known for each in found):
        raise Wrong(words)
    return tuple(dict.fromkeys(found))


def _splits(project: Project, sent: object) -> tuple[str, ...]:
    if Image.Split.TEST.value in _list(sent):
        raise Wrong(_("Images of the test split are held out: no model learns from them."))
    words = _("Choose among %(names)s.") % {"names": ", ".join(SPLITS)}
    return _texts(sent, SPLITS, words)


def _sources(project: Project, sent: object) -> tuple[str, ...]:
    words = _("Choose among %(names)s.") % {"names": ", ".join(SOURCES)}
    return _texts(sent, SOURCES, words)


def _imports(project: Project, sent: object) -> tuple[int, ...]:
    numbers = _numbers(sent)
    there = Import.objects.filter(project=project, number__in=numbers)
    return _all_of(numbers, dict(there.values_list("number", "number")))


def _images(project: Project, sent: object) -> tuple[int, ...]:
    numbers = _numbers(sent)
    there = Image.objects.filter(project=project, pk__in=numbers).values_list("pk", flat=True)
    return _all_of(numbers, {pk: pk for pk in there})


def _people(project: Project, sent: object) -> tuple[int, ...]:
    wished = _list(sent)
    answered = Annotation.objects.filter(project=project).values("user")
    there = User.objects.filter(Q(memberships__project=project) | Q(pk__in=answered))
    known: dict[object, int] = {}
    for pk, name in there.values_list("pk", "username"):
        known |= {pk: pk, name.casefold(): pk}
    return _all_of([_folded(each, str.casefold) for each in wished], known)


def _without(project: Project, sent: object) -> tuple[int, ...]:
    return _all_of([_folded(each, fold) for each in _list(sent)], _labels(project))


def _day(project: Project, sent: object) -> date:
    try:
        return date.fromisoformat(str(sent))
    except ValueError as error:
        raise Wrong(_("Write the day as 2026-01-31.")) from error


def _reviewed(project: Project, sent: object) -> bool:
    if not isinstance(sent, bool):
        raise Wrong(_("Send true or false."))
    return sent


def _weights(project: Project, sent: object) -> Weights:
    if sent in ("", BALANCED):
        return BALANCED if sent else None
    if not isinstance(sent, Mapping) or len(sent) > MOST:
        raise Wrong(_("Send balanced, or a weight for each label that does not weigh 1."))
    known = _labels(project) | {str(pk): pk for pk in _labels(project).values()}  # JSON's keys
    labels = [_all_of([fold(str(name))], known)[0] for name in sent]
    found = {pk: _weight(each) for pk, each in zip(labels, sent.values(), strict=True)}
    return {pk: weight for pk, weight in found.items() if weight != 1} or None


def _weight(sent: object) -> float:
    plain = isinstance(sent, int | float) and not isinstance(sent, bool)
    if not plain or not 0 < float(sent) <= HEAVIEST:  # type: ignore[arg-type]
        words = _("A weight is a number above 0, up to 1000. To weigh nothing, leave a label out.")
        raise Wrong(words)
    return float(sent)  # type: ignore[arg-type]


def _labels(project: Project) -> dict[object, int]:
    """Labels in use by id and by folded name."""
    found: dict[object, int] = {}
    for label in Label.objects.filter(project=project, retired=False):
        found |= {fold(label.name): label.pk}
    # A label whose name is a number stays second to the id of that number.
    return found | {pk: pk for pk in list(found.values())}


def _folded(each: object, folded: Callable[[str], str]) -> object:
    return folded(each) if isinstance(each, str) else each


def _list(sent: object) -> list[Any]:
    if not isinstance(sent, list | tuple) or len(sent) > MOST:
        raise Wrong(_("Send a list."))
    return list(sent)


def _numbers(sent: object) -> list[int]:
    found = _list(sent)
    if any(not isinstance(each, int) or not 0 < each <= LARGEST for each in found):
        raise Wrong(_("Send a list of numbers."))
    return found


def _all_of(wished: Iterable[Any], known: Mapping[Any, int]) -> tuple[int, ...]:
    """What each of them is, each once. Raises Wrong for one that this project does not have."""
    found = []
    for each in wished:
        hashable = isinstance(each, str | int)
        if not hashable or each not in known:
            raise Wrong(_("This project has no %(name)s.") % {"name": str(each)[:100]})
        found.append(known[each])
    return tuple(dict.fromkeys(found))


READERS: dict[str, Callable[[Project, object], Any]] = {
    "splits": _splits, "imports": _imports, "people": _people, "sources": _sources,
    "since": _day, "until": _day,
    "images": _images, "reviewed": _reviewed, "without": _without,
    "weights": _weights,
}  # fmt: skip
