"""Surveys of the pool: asked for by people, made by workers, newest whole one serves."""

import importlib
import shutil
from pathlib import Path
from typing import Any

from labeler.exploring.models import Survey
from labeler.pools import storage
from labeler.projects.models import Project, User
from labeler.training.spaces import Space
from labeler.work import leases
from labeler.work.messages import nudge

KIND = "survey"
MAKERS: dict[
    str, str
] = {  # kind: the module whose `make(row, into)` writes the files and returns the facts
    Survey.Kind.CLUSTERS: "labeler.exploring.clusters",
    Survey.Kind.MAP: "labeler.exploring.maps",
    Survey.Kind.INDEX: "labeler.exploring.neighbour_index",
    Survey.Kind.DUPLICATES: "labeler.exploring.duplicates",
    Survey.Kind.PROBE: "labeler.exploring.probes",
    Survey.Kind.LOOKS: "labeler.exploring.looks",
    Survey.Kind.COLUMNS: "labeler.exploring.prepared",
}
KEPT = 2  # whole surveys of a kind and feature set whose files are kept


def ask(
    project: Project, user: User | None, kind: str, space: Space | None, options: dict[str, Any]
) -> Survey:
    """The survey under way, or a new one."""
    features, fingerprint = space or ("", "")
    row, made = Survey.objects.get_or_create(
        project=project, kind=kind, features=features, state__in=Survey.OPEN,
        defaults={"fingerprint": fingerprint, "options": options, "asked_by": user,
                  "state": Survey.State.DUE},
    )  # fmt: skip
    if made:
        nudge(KIND, row.pk)
    return row


def newest(project: Project, kind: str, features: str | None = None) -> Survey | None:
    """The newest whole survey of the kind, of one feature set if asked."""
    found = Survey.objects.filter(project=project, kind=kind, state=Survey.State.DONE)
    if features is not None:
        found = found.filter(features=features)
    return found.order_by("-pk").first()


def open_one(project: Project, kind: str) -> Survey | None:
    """The survey of the kind that is waiting, under way or failed last, if newer than the whole."""
    last = Survey.objects.filter(project=project, kind=kind).order_by("-pk").first()
    return None if last is None or last.state == Survey.State.DONE else last


def folder(row: Survey) -> Path:
    """explore/<kind>/<id> in the project's folder."""
    return storage.arrays_folder(row.project) / "explore" / row.kind / str(row.pk)


def run(row: Survey) -> None:
    """Make the survey. Raises LeaseLost, Hopeless, or what went wrong."""
    beside = folder(row).with_name(f"beside-{row.pk}-{row.lease_no}")
    beside.mkdir(parents=True, exist_ok=True)
    try:
        with leases.keeping(row):
            facts = importlib.import_module(MAKERS[row.kind]).make(row, beside)
            with leases.publishing(row):
                shutil.rmtree(folder(row), ignore_errors=True)
                beside.rename(folder(row))
                leases.finish(row, facts=facts, images=facts.get("images", 0), phase="", error="")
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    _prune(row)


def note(row: Survey, phase: str, done: int, total: int) -> None:
    """Say how far it is. Raises LeaseLost."""
    leases.renew(row, phase=phase, done=done, total=total)


def _prune(row: Survey) -> None:
    same = Survey.objects.filter(project=row.project, kind=row.kind, features=row.features)
    for old in same.filter(state=Survey.State.DONE).order_by("-pk")[KEPT:]:
        shutil.rmtree(folder(old), ignore_errors=True)
        old.delete()
