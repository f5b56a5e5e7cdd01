"""What happens here when a round is done."""

import logging
from typing import Any

from labeler.evaluation import curve, stop_tests, studies, suspects
from labeler.evaluation.models import Study
from labeler.projects.models import Project
from labeler.training.models import ModelVersion

log = logging.getLogger(__name__)


def measure_new_version(project_id: int, version: int | None, **_: Any) -> None:
    """Store the score of the version that a round has left; make the look that is due, if any."""
    if version is None:
        return
    found = ModelVersion.objects.select_related("project").filter(
        project_id=project_id, number=version
    )
    try:
        for each in found:
            curve.measure(each.project, each)
            stop_tests.consider(each.project, each)
    except Exception:  # a figure that is late must not fail the round that is done
        log.exception("Version %s of project %s was not measured.", version, project_id)


def count_sureness(project_id: int, version: int | None, **_: Any) -> None:
    """Count what autolabel would accept, for projects where somebody has asked for that."""
    if version is None:
        return
    try:
        for project in Project.objects.filter(pk=project_id):
            if Study.objects.filter(project=project, kind="sureness").exists():
                studies.ask(project, None, "sureness")
    except Exception:  # its page asks again
        log.exception("Nobody was asked to count for autolabel in project %s.", project_id)


def look_for_suspects(project_id: int, version: int | None, **_: Any) -> None:
    """Look for wrong labels anew if there are enough more answers than the last time."""
    if version is None:
        return
    try:
        for project in Project.objects.filter(pk=project_id):
            suspects.consider(project)
    except Exception:  # it can be asked for by hand
        log.exception("Nobody was asked to look for suspects in project %s.", project_id)
