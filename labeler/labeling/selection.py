"""Which images, and whose answers, an export holds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Label, Project, User

PEOPLE, MODEL, BOTH = "people", "model", "all"
ACCEPTED = "accepted"  # people's, and what was accepted from the model
WHOSE = (PEOPLE, MODEL, BOTH, ACCEPTED)
NO_SPLIT = "none"  # how a filter names the images that belong to no split
SPLITS = (*Image.Split.values, NO_SPLIT)
AT_ONCE = 900  # images in one query


class BadSelection(ValueError):
    """The filters contradict themselves or name what is not there; `field` says which one."""

    def __init__(self, field: str, words: str) -> None:
        self.field = field
        super().__init__(words)


@dataclass(frozen=True)
class Selection:
    """Filters that must all fit. Empty ones let everything through."""

    labels: tuple[int, ...] = ()  # ids; the answer holds at least one of them
    splits: tuple[str, ...] = ()  # of SPLITS
    reviewed: bool | None = None
    audit: bool | None = None
    people: tuple[int, ...] = ()  # ids; only their answers count
    by: str = PEOPLE  # whose labels: what people say, the model on what nobody labeled, or both;
    # or people and those of the model's that were accepted
    low: float | None = None  # how sure the serving model is of its own answer, in [0, 1]
    high: float | None = None
    ids: tuple[int, ...] | None = None  # of images that somebody chose one by one

    @property
    def asks_model(self) -> bool:
        """Whether the model's probabilities decide what is held."""
        return self.by in (MODEL, BOTH) or self.low is not None or self.high is not None

    def is_sure(self, confidence: float | None) -> bool:
        """Whether the model's confidence is in the range; None: the model has not scored it."""
        if self.low is None and self.high is None:
            return True
        if confidence is None:
            return False
        return (self.low or 0.0) <= confidence <= (1.0 if self.high is None else self.high)

    def query(self) -> str:
        """The filters as the API's query parameters."""
        told = {
            "labels": ",".join(map(str, self.labels)),
            "splits": ",".join(self.splits),
            "reviewed": _yes_or_no(self.reviewed),
            "audit": _yes_or_no(self.audit),
            "people": ",".join(map(str, self.people)),
            "answers": "" if self.by == PEOPLE else self.by,
            "confidence_from": "" if self.low is None else f"{self.low:g}",
            "confidence_to": "" if self.high is None else f"{self.high:g}",
        }
        return urlencode({name: value for name, value in told.items() if value}, safe=",")


EVERYTHING = Selection()


def _yes_or_no(value: bool | None) -> str:
    return "" if value is None else ("yes" if value else "no")


def checked(project: Project, chosen: Selection) -> Selection:
    """The selection, where it can be asked of the project. Raises BadSelection."""
    known = set(Label.objects.filter(project=project).values_list("pk", flat=True))
    if unknown := [pk for pk in chosen.labels if pk not in known]:
        raise BadSelection("labels", _("There is no label %d in this project.") % unknown[0])
    if chosen.people and answerers(project).filter(pk__in=chosen.people).count() < len(
        chosen.people
    ):
        raise BadSelection("people", _("One of these people has answered nothing here."))
    if wrong := [name for name in chosen.splits if name not in SPLITS]:
        words = _("“%(name)s” is no split. Choose among %(known)s.")
        raise BadSelection("splits", words % {"name": wrong[0], "known": ", ".join(SPLITS)})
    if chosen.people and chosen.by != PEOPLE:
        words = _("The model's answers are nobody's. Take people out, or ask for people's answers.")
        raise BadSelection("people", words)
    if chosen.low is not None and chosen.high is not None and chosen.low > chosen.high:
        words = _("The confidence ends before it begins. Swap its two numbers.")
        raise BadSelection("confidence", words)
    return chosen


