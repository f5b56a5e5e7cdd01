"""What people say about images when each is weighed by how reliable they prove to be.

Reliability is learned from images that several people answered (Dawid and Skene). Only labels
that somebody gave can win, and an even match stays undecided.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ml.dawid_skene import dawid_skene

Vote = tuple[int, frozenset[int]]  # who, label ids
EVEN = 1e-6  # probabilities that differ by less are equal
PRIOR = 2.0  # answers believed in beforehand, see `dawid_skene`
ITERATIONS, TOLERANCE = 100, 1e-5


def weigh(images: Sequence[Sequence[Vote]], *, multi: bool) -> list[list[int] | None]:
    """The label ids each image gets, sorted; None where the answers are evenly matched.

    images: the votes on each image, at least one; a single vote stands as it is. With several
    labels per image a label stands when it is likelier than not, each label weighed by itself.
    """
    several = [votes for votes in images if len(votes) > 1]
    if not several:
        return [sorted(votes[0][1]) for votes in images]
    weighed = iter(_multi(several) if multi else _single(several))
    return [next(weighed) if len(votes) > 1 else sorted(votes[0][1]) for votes in images]


def _single(images: Sequence[Sequence[Vote]]) -> list[list[int] | None]:
    people = _numbers(images)
    given = [label for votes in images for _, labels in votes for label in labels]
    ids, values = np.unique(np.array(given, dtype=np.int64), return_inverse=True)
    rows = np.repeat(np.arange(len(images)), [len(votes) for votes in images])
    who = [people[user] for votes in images for user, _ in votes]
    found = dawid_skene(
        rows, who, values, n_values=max(2, len(ids)), prior=PRIOR, given_only=True,
        iterations=ITERATIONS, tolerance=TOLERANCE,
    )  # fmt: skip
    best = found.proba.argmax(axis=1)
    second, first = np.partition(found.proba, -2, axis=1)[:, -2:].T
    return [
        None if near else [int(ids[at])]
        for at, near in zip(best, first - second <= EVEN, strict=True)
    ]


def _multi(images: Sequence[Sequence[Vote]]) -> list[list[int] | None]:
    people = _numbers(images)
    asked = [tuple(people[user] for user, _ in votes) for votes in images]
    everybody = Counter(asked)
    given: dict[int, list[int]] = {}  # label → images to which anybody gave it
    for at, votes in enumerate(images):
        for label in {label for _, labels in votes for label in labels}:
            given.setdefault(label, []).append(at)
    found: list[list[int]] = [[] for _ in images]
    for label in sorted(given):
        for at in _with(label, images, given[label], asked, everybody):
            found[at].append(label)
    return list(found)


def _with(
    label: int,
    images: Sequence[Sequence[Vote]],
    given: Sequence[int],
    asked: Sequence[tuple[int, ...]],
    everybody: Counter[tuple[int, ...]],
) -> list[int]:
    """The images that the label stands on. Images with the same answers are weighed once."""
    said = {at: tuple(label in labels for _, labels in images[at]) for at in given}
    silent = everybody - Counter(asked[at] for at in given)
    seen = Counter((asked[at], answers) for at, answers in said.items())
    seen.update({(who, (False,) * len(who)): n for who, n in silent.items()})
    kinds = {kind: row for row, kind in enumerate(seen)}
    proba = dawid_skene(
        [row for (who, _), row in kinds.items() for _ in who],
        [user for who, _ in kinds for user in who],
        [int(answer) for _, answers in kinds for answer in answers],
        n_values=2, prior=PRIOR, times=list(seen.values()),
        iterations=ITERATIONS, tolerance=TOLERANCE,
    ).proba[:, 1]  # fmt: skip
    return [at for at in given if proba[kinds[asked[at], said[at]]] > 0.5 + EVEN]


def _numbers(images: Sequence[Sequence[Vote]]) -> dict[int, int]:
    """A number for everybody who answered, dense from 0."""
    users = dict.fromkeys(user for votes in images for user, _ in votes)
    return {user: number for number, user in enumerate(users)}
