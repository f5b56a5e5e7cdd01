"""The label set of a project: names, keys and colours, and the rules they keep."""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils.translation import gettext as _

from labeler.projects import label_counts, label_history
from labeler.projects.models import Label, LabelEvent, Project, User

MOST_LABELS = 5_000
LONGEST_NAME = 40
TAKEN_KEYS = frozenset("UNBZWG?")  # the Label page's own: unsure, not of this kind, broken, …
# Digits, then the letters that no tool of the Label page uses: labels may still wish for those.
FREE_KEYS = "1234567890ADEFJKLMOPQSTVXY"
YES_NO_KEYS = "JF"  # yes, no: under the two forefingers
COLOUR = re.compile(r"#[0-9a-f]{6}")
MULTI, YES_NO = Project.Kind.MULTI, Project.Kind.YES_NO
Problem = tuple[int | None, str]


@dataclass(frozen=True)
class Wish:
    """A label as somebody wants it. `pk` is set when it exists already."""

    name: str
    key: str = ""
    colour: str = ""
    pk: int | None = None
    retired: bool = False


class LabelsRefused(Exception):
    """The label set breaks a rule. `problems` holds (position in the list or None, what to do)."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(words for _place, words in problems))


def fold(name: str) -> str:
    """The name as it is compared: "Rust " and "rust" are the same label."""
    return Label.clean_name(name).casefold()


def fingerprint(names: Mapping[int, str]) -> str:
    """Eight digits that differ once a label is added, renamed, moved or retired; for open pages."""
    return f"{zlib.crc32(repr(list(names.items())).encode()):08x}"


def yes_and_no() -> list[Wish]:
    """The two labels of a yes/no project, in the language of whoever makes it: yes first."""
    return [Wish(_("Yes")), Wish(_("No"))]


def taken_keys(kind: str) -> frozenset[str]:
    """The keys no label can have. With several labels per image, 0 says "none of these"."""
    return TAKEN_KEYS | {"0"} if kind == MULTI else TAKEN_KEYS


def checked(wishes: Sequence[Wish], *, kind: str = Project.Kind.SINGLE) -> list[Wish]:
    """The wishes cleaned, with a key for each label that has none while keys last.

    No wish at all is fine but for yes or no: the labels may come with the images. Raises
    LabelsRefused with every problem found.
    """
    taken = taken_keys(kind)
    tidy = [_tidied(wish) for wish in wishes]
    problems: list[Problem] = _miscounted(tidy, kind)
    if len(tidy) <= MOST_LABELS:
        for place, wish in enumerate(tidy):
            problems += [(place, words) for words in _faults(wish, taken)]
        problems += _doubles(tidy, lambda w: fold(w.name), _("The name “%(name)s” is there twice."))
        problems += _doubles(
            tidy,
            lambda w: "" if w.retired else w.key,
            _("The key %(key)s is taken by another label."),
        )
    if problems:
        raise LabelsRefused(problems)
    return _with_keys(tidy, taken, YES_NO_KEYS + FREE_KEYS if kind == YES_NO else FREE_KEYS)


def _miscounted(tidy: list[Wish], kind: str) -> list[Problem]:
    found: list[Problem] = []
    in_use = sum(not wish.retired for wish in tidy)
    if kind == YES_NO and (in_use != 2 or len(tidy) != 2):
        words = _("A yes/no project has two labels: yes and no. They can be renamed, no more.")
        found.append((None, words))
    elif tidy and not in_use:
        found.append((None, _("Name at least one label.")))
    if len(tidy) > MOST_LABELS:
        words = _("A project can have %(most)s labels, not %(n)s.")
        found.append((None, words % {"most": f"{MOST_LABELS:,}", "n": f"{len(tidy):,}"}))
    return found


def _tidied(wish: Wish) -> Wish:
    name, colour = Label.clean_name(wish.name), wish.colour.strip().lower()
    return replace(wish, name=name, key=tidy_key(wish.key), colour=colour)


def _faults(wish: Wish, taken: frozenset[str]) -> list[str]:
    found = []
    if not wish.name:
        found.append(_("A label needs a name."))
    elif len(wish.name) > LONGEST_NAME:
        words = _("Shorten this name to %(most)s characters; it has %(n)s.")
        found.append(words % {"most": LONGEST_NAME, "n": len(wish.name)})
    elif not all(letter.isprintable() for letter in wish.name):
        found.append(_("The name holds characters that cannot be shown. Type it again."))
    if wish.key and not is_key(wish.key):
        found.append(_("A key is one letter, digit or sign."))
    elif wish.key in taken:
        words = _("The key %(key)s is used by the Label page. Choose another.")
        found.append(words % {"key": wish.key})
    if wish.colour and not COLOUR.fullmatch(wish.colour):
        found.append(_("Write a colour as # and six digits, such as #3b7dd8."))
    return found


def tidy_key(key: str) -> str:
    """The key as it is stored: in upper case, where that is one sign as well."""
    key = key.strip()
    return key.upper() if len(key.upper()) == 1 else key


def is_key(key: str) -> bool:
    """Whether it is one sign that can be seen."""
    return len(key) == 1 and key.isprintable() and not key.isspace()


def _doubles(wishes: list[Wish], value: Callable[[Wish], str], words: str) -> list[Problem]:
    seen: set[str] = set()
    found: list[Problem] = []
    for place, wish in enumerate(wishes):
        mine = value(wish)
        if mine and mine in seen:
            found.append((place, words % {"name": wish.name, "key": wish.key}))
        seen.add(mine)
    return found


def _with_keys(wishes: list[Wish], taken: frozenset[str], order: str) -> list[Wish]:
    used = taken | {wish.key for wish in wishes if not wish.retired}
    free = iter(dict.fromkeys(key for key in order if key not in used))
    return [w if w.key or w.retired else replace(w, key=next(free, "")) for w in wishes]


@transaction.atomic
def store(project: Project, wishes: Sequence[Wish], *, user: User | None = None) -> None:
    """Make the project's labels be as wished: rename, recolour, retire, bring back, add.

    Labels not named stay as they are; a new one comes last. What `user` did is written down.
    Raises LabelsRefused.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    there = {label.pk: label for label in project.labels.select_related("merged_into")}
    _check_named(wishes, there)
    named = {wish.pk for wish in wishes}
    kept = [
        Wish(label.name, label.key, label.colour, label.pk, label.retired)
        for label in there.values()
        if label.pk not in named
    ]
    _write(project, there, checked([*wishes, *kept], kind=project.kind), user)


