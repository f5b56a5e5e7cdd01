"""The learning curve, where it goes, and the studies that a worker makes of it."""

from datetime import datetime
from typing import Any, Literal, cast

from django.http import Http404, HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field, field_validator

from labeler.api.errors import ERRORS
from labeler.api.schema import BodySchema, Id, QuerySchema
from labeler.evaluation import drawn, outlook, stop_tests, studies
from labeler.evaluation.models import StopTest, Study
from labeler.evaluation.outlook import Outlook
from labeler.projects import choices
from labeler.projects.access import project_for
from labeler.projects.models import Label, User
from ml.forecast import Range

router = Router(tags=["metrics"])


class Asked(QuerySchema):
    """The curve of one label's F1; without it, of macro F1."""

    label: Id | None = None


class RangeOut(Schema):
    """A forecast and where eight of ten should fall."""

    value: float
    low: float
    high: float


class LeftOut(Schema):
    """Labels still to give until the target; null: no number of labels. `chance` in [0, 1]."""

    value: int | None
    low: int | None
    high: int | None
    chance: float


class PointOut(Schema):
    """A model version on the curve, with its 95 % interval on the audit sample."""

    model_version: int
    n_labels: int
    audit_labels: int
    value: float
    low: float
    high: float


class AheadOut(Schema):
    """Macro F1 (or a label's F1) after so many labels: a forecast, or drawn at random, replayed."""

    n_labels: int
    value: float
    low: float
    high: float


class LookOut(Schema):
    """One look of a stop test."""

    version: int
    n_labels: int
    audit_labels: int
    low: float
    passed: bool


class StopTestOut(Schema):
    """The stop test declared last; `ended` is "", reached, used_up or withdrawn."""

    measure: str
    label: int | None
    target: float
    confidence: float
    looks: int
    every: int
    next_look: int | None = Field(description="labels learned from at the next look")
    made: list[LookOut]
    ended: str
    declared_at: datetime


class LearningOut(Schema):
    """`state` is early, reached, flat, beyond (not reachable by labels), short (of images) or
    going."""

    target: float
    state: str
    points: list[PointOut]
    gain_of_next_100: RangeOut | None
    labels_left: LeftOut | None
    forecast: list[AheadOut]
    drawn_at_random: list[AheadOut]
    stop_test: StopTestOut | None


class StudyIn(BodySchema):
    """What to study. `strategies`: which ones to replay; random order always comes along."""

    kind: Literal["replay", "strategies"]
    strategies: list[str] = Field(default_factory=list, max_length=len(choices.STRATEGIES))

    model_config = {
        "json_schema_extra": {"examples": [{"kind": "strategies", "strategies": ["margin"]}]}
    }

    @field_validator("strategies")
    @classmethod
    def known(cls, given: list[str]) -> list[str]:
        """Only strategies that a project can have."""
        unknown = sorted(set(given) - choices.names(choices.STRATEGIES))
        if unknown:
            raise ValueError(f"There is no strategy {unknown[0]!r}; see the reference.")
        return given


class StudyOut(Schema):
    """A study; `facts` is what it found, empty until it is done."""

    id: int
    kind: str
    state: str
    done: int
    total: int
    error: str
    facts: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None


@router.get("/projects/{int:project_id}/learning", response={200: LearningOut, **ERRORS})
def learning(request: HttpRequest, project_id: int, asked: Query[Asked]) -> dict[str, Any]:
    """The curve so far, its forecast with ranges, random drawing replayed, and the stop test."""
    project = project_for(request.user, project_id, "see_dashboard")
    mine = Label.objects.filter(project=project)
    if asked.label is not None and not mine.filter(pk=asked.label).exists():
        raise Http404
    found, test = outlook.of(project, asked.label), stop_tests.newest(project)
    random = drawn.points(drawn.newest(project), asked.label)
    return {
        "target": found.target,
        "state": found.state,
        "points": _points(found),
        "gain_of_next_100": _range(found.gain),
        "labels_left": found.left,
        "forecast": [
            {"n_labels": n, "value": value, "low": low, "high": high}
            for n, value, low, high in found.ahead
        ],
        "drawn_at_random": [{**row, "n_labels": int(row["labels"])} for row in random],
        "stop_test": stop_test_as_dict(test) if test else None,
    }


@router.post("/projects/{int:project_id}/studies", response={202: StudyOut, **ERRORS})
def start_study(request: HttpRequest, project_id: int, wish: StudyIn) -> Status[Any]:
    """Ask a worker for a study. While one of its kind is under way, asking again gives that one."""
    project = project_for(request.user, project_id, "review")
    options = {"strategies": wish.strategies or ["margin"]} if wish.kind == "strategies" else {}
    study = studies.ask(project, cast(User, request.user), wish.kind, **options)
    return Status(202, study_as_dict(study))


@router.get("/projects/{int:project_id}/studies/{int:study_id}", response={200: StudyOut, **ERRORS})
def get_study(request: HttpRequest, project_id: int, study_id: int) -> dict[str, Any]:
    """How far a study is, and what it found. The newest five of each kind are kept."""
    project = project_for(request.user, project_id, "see_dashboard")
    found = Study.objects.filter(project=project, pk=study_id).first()
    if found is None:
        raise Http404
    return study_as_dict(found)


def _points(found: Outlook) -> list[dict[str, Any]]:
    return [
        {"model_version": p.version, "n_labels": p.n_labels, "audit_labels": p.audit_labels,
         "value": p.macro_f1, "low": p.low, "high": p.high}
        for p in found.points
    ]  # fmt: skip


def _range(found: Range | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {"value": found.value, "low": found.low, "high": found.high}


def stop_test_as_dict(test: StopTest) -> dict[str, Any]:
    """The test in the form of StopTestOut."""
    names = ("measure", "target", "confidence", "looks", "every", "made", "ended", "declared_at")
    return {
        **{name: getattr(test, name) for name in names},
        "label": test.label_id,
        "next_look": None if test.ended else stop_tests.next_look(test),
    }


def study_as_dict(study: Study) -> dict[str, Any]:
    """The study in the form of StudyOut."""
    names = ("kind", "done", "total", "error", "facts", "created_at", "finished_at")
    return {
        **{name: getattr(study, name) for name in names},
        "id": study.pk,
        "state": "queued" if study.state == Study.State.DUE else study.state,
    }
