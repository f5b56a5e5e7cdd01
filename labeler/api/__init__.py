"""The REST API, version 1. Every endpoint finds its project by role and calls one noun."""

from typing import Any

from ninja import NinjaAPI

from labeler.api import (
    acceptances,
    batch_predictions,
    canaries,
    chosen,
    clusters,
    comments,
    corrections,
    duplicates,
    errors,
    exports,
    features,
    gallery,
    grid,
    guidance,
    holding,
    images,
    import_steps,
    imports,
    installation,
    journal,
    label_studio,
    labels,
    learning,
    measures,
    members,
    model_exports,
    one_label,
    own,
    predict,
    projects,
    quality,
    questions,
    reviewing,
    rounds,
    similar,
    spaces,
    stopping,
    thresholds,
    uploads,
    versions,
    webhooks,
    work,
)
from labeler.api.auth import Bearer, Session
from labeler.api.etags import tagged
from labeler.api.parameters import Run, known_parameters_only
from labeler.api.parsing import JsonParser
from labeler.api.repeating import repeatable


class Api(NinjaAPI):
    """Ninja, with operation ids that read like the function's name."""

    def get_openapi_operation_id(self, operation) -> str:  # type: ignore[no-untyped-def]
        return str(operation.view_func.__name__)


api = Api(
    title="Labeler",
    version="1",
    description=(
        "Sign in with a session and an X-CSRFToken header, or send `Authorization: Bearer TOKEN`. "
        "Errors are {detail, code, errors?}. Lists are {items, next}; send `next` as `cursor`."
    ),
    urls_namespace="api",
    openapi_url=None,  # served by docs.py, to those who are signed in
    docs_url=None,
    auth=[Bearer(), Session()],
    parser=JsonParser(),
)


def guarded(run: Run) -> Run:
    """What holds for every operation, whatever it does."""
    operation: Any = run.__self__  # type: ignore[attr-defined]
    strict = known_parameters_only(run, operation.models)
    return tagged(repeatable(strict, operation.view_func.__name__))


api.add_decorator(guarded, mode="view")
for router in (  # tried in this order; the first is asked for every label
    questions.router, projects.router, labels.router, imports.router, import_steps.router,
    uploads.router, images.router, similar.router, grid.router,
    comments.router, measures.router, learning.router, rounds.router, versions.router,
    journal.router, features.router, exports.router, acceptances.router, predict.router,
    thresholds.router, gallery.router, clusters.router, duplicates.router,
    batch_predictions.router, model_exports.router,
    one_label.router, members.router, own.router, holding.router, guidance.router,
    reviewing.router, quality.router, stopping.router, chosen.router, spaces.router,
    installation.router, work.router,
    webhooks.router,
    canaries.router, corrections.router, label_studio.router,
):  # fmt: skip
    api.add_router("", router)
errors.install(api)
