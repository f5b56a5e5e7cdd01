"""What the answers on each image come to, or what the model believes where nobody answered.

Images come by row in the pool, some at a time: a million take no more memory than a thousand.
Only where a project weighs people by their reliability, the images that several people answered
are weighed together first, and what they come to is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.db.models import Count

from labeler.labeling import accepted, believed, selection
from labeler.labeling.believed import Belief, Model
from labeler.labeling.consensus import agree
from labeler.labeling.models import Annotation, ModelAnnotation
from labeler.labeling.selection import EVERYTHING, MODEL, Selection
from labeler.labeling.weighing import Vote, weigh
from labeler.pools.models import Guess
from labeler.projects import merged
from labeler.projects.models import Project

COLUMNS = (
    "image", "labels", "agreed", "name", "sha256", "answers", "equal", "reviewed", "audit",
    "split", "by", "confidence", "model_version",
)  # fmt: skip
PICTURE = (
    "name", "sha256", "width", "height", "format", "bytes", "split", "address", "audit",
)  # fmt: skip
MODELS_OWN = "guessed by the model"
ACCEPTED = "accepted from the model"  # somebody accepted what it said, at a tolerated error

Guesses = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An image and its labels; None where people differ and nobody wins."""

    picture: Any  # pk, row and PICTURE
    labels: tuple[str, ...] | None
    answers: int = 0  # of people; 0: the labels are the model's
    equal: int = 0  # how many of the answers are just these labels
    reviewed: bool = False  # a reviewer settled it
    confidence: float | None = None  # of the serving model in its own answer
    version: int | None = None  # of the serving model
    guesses: Guesses = ()  # the serving model's labels, or what came along with the image
    guessed_by: str = ""  # the version behind the guesses
    accepted: int | None = None  # the number of the acceptance whose labels these are

    @property
    def by(self) -> str:
        """Whose labels they are."""
        if self.answers:
            return "people"
        return MODELS_OWN if self.accepted is None else ACCEPTED


@dataclass(frozen=True)
class _Ballot:
    """The answers on one image."""

    votes: tuple[Vote, ...]
    reviewed: bool


def told(
    project: Project, chosen: Selection = EVERYTHING, *, guesses: bool = False
) -> Iterator[Told]:
    """One per image, by row in the pool; `guesses` brings the model's labels along."""
    teller = _Teller(project, chosen, guesses)
    for pictures in selection.pages(selection.images(project, chosen), *PICTURE):
        yield from teller.page(pictures)


def rows(project: Project, chosen: Selection = EVERYTHING) -> Iterator[dict[str, Any]]:
    """One row per image, for a table.

    agreed is false, and there are no labels, where people differ and nobody wins; equal is how
    many of the answers are just these labels; reviewed, whether a reviewer settled the image.
    """
    for each in told(project, chosen):
        picture = each.picture
        yield {
            "image": picture.pk,
            "labels": list(each.labels or ()),
            "agreed": bool(each.answers) and each.labels is not None,
            "name": picture.name,
            "sha256": picture.sha256,
            "width": picture.width,
            "height": picture.height,
            "answers": each.answers,
            "equal": each.equal,
            "reviewed": each.reviewed,
            "audit": picture.audit,
            "split": picture.split,
            "by": each.by,
            "confidence": each.confidence,
            "model_version": each.version if each.confidence is not None else None,
        }


