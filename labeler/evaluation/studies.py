"""Questions about a project's labels that a worker answers: asked, answered, the newest shown."""

import importlib

from labeler.evaluation.models import Study
from labeler.projects.models import Project, User
from labeler.work import leases
from labeler.work.messages import nudge

KIND = "study"
MAKERS = {  # kind: the module whose `answer(row)` returns the facts
    "suspects": "labeler.evaluation.suspecting",
    "replay": "labeler.evaluation.replaying",  # what random order would have given
    "strategies": "labeler.evaluation.comparing_strategies",
    "sureness": "labeler.evaluation.counting",  # of every image that could be accepted
    "accept": "labeler.evaluation.accepting",
    "revoke": "labeler.evaluation.accepting",
}
KEPT = 5


def ask(project: Project, user: User | None, kind: str, **options: object) -> Study:
    """The study of that kind under way, or a new one."""
    mine = Study.objects.filter(project=project, kind=kind)
    row = mine.filter(state__in=Study.OPEN).first()
    if row is None:
        row = Study.objects.create(project=project, kind=kind, options=options, asked_by=user)
        nudge(KIND, row.pk)
    return row


def newest(project: Project, kind: str) -> Study | None:
    """The newest answered one."""
    mine = Study.objects.filter(project=project, kind=kind, state=Study.State.DONE)
    return mine.order_by("-pk").first()


def under_way(project: Project, kind: str) -> Study | None:
    """The one that waits, works or failed, if it is newer than the newest answered."""
    last = Study.objects.filter(project=project, kind=kind).order_by("-pk").first()
    return None if last is None or last.state == Study.State.DONE else last


def run(row: Study) -> None:
    """Answer the question. Raises LeaseLost, Hopeless, or what went wrong."""
    with leases.keeping(row):
        facts = importlib.import_module(MAKERS[row.kind]).answer(row)
        leases.finish(row, facts=facts, phase="", error="")
    same = Study.objects.filter(project=row.project, kind=row.kind, state=Study.State.DONE)
    Study.objects.filter(
        pk__in=list(same.order_by("-pk").values_list("pk", flat=True)[KEPT:])
    ).delete()


def note(row: Study, phase: str, done: int, total: int) -> None:
    """Say how far it is. Raises LeaseLost."""
    leases.renew(row, phase=phase, done=done, total=total)
