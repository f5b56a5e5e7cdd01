"""Rounds, and the model versions they leave."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status

from labeler.api.errors import ERRORS
from labeler.api.paging import Page, by_pk
from labeler.evaluation.models import Score
from labeler.projects.access import project_for
from labeler.training import rounds
from labeler.training.models import ModelVersion, Round

router = Router(tags=["training"])


class RoundOut(Schema):
    """One train, score, refill."""

    id: int
    state: str
    reason: str
    phase: str
    done: int
    total: int
    n_labels: int
    error: str
    model_version: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RoundList(Schema):
    """A page of rounds, newest first."""

    items: list[RoundOut]
    next: str | None


class ScoreOut(Schema):
    """Macro F1 on the audit sample with its 95 % interval."""

    macro_f1: float
    low: float
    high: float
    audit_labels: int


class VersionOut(Schema):
    """What a round left."""

    model_version: int
    round: int
    head: str
    features: str
    strategy: str
    n_labels: int
    temperature: float
    cross_validated: dict[str, Any]
    serving: bool
    pinned: bool
    part: dict[str, Any]
    score: ScoreOut | None
    created_at: datetime


class VersionList(Schema):
    """A page of model versions, newest first."""

    items: list[VersionOut]
    next: str | None


def round_as_dict(round_: Round, version: int | None) -> dict[str, Any]:
    """The round in the form of RoundOut."""
    names = (
        "reason", "phase", "done", "total", "n_labels", "error",
        "created_at", "started_at", "finished_at",
    )  # fmt: skip
    return {
        **{name: getattr(round_, name) for name in names},
        "id": round_.number,
        "state": "queued" if round_.state == Round.State.DUE else round_.state,
        "model_version": version,
    }


@router.get("/projects/{int:project_id}/rounds", response={200: RoundList, **ERRORS})
def list_rounds(request: HttpRequest, project_id: int, page: Query[Page]) -> dict[str, Any]:
    """The project's rounds, newest first."""
    project = project_for(request.user, project_id, "see_dashboard")
    found, more = by_pk(request, Round.objects.filter(project=project), page, newest=True)
    left = dict(ModelVersion.objects.filter(round__in=found).values_list("round", "number"))
    return {"items": [round_as_dict(r, left.get(r.pk)) for r in found], "next": more}


@router.post("/projects/{int:project_id}/rounds", response={202: RoundOut, **ERRORS})
def start_round(request: HttpRequest, project_id: int) -> Status[Any]:
    """Train now. While a round is open, asking again gives that one."""
    project = project_for(request.user, project_id, "train")
    user: Any = request.user
    return Status(202, round_as_dict(rounds.ask(project, Round.Reason.ASKED, user), None))


@router.get("/projects/{int:project_id}/model-versions", response={200: VersionList, **ERRORS})
def list_model_versions(request: HttpRequest, project_id: int, page: Query[Page]) -> dict[str, Any]:
    """The project's model versions, newest first."""
    project = project_for(request.user, project_id, "see_dashboard")
    versions = ModelVersion.objects.filter(project=project).select_related("round")
    found, more = by_pk(request, versions, page, newest=True)
    scores = {s.version_id: s for s in Score.objects.filter(version__in=found)}
    return {"items": [version_as_dict(v, scores.get(v.pk)) for v in found], "next": more}


def version_as_dict(version: ModelVersion, score: Score | None) -> dict[str, Any]:
    """The version in the form of VersionOut."""
    names = (
        "head", "features", "strategy", "n_labels", "temperature", "cross_validated", "serving",
        "pinned", "part", "created_at",
    )  # fmt: skip
    told = score and score.macro_f1 is not None
    return {
        **{name: getattr(version, name) for name in names},
        "model_version": version.number,
        "round": version.round.number,
        "score": score if told else None,
    }