class _Teller:
    """What is the same for every page of images."""

    def __init__(self, project: Project, chosen: Selection, guesses: bool) -> None:
        self.chosen, self.guesses, self.multi = chosen, guesses, project.is_multi
        self.names = selection.label_names(project)
        self.now = merged.now(project.pk)
        self.wanted = {self.names[pk] for pk in chosen.labels}
        asked = guesses or chosen.asks_model
        self.model: Model | None = believed.model(project) if asked else None
        weighs = project.consensus == Project.Consensus.DAWID_SKENE and chosen.by != MODEL
        self.weighed = _weighed(project, chosen) if weighs else {}

    def page(self, pictures: Sequence[Any]) -> Iterator[Told]:
        ids = [each.pk for each in pictures]
        ballots = (
            {} if self.chosen.by == MODEL else _ballots(pictures, self.chosen.people, self.now)
        )
        brought = _brought(ids) if self.guesses else {}
        model, beliefs = self.model, {}
        if model is not None:
            beliefs = model.answers([each.row for each in pictures], multi=self.multi)
        own = {} if self.chosen.by == selection.PEOPLE else accepted.of_images(ids)
        for picture in pictures:
            ballot, belief = ballots.get(picture.pk), beliefs.get(picture.row)
            guesses, by = self._guesses(belief, brought.get(picture.pk))
            sure = None if belief is None else belief.confidence
            version = model.version if model else None
            answer: dict[str, Any] | None
            if ballot:
                answer = self._people(picture.pk, ballot)
            elif picture.pk in own:
                row = own[picture.pk]
                sure, version = row.confidence, row.acceptance.version
                answer = self._accepted(row)
            else:
                answer = self._models(belief)
            if answer is not None and self._fits(sure, **answer):
                yield Told(
                    picture, confidence=sure, version=version, guesses=guesses, guessed_by=by,
                    **answer,
                )  # fmt: skip

    def _people(self, image: int, ballot: _Ballot) -> dict[str, Any]:
        given = [labels for _, labels in ballot.votes]
        known = self.weighed
        found = known[image] if image in known else agree(given, multi=self.multi)
        labels = None if found is None else tuple(self.names[pk] for pk in found)
        equal = 0 if found is None else sum(vote == set(found) for vote in given)
        return {"labels": labels, "answers": len(given), "equal": equal,
                "reviewed": ballot.reviewed}  # fmt: skip

    def _accepted(self, row: ModelAnnotation) -> dict[str, Any]:
        labels = tuple(self.names[pk] for pk in sorted(merged.follow(row.label_ids, self.now)))
        return {"labels": labels, "accepted": row.acceptance.number}

    def _models(self, belief: Belief | None) -> dict[str, Any] | None:
        if self.chosen.by in (selection.PEOPLE, selection.ACCEPTED) or belief is None:
            return None
        if not belief.labels and not self.multi:
            return None
        return {"labels": tuple(dict.fromkeys(self.names[pk] for pk, _ in belief.labels))}

    def _fits(
        self, sure: float | None, labels: tuple[str, ...] | None, reviewed: bool = False,
        **_: Any,
    ) -> bool:  # fmt: skip
        chosen = self.chosen
        if self.wanted and not self.wanted.intersection(labels or ()):
            return False
        if chosen.reviewed is not None and reviewed != chosen.reviewed:
            return False
        return chosen.is_sure(sure)

    def _guesses(
        self, belief: Belief | None, brought: tuple[Guesses, str] | None
    ) -> tuple[Guesses, str]:
        if not self.guesses:
            return (), ""
        if self.model is not None and belief is not None:
            named = {self.names[pk]: p for pk, p in reversed(belief.labels)}
            return tuple(reversed(named.items())), str(self.model.version)
        return brought or ((), "")


def _ballots(
    pictures: Sequence[Any], people: tuple[int, ...], now: Mapping[int, int]
) -> dict[int, _Ballot]:
    """{image: its answers}. On audit images blind answers count, and labels that came with the
    image only until there are some."""
    audit = {each.pk for each in pictures if each.audit}
    found: dict[int, dict[int, tuple[int, str, bool, set[int]]]] = {}
    for pk, image, user, source, blind, label in _flat([p.pk for p in pictures], people):
        of_image = found.setdefault(image, {})
        vote = of_image.get(pk) or of_image.setdefault(pk, (user, source, blind, set()))
        if label is not None:
            vote[3].add(now.get(label, label))
    return {image: _ballot(list(each.values()), image in audit) for image, each in found.items()}


def _ballot(answers: list[tuple[int, str, bool, set[int]]], audit: bool) -> _Ballot:
    if audit and any(blind for _, _, blind, _ in answers):
        answers = [answer for answer in answers if answer[2]]
    reviewed = any(source == Annotation.Source.REVIEW for _, source, _, _ in answers)
    return _Ballot(tuple((user, frozenset(labels)) for user, _, _, labels in answers), reviewed)


def _flat(images: Sequence[int], people: tuple[int, ...]) -> list[Any]:
    """(answer, image, user, source, audit, label or None) by answer."""
    found = Annotation.objects.filter(
        image__in=images, current=True, kind=Annotation.Kind.LABELS, gold=False
    )
    found = found.filter(user__in=people) if people else found
    columns = ("pk", "image_id", "user_id", "source", "audit", "labels")
    # Asked to order by id, SQLite would walk through all answers there are.
    return sorted(found.order_by().values_list(*columns), key=itemgetter(0))


def _weighed(project: Project, chosen: Selection) -> dict[int, list[int] | None]:
    """What the answers of several people come to, each weighed by reliability."""
    answers = Annotation.objects.filter(
        project=project, current=True, kind=Annotation.Kind.LABELS, gold=False
    )
    several = answers.values("image").annotate(n=Count("pk")).filter(n__gt=1).values("image")
    whole = selection.images(project, Selection(people=chosen.people)).filter(pk__in=several)
    ballots: dict[int, tuple[Vote, ...]] = {}
    for pictures in selection.pages(whole, "audit"):
        found = _ballots(pictures, chosen.people, merged.now(project.pk))
        ballots |= {pk: each.votes for pk, each in found.items() if len(each.votes) > 1}
    return dict(zip(ballots, weigh(list(ballots.values()), multi=project.is_multi), strict=True))


def _brought(images: Sequence[int]) -> Mapping[int, tuple[Guesses, str]]:
    """{image: what another tool's model believed of it, and that model's version}."""
    found: dict[int, tuple[Guesses, str]] = {}
    rows = Guess.objects.filter(image__in=images).values_list(
        "image", "label__name", "p", "version", "pk"
    )
    for image, name, p, version, _pk in sorted(rows, key=lambda row: (-row[2], row[4])):
        guesses, _ = found.get(image, ((), ""))
        found[image] = ((*guesses, (name, p)), version)
    return found