def images(project: Project, chosen: Selection) -> "QuerySet[Image]":
    """The images that can be in it, as far as the database knows: not how sure the model is,
    nor what several people's answers come to."""
    found = Image.objects.filter(split_is(chosen), project=project)
    if chosen.audit is not None:
        found = found.filter(audit=chosen.audit)
    if chosen.ids is not None:
        found = found.filter(pk__in=chosen.ids)
    if chosen.by == PEOPLE:
        return found.filter(Exists(votes(chosen)))
    unanswered = ~Exists(votes(EVERYTHING)) & ~Q(state=Image.State.SKIPPED)
    if chosen.by == ACCEPTED:
        unanswered &= Q(state=Image.State.ACCEPTED)
    if chosen.by == MODEL:
        return found.none() if chosen.reviewed else found.filter(unanswered)
    answered = Q(Exists(votes(chosen)))
    return found.filter(answered if chosen.reviewed else answered | unanswered)


def votes(chosen: Selection) -> "QuerySet[Annotation]":
    """Labels that people gave to one image of an outer query."""
    found = Annotation.objects.filter(
        image=OuterRef("pk"), current=True, kind=Annotation.Kind.LABELS, gold=False
    )
    found = found.filter(user__in=chosen.people) if chosen.people else found
    found = found.filter(labels__in=chosen.labels) if chosen.labels else found
    return found.filter(source=Annotation.Source.REVIEW) if chosen.reviewed else found


def split_is(chosen: Selection, image: str = "") -> Q:
    """The condition on the image's split; `image` leads to it, such as "image__"."""
    if not chosen.splits:
        return Q()
    return Q(**{f"{image}split__in": ["" if s == NO_SPLIT else s for s in chosen.splits]})


def pages(found: "QuerySet[Image]", *columns: str) -> Iterator[list[Any]]:
    """The images by row, some at a time, as named tuples. No query stays open in between, so a
    reader may be as slow as it likes."""
    last, more = -1, True
    wanted = dict.fromkeys(("pk", "row", *columns))
    while more:
        rows = found.filter(row__gt=last).order_by("row")[:AT_ONCE]
        some = list(rows.values_list(*wanted, named=True))
        more = len(some) == AT_ONCE
        if some:
            last = some[-1].row
            yield some


def label_names(project: Project) -> dict[int, str]:
    """{label id: its name}; of a merged label, the name of what it is now."""
    names = dict(Label.objects.filter(project=project).values_list("pk", "name"))
    return names | {old: names[new] for old, new in merged.now(project.pk).items()}


def answerers(project: Project) -> "QuerySet[User]":
    """The people whose answers the project holds, by name."""
    given = Annotation.objects.filter(project=project, user=OuterRef("pk"))
    return User.objects.filter(Exists(given)).order_by("username")


def parsed(project: Project, given: Mapping[str, Sequence[str]]) -> Selection:
    """The selection that query parameters or a form's fields spell: `labels` and `people` are ids,
    `splits` names, in one value with commas or in several values. Raises BadSelection."""

    def listed(name: str) -> list[str]:
        words = (word.strip() for value in given.get(name, ()) for word in value.split(","))
        return [word for word in words if word]

    def one(name: str) -> str:
        return next(iter(listed(name)), "")

    return checked(
        project,
        Selection(
            labels=_ids("labels", listed("labels")),
            splits=tuple(listed("splits")),
            reviewed=_flag("reviewed", one("reviewed")),
            audit=_flag("audit", one("audit")),
            people=_ids("people", listed("people")),
            by=_by(one("answers")),
            low=_share("confidence_from", one("confidence_from")),
            high=_share("confidence_to", one("confidence_to")),
        ),
    )


def _ids(field: str, words: Sequence[str]) -> tuple[int, ...]:
    if wrong := [word for word in words if not (word.isascii() and word.isdigit())]:
        raise BadSelection(field, _("“%s” is no number.") % wrong[0][:40])
    return tuple(dict.fromkeys(min(int(word[:19]), 2**63 - 1) for word in words))


def _flag(field: str, word: str) -> bool | None:
    if word not in ("", "yes", "no"):
        raise BadSelection(field, _("Answer yes or no, or leave it out."))
    return None if not word else word == "yes"


def _by(word: str) -> str:
    if word not in ("", *WHOSE):
        raise BadSelection("answers", _("Answers are those of people, model, accepted or all."))
    return word or PEOPLE


def _share(field: str, word: str) -> float | None:
    if not word:
        return None
    try:
        share = float(word)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:  # NaN too is refused
        raise BadSelection(field, _("A confidence is a number from 0 to 1, such as 0.8."))
    return share
