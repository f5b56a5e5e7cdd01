"""How good the model is, measured on the audit sample."""

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Query, Router

from labeler.api.errors import ERRORS
from labeler.api.schema import Number, QuerySchema, Share
from labeler.evaluation.report import report
from labeler.projects.access import project_for
from labeler.training.models import ModelVersion

router = Router(tags=["metrics"])


class Asked(QuerySchema):
    """Which model version (default: the serving one), and one threshold for all labels."""

    model_version: Number | None = None
    threshold: Share | None = None


@router.get("/projects/{int:project_id}/metrics", response={200: dict[str, Any], **ERRORS})
def metrics(request: HttpRequest, project_id: int, asked: Query[Asked]) -> dict[str, Any]:
    """Precision, recall and F1 per label, with intervals and support."""
    project = project_for(request.user, project_id, "see_dashboard")
    version = None
    if asked.model_version is not None:
        versions = ModelVersion.objects.filter(project=project)
        version = versions.filter(number=asked.model_version).first()
        if version is None:
            raise Http404
    return report(project, version, asked.threshold).as_dict()