def _check_named(wishes: Sequence[Wish], there: Mapping[int, Label]) -> None:
    problems: list[Problem] = []
    for i, wish in enumerate(wishes):
        label = there.get(wish.pk) if wish.pk else None
        if wish.pk and label is None:
            problems.append((i, _("This label is not in the project.")))
        elif label and label.merged_into and not wish.retired:
            words = _("%(name)s was merged into %(other)s and cannot come back.")
            named = {"name": label.name, "other": label.merged_into.name}
            problems.append((i, words % named))
    if problems:
        raise LabelsRefused(problems)


@transaction.atomic
def add(
    project: Project, name: str, *, bring_back: bool = False, user: User | None = None
) -> tuple[Label, bool]:
    """The label of this name, made if there was none, and whether it was made or brought back.

    Two people who add the same name at once get the same label: the project is locked. The name
    of a merged label means the one it was merged into. Raises LabelsRefused; also for a retired
    name unless `bring_back`.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    labels = project.labels.select_related("merged_into")
    found = next((la for la in labels if fold(la.name) == fold(name)), None)
    if found and found.merged_into:
        found = found.merged_into
    if found and not found.retired:
        return found, False
    if found and not bring_back:
        words = _("The label %(name)s is retired. An admin can bring it back in the settings.")
        raise LabelsRefused([(None, words % {"name": found.name})])
    wish = Wish(found.name, colour=found.colour, pk=found.pk) if found else Wish(name)
    store(project, [wish], user=user)
    same = (label for label in Label.objects.filter(project=project))
    return next(label for label in same if fold(label.name) == fold(wish.name)), True


def _write(project: Project, there: dict[int, Label], final: list[Wish], user: User | None) -> None:
    # Two labels may swap names or keys: first free what changes, then give it out.
    for wish in final:
        if (
            wish.pk
            and (label := there[wish.pk])
            and (label.name, label.key) != (wish.name, wish.key)
        ):
            Label.objects.filter(pk=wish.pk).update(name=f"\x01{wish.pk}", key="")
    place = max((label.place for label in there.values()), default=-1)
    position = max((label.position for label in there.values()), default=-1)
    going = [w.pk for w in final if w.pk and w.retired and not there[w.pk].retired]
    carried = label_counts.of(project, going) if going else {}
    for wish in final:
        fields = {"name": wish.name, "key": wish.key, "colour": wish.colour}
        if wish.pk:
            label = there[wish.pk]
            if _differs(label, wish):
                Label.objects.filter(pk=wish.pk).update(retired=wish.retired, **fields)
                _note(label, wish, user, carried.get(wish.pk, 0))
        elif not wish.retired:
            place, position = place + 1, position + 1
            made = Label.objects.create(project=project, place=place, position=position, **fields)
            label_history.note(made, LabelEvent.Kind.ADDED, user, name=made.name)


def _differs(label: Label, wish: Wish) -> bool:
    now = (label.name, label.key, label.colour, label.retired)
    return now != (wish.name, wish.key, wish.colour, wish.retired)


def _note(label: Label, wish: Wish, user: User | None, images: int) -> None:
    """Write down what the wish changes about the label, but for key and colour."""
    kind = LabelEvent.Kind
    if label.name != wish.name:
        told = {"from": label.name, "to": wish.name}
        label_history.note(label, kind.RENAMED, user, **told)
    if wish.retired and not label.retired:
        label_history.note(label, kind.RETIRED, user, name=wish.name, images=images)
    elif label.retired and not wish.retired:
        label_history.note(label, kind.RETURNED, user, name=wish.name)
