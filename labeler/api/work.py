"""The background work: what waits, runs and failed, and doing it once more."""

from datetime import datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Router, Schema
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.installation import owner_of
from labeler.api.schema import Id
from labeler.operations import jobs, state
from labeler.projects.access import project_for
from labeler.projects.models import Project

router = Router(tags=["work"])
Kind = Annotated[str, Field(max_length=40, pattern=r"^[a-z_]+$")]


class ServiceOut(Schema):
    """A part of the installation, and whether it answers."""

    name: str
    up: bool


class WorkerOut(Schema):
    """A worker of the last day. `up`: it was seen in the last half minute."""

    name: str
    queues: str
    doing: str
    started_at: datetime
    seen_at: datetime
    up: bool


class KindOut(Schema):
    """Rows of one kind by state; `oldest`: since when the oldest one is due."""

    kind: str
    queue: str
    due: int
    running: int
    waiting: int
    paused: int
    failed: int
    oldest: datetime | None


class FailureOut(Schema):
    """A row that failed for good."""

    kind: str
    id: int
    project: int | None
    number: int | None
    attempts: int
    error: str
    at: datetime | None


class ProjectWork(Schema):
    """Each kind of work, and the newest 50 that failed."""

    kinds: list[KindOut]
    failures: list[FailureOut]


class Work(ProjectWork):
    """The same of the whole installation, with its parts."""

    services: list[ServiceOut]
    workers: list[WorkerOut]


class Retried(Schema):
    """The row, due again."""

    kind: str
    id: int
    state: str


@router.get("/work", response={200: Work, **ERRORS})
def installation_work(request: HttpRequest) -> dict[str, Any]:
    """Services, workers, and the work of the whole installation. For its owner."""
    owner_of(request)
    return _work() | {"services": state.services(), "workers": state.workers()}


@router.post("/work/{str:kind}/{int:work_id}/retry", response={200: Retried, **ERRORS})
def retry_work(request: HttpRequest, kind: Kind, work_id: Id) -> dict[str, Any]:
    """Let a row that failed be due again, with all its attempts. For the owner."""
    owner_of(request)
    return _again(kind, work_id)


@router.get("/projects/{int:project_id}/work", response={200: ProjectWork, **ERRORS})
def project_work(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """The background work of one project."""
    return _work(project_for(request.user, project_id, "set"))


@router.post(
    "/projects/{int:project_id}/work/{str:kind}/{int:work_id}/retry",
    response={200: Retried, **ERRORS},
)
def retry_project_work(
    request: HttpRequest, project_id: int, kind: Kind, work_id: Id
) -> dict[str, Any]:
    """Let a row of this project that failed be due again."""
    return _again(kind, work_id, project_for(request.user, project_id, "set"))


def _work(project: Project | None = None) -> dict[str, Any]:
    lines = jobs.standing(project)
    kinds = [
        {"kind": line.kind, "queue": line.queue, "oldest": line.oldest, **line.states}
        for line in lines
    ]
    failures = [
        {
            "kind": each.kind, "id": each.pk, "number": each.number, "attempts": each.attempts,
            "project": each.project.pk if each.project else None, "error": each.error,
            "at": each.at,
        }
        for each in jobs.failures(lines, project)
    ]  # fmt: skip
    return {"kinds": kinds, "failures": failures}


def _again(kind: str, pk: int, project: Project | None = None) -> dict[str, Any]:
    try:
        row = jobs.retry(kind, pk, project)
    except jobs.Unknown as error:
        raise Http404 from error
    except jobs.NotRetried as refused:
        raise Refused(409, "not_retried", str(refused)) from refused
    return {"kind": kind, "id": row.pk, "state": row.state}
