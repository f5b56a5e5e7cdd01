"""The REST API, version 1. Every endpoint finds its project by role and calls one noun."""

from ninja import NinjaAPI

from labeler.api import (
    acceptances,
    canaries,
    clusters,
    comments,
    corrections,
    duplicates,
    errors,
    exports,
    features,
    gallery,
    grid,
    images,
    import_steps,
    imports,
    label_studio,
    journal,
    labels,
    learning,
    measures,
    predict,
    projects,
    questions,
    rounds,
    similar,
    thresholds,
    uploads,
    versions,
    webhooks,
)
from labeler.api.auth import Bearer, Session
from labeler.api.parameters import known_parameters_only
from labeler.api.parsing import JsonParser


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
api.add_decorator(known_parameters_only, mode="view")
for router in (  # tried in this order; the first is asked for every label
    questions.router, projects.router, labels.router, imports.router, import_steps.router,
    uploads.router, images.router, similar.router, grid.router,
    comments.router, measures.router, learning.router, rounds.router, versions.router,
    journal.router, features.router, exports.router, acceptances.router, predict.router,
    thresholds.router, gallery.router, clusters.router, duplicates.router,
    webhooks.router,
    canaries.router, corrections.router, label_studio.router,
):  # fmt: skip
    api.add_router("", router)
errors.install(api)
