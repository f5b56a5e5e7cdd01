"""The label set of a project: names, keys and colours, and the rules they keep."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from labeler.projects.models import Label, Project

MOST_LABELS = 5_000
LONGEST_NAME = 40
TAKEN_KEYS = frozenset("UNBZWG?")  # the Label page's own: unsure, not of this kind, broken, …
FREE_KEYS = "1234567890ACDEFHIJKLMOPQRSTVXY"
COLOUR = re.compile(r"#[0-9a-f]{6}")


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

    def __init__(self, problems: list[tuple[int | None, str]]) -> None:
        self.problems = problems
        super().__init__(" ".join(words for _, words in problems))


def fold(name: str) -> str:
    """The name as it is compared: "Rust " and "rust" are the same label."""
    return Label.clean_name(name).casefold()


def checked(wishes: Sequence[Wish], *, multi: bool = False) -> list[Wish]:
    """The wishes cleaned, with a key for each label that has none while keys last.

    With several labels per image (`multi`) the key 0 says "none of these". Raises LabelsRefused
    with every problem found.
    """
    taken = TAKEN_KEYS | {"0"} if multi else TAKEN_KEYS
    tidy = [_tidied(wish) for wish in wishes]
    problems: list[tuple[int | None, str]] = []
    if not any(not wish.retired for wish in tidy):
        problems.append((None, "Name at least one label."))
    if len(tidy) > MOST_LABELS:
        problems.append((None, f"A project can have {MOST_LABELS:,} labels, not {len(tidy):,}."))
    else:
        for place, wish in enumerate(tidy):
            problems += [(place, words) for words in _faults(wish, taken)]
        problems += _doubles(tidy, lambda w: fold(w.name), "The name “{0}” is there twice.")
        problems += _doubles(
            tidy, lambda w: "" if w.retired else w.key, "The key {1} is taken by another label."
        )
    if problems:
        raise LabelsRefused(problems)
    return _with_keys(tidy, taken)


def _tidied(wish: Wish) -> Wish:
    key = wish.key.strip().upper() if len(wish.key.strip().upper()) == 1 else wish.key.strip()
    name, colour = Label.clean_name(wish.name), wish.colour.strip().lower()
    return replace(wish, name=name, key=key, colour=colour)


def _faults(wish: Wish, taken: frozenset[str]) -> list[str]:
    found = []
    if not wish.name:
        found.append("A label needs a name.")
    elif len(wish.name) > LONGEST_NAME:
        found.append(f"Shorten this name to {LONGEST_NAME} characters; it has {len(wish.name)}.")
    elif not all(letter.isprintable() for letter in wish.name):
        found.append("The name holds characters that cannot be shown. Type it again.")
    if wish.key and (len(wish.key) != 1 or not wish.key.isprintable() or wish.key == " "):
        found.append("A key is one letter, digit or sign.")
    elif wish.key in taken:
        found.append(f"The key {wish.key} is used by the Label page. Choose another.")
    if wish.colour and not COLOUR.fullmatch(wish.colour):
        found.append("Write a colour as # and six digits, such as #3b7dd8.")
    return found


def _doubles(
    wishes: list[Wish], value: Callable[[Wish], str], words: str
) -> list[tuple[int | None, str]]:
    seen: set[str] = set()
    found: list[tuple[int | None, str]] = []
    for place, wish in enumerate(wishes):
        mine = value(wish)
        if mine and mine in seen:
            found.append((place, words.format(wish.name, wish.key)))
        seen.add(mine)
    return found


def _with_keys(wishes: list[Wish], taken: frozenset[str]) -> list[Wish]:
    used = taken | {wish.key for wish in wishes if not wish.retired}
    free = iter(key for key in FREE_KEYS if key not in used)
    return [w if w.key or w.retired else replace(w, key=next(free, "")) for w in wishes]


@transaction.atomic
def store(project: Project, wishes: Sequence[Wish]) -> None:
    """Make the project's labels be as wished: rename, recolour, retire, bring back, add.

    Labels not named stay as they are. The caller holds a lock on the project. Raises
    LabelsRefused.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    there = {label.pk: label for label in project.labels.all()}
    strangers = [i for i, wish in enumerate(wishes) if wish.pk and wish.pk not in there]
    if strangers:
        raise LabelsRefused([(i, "This label is not in the project.") for i in strangers])
    named = {wish.pk for wish in wishes}
    kept = [
        Wish(label.name, label.key, label.colour, label.pk, label.retired)
        for label in there.values()
        if label.pk not in named
    ]
    final = checked([*wishes, *kept], multi=project.is_multi)
    _write(project, there, final)


def _write(project: Project, there: dict[int, Label], final: list[Wish]) -> None:
    # Two labels may swap names or keys: first free what changes, then give it out.
    for wish in final:
        if (
            wish.pk
            and (label := there[wish.pk])
            and (label.name, label.key) != (wish.name, wish.key)
        ):
            Label.objects.filter(pk=wish.pk).update(name=f"\x01{wish.pk}", key="")
    place = max((label.place for label in there.values()), default=-1)
    for wish in final:
        fields = {"name": wish.name, "key": wish.key, "colour": wish.colour}
        if wish.pk:
            Label.objects.filter(pk=wish.pk).update(retired=wish.retired, **fields)
        elif not wish.retired:
            place += 1
            Label.objects.create(project=project, place=place, **fields)
