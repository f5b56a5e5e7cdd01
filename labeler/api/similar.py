"""The images most like one."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.images import _image
from labeler.api.schema import QuerySchema
from labeler.exploring import similar
from labeler.exploring.similar import MOST, NotReady
from labeler.projects.access import project_for
from labeler.training import spaces
from labeler.training.shards import EmbeddingsDamaged

router = Router(tags=["images"])


class Asked(QuerySchema):
    """How many, by which features, and what alike means. Empty features: those that serve."""

    k: Annotated[int, Field(ge=1, le=MOST)] = 20
    metric: Literal["cosine", "euclidean"] = "cosine"
    features: Annotated[str, Field(max_length=80)] = ""


class LikeOut(Schema):
    """An image with its cosine similarity in [-1, 1], or its Euclidean distance."""

    id: int
    name: str
    state: str
    value: float


class SimilarOut(Schema):
    """The images most alike, first first. `how` is "index" where a pool is too large to compare
    with every image."""

    image: int
    features: str
    metric: Literal["cosine", "euclidean"]
    how: Literal["exact", "index"]
    items: list[LikeOut]


@router.get("/images/{int:image_id}/similar", response={200: SimilarOut, **ERRORS})
def similar_images(request: HttpRequest, image_id: int, asked: Query[Asked]) -> dict[str, Any]:
    """The images of the same project that are most like this one."""
    image = _image(request, image_id)
    project_for(request.user, image.project_id, "explore")
    if asked.features and (wrong := spaces.wrong_with(asked.features)):
        raise Refused(409, "not_ready", wrong)
    try:
        found = similar.to_image(image, asked.k, features=asked.features, metric=asked.metric)
    except (NotReady, EmbeddingsDamaged) as why:
        raise Refused(409, "not_ready", str(why)) from why
    return {
        "image": image.pk, "features": found.features, "metric": found.metric, "how": found.how,
        "items": [
            {"id": like.image.pk, "name": like.image.name, "state": like.image.state,
             "value": round(like.value, 5)}
            for like in found.found
        ],
    }  # fmt: skip
