"""How good the model is, measured on the audit sample."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Query, Router
from pydantic import Field

from labeler.api.errors import ERRORS
from labeler.api.schema import Number, QuerySchema, Share
from labeler.evaluation import handover, matrix, reliability, remaining, sample, scored, test_set
from labeler.evaluation.report import report
from labeler.evaluation.scored import NotScored, Thresholds
from labeler.projects.access import project_for
from labeler.projects.models import Project
from labeler.training import versions
from labeler.training.models import ModelVersion

router = Router(tags=["metrics"])

Annotation = Annotated[int, Field(ge=0, lt=2**63)]


class Asked(QuerySchema):
    """Which model version (default: the serving one), one threshold for all labels, and an
    annotation id: the answers as they stood when it was the newest."""

    model_version: Number | None = None
    threshold: Share | None = None
    as_of: Annotation | None = None


@router.get("/projects/{int:project_id}/metrics", response={200: dict[str, Any], **ERRORS})
def metrics(request: HttpRequest, project_id: int, asked: Query[Asked]) -> dict[str, Any]:
    """Precision, recall, F1 and average precision per label and over all labels, with intervals
    and support; what is still unlabeled, what would be handed over now, calibration, and the test
    split apart."""
    project = project_for(request.user, project_id, "see_dashboard")
    version = None
    if asked.model_version is not None:
        mine = ModelVersion.objects.filter(project=project)
        version = mine.filter(number=asked.model_version).first()
        if version is None:
            raise Http404
    told = report(project, version, asked.threshold, as_of=asked.as_of).as_dict()
    return {**told, **_more(project, version or versions.serving(project), asked)}


def _more(project: Project, version: ModelVersion | None, asked: Asked) -> dict[str, Any]:
    """What is told beside the report; each None where nothing can be said."""
    left = remaining.of(project)
    told: dict[str, Any] = {
        "still_unlabeled": left.as_dict() if left else None,
        "confused": None,
        "calibration": None,
        "test_split": None,
        "handover": None,
    }
    if version is None:
        return told
    on_test = test_set.of(project, version, threshold=asked.threshold, as_of=asked.as_of)
    told["test_split"] = {**on_test.as_dict(), "sample": "test"} if on_test else None
    try:
        compared = scored.of(project, version, sample.of(project, asked.as_of))
        found = reliability.of(project, version, asked.as_of)
    except NotScored:
        return told
    confused = matrix.of(compared, Thresholds.of_version(project, version, asked.threshold))
    told["confused"] = matrix.as_dict(confused) if confused else None
    told["calibration"] = found.as_dict() if found else None
    if version.serving and asked == Asked(model_version=asked.model_version):
        set_ = handover.of(project, version, sample.of(project))
        told["handover"] = set_.as_dict() if set_ else None
    return told
