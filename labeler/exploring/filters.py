"""Which images of the pool are shown, and in which order: as the page's query string says it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from labeler.exploring.columns import SPLITS, STATES

NONE = "none"  # images that nobody has labeled, or that belong to no split
LARGEST = 2**63 - 1
LONGEST = 200  # characters of a search
OF_MODEL = ("confidence", "-confidence", "margin", "entropy")
OF_LOOKS = ("alone", "light", "-light", "blur")  # worked out by a survey of looks
TAKEN = ("taken", "-taken")
ORDERS = ("row", "-row", *TAKEN, "name", "-name", *OF_MODEL, *OF_LOOKS)
ODD = ("far", "dark", "bright", "blurred", "tiny", "long")
NAMES = (
    "q", "label", "predicted", "low", "high", "split", "person", "import", "state", "audit",
    "odd", "cluster", "order",
)  # fmt: skip


class BadFilter(ValueError):
    """A value that no filter has; the text says what to do."""


@dataclass(frozen=True)
class Filter:
    """All must fit; within one tuple any of them does. Empty ones let everything through."""

    q: str = ""  # in the file's name or what the camera wrote
    labels: tuple[int, ...] = ()  # ids; 0: nobody has labeled it
    predicted: tuple[int, ...] = ()  # ids of the label that the model finds likeliest
    low: float | None = None  # of its probability
    high: float | None = None
    splits: tuple[str, ...] = ()  # "" for those in none
    people: tuple[int, ...] = ()  # ids of those who have answered
    imports: tuple[int, ...] = ()  # numbers
    states: tuple[str, ...] = ()
    audit: bool | None = None
    odd: tuple[str, ...] = ()
    clusters: tuple[tuple[int, int], ...] = ()  # (id of the survey, number of the cluster)
    order: str = "row"

    @property
    def of_model(self) -> bool:
        """Whether what the model says decides."""
        ranged = self.low is not None or self.high is not None
        return bool(self.predicted) or ranged or self.order in OF_MODEL

    def digest(self) -> str:
        """A name for it, the same in every process."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def query(self) -> str:
        """As the page's query string."""
        told: list[tuple[str, object]] = [("q", self.q)] if self.q else []
        told += [("label", pk or NONE) for pk in self.labels]
        told += [("predicted", pk) for pk in self.predicted]
        told += [
            (k, f"{v:g}") for k, v in (("low", self.low), ("high", self.high)) if v is not None
        ]
        told += [("split", name or NONE) for name in self.splits]
        told += [("person", pk) for pk in self.people] + [("import", n) for n in self.imports]
        told += [("state", s) for s in self.states] + [("odd", o) for o in self.odd]
        told += [("cluster", f"{survey}-{number}") for survey, number in self.clusters]
        told += [("audit", "yes" if self.audit else "no")] if self.audit is not None else []
        told += [("order", self.order)] if self.order != "row" else []
        return urlencode(told)


def parsed(given: Mapping[str, Sequence[str]]) -> Filter:
    """The filter that query parameters spell; several values of one name mean any of them.

    Raises BadFilter.
    """

    def listed(name: str) -> list[str]:
        return list(dict.fromkeys(word for word in given.get(name, ()) if word))

    def one(name: str) -> str:
        return next(iter(listed(name)), "")

    low, high = _share("low", one("low")), _share("high", one("high"))
    if low is not None and high is not None and low > high:
        raise BadFilter(_("The confidence ends before it begins. Swap its two numbers."))
    return Filter(
        q=one("q").strip()[:LONGEST].casefold(),
        labels=tuple(0 if w == NONE else _id(w) for w in listed("label")),
        predicted=tuple(map(_id, listed("predicted"))),
        low=low, high=high,
        splits=tuple("" if w == NONE else _of("split", w, SPLITS) for w in listed("split")),
        people=tuple(map(_id, listed("person"))), imports=tuple(map(_id, listed("import"))),
        states=tuple(_of("state", w, STATES) for w in listed("state")),
        audit={"": None, "yes": True, "no": False}[_of("audit", one("audit"), ("", "yes", "no"))],
        odd=tuple(_of("odd", w, ODD) for w in listed("odd")),
        clusters=tuple(map(_cluster, listed("cluster"))),
        order=_of("order", one("order") or "row", ORDERS),
    )  # fmt: skip


def _id(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) < 20):
        raise BadFilter(_("“%s” is no number.") % word[:40])
    return min(int(word), LARGEST)


def _cluster(word: str) -> tuple[int, int]:
    survey, _dash, number = word.partition("-")
    return _id(survey), _id(number)


def _of(name: str, word: str, known: Sequence[str]) -> str:
    if word not in known:
        words = _("“%(word)s” is no value of %(name)s. Choose among %(known)s.")
        among = ", ".join(filter(None, known))
        raise BadFilter(words % {"word": word[:40], "name": name, "known": among})
    return word


def _share(name: str, word: str) -> float | None:
    if not word:
        return None
    try:
        share = float(word)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:  # NaN too is refused
        raise BadFilter(_("A confidence is a number from 0 to 1, such as 0.8."))
    return share
