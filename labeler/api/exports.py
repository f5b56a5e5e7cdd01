"""Everything people said, streamed."""

from typing import Literal

from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from ninja import Query, Router

from labeler.api.errors import ERRORS
from labeler.api.schema import QuerySchema
from labeler.labeling import exporting
from labeler.projects.access import project_for

router = Router(tags=["export"])


class Wanted(QuerySchema):
    """Which form."""

    format: Literal["csv", "jsonl"] = "csv"


@router.get(
    "/projects/{int:project_id}/export",
    response={200: None, **ERRORS},
    openapi_extra={
        "responses": {
            200: {
                "description": "The answers, one per line.",
                "content": {
                    "text/csv": {"schema": {"type": "string"}},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                },
            }
        }
    },
)
def export(request: HttpRequest, project_id: int, wanted: Query[Wanted]) -> HttpResponseBase:
    """Image, labels, who, when, and why it was asked: one line per answer that counts."""
    project = project_for(request.user, project_id, "export")
    csv = wanted.format == "csv"
    lines = exporting.csv_lines(project) if csv else exporting.jsonl_lines(project)
    kind = "text/csv; charset=utf-8" if csv else "application/x-ndjson"
    response = StreamingHttpResponse(lines, content_type=kind)
    name = f"project-{project.pk}.{wanted.format}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
