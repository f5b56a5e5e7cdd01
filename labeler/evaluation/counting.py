"""Study "sureness": count how sure the serving version is of every image that could be accepted."""

from typing import Any

from labeler.evaluation import studies
from labeler.evaluation.models import Study
from labeler.training import sureness, versions
from labeler.work.leases import Hopeless


def answer(row: Study) -> dict[str, Any]:
    """Write the serving version's file. Raises Hopeless, LeaseLost."""
    version = versions.serving(row.project)
    if version is None:
        raise Hopeless("There is no model yet. Label some images, then train.")
    sureness.make(version, lambda done, total: studies.note(row, "counting", done, total))
    return {"version": version.number}
