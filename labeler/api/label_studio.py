"""Label Studio asks Labeler as its model: its protocol for a machine learning backend.

Sources: label-studio-ml (`api.py`) and Label Studio's guides "Write your own ML backend" and
"Webhook event reference".
"""

import re
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Router, Schema
from ninja.responses import Status

from labeler.api import predict
from labeler.api.auth import Basic, Bearer, Session
from labeler.api.errors import ERRORS, Refused
from labeler.formats import label_studio_config
from labeler.formats.label_studio_config import Config, NotForUs
from labeler.formats.label_studio_min import path_in
from labeler.labeling import answers, handed_in
from labeler.pools.archives import Unreadable
from labeler.pools.models import Image
from labeler.pools.remote import addresses, reading
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project, User
from labeler.serving import pictures
from labeler.training import versions

router = Router(tags=["Label Studio"], auth=[Bearer(), Session(), Basic()])
PATH = "/projects/{int:project_id}/label-studio"
MOST_TASKS = 250  # in one request
OURS = re.compile(r"/images/([1-9][0-9]{0,17})(?:/(?:file|thumb|screen|original))?/?")
ANSWERED = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_CREATED")


class Health(Schema):
    """That it answers."""

    status: str
    model_class: str


class Setup(Schema):
    """The version that predicts, in Label Studio's words."""

    model_version: str


class PredictionsOut(Schema):
    """A prediction for each task, in their order; `result` is empty where there is none."""

    results: list[dict[str, Any]]
    model_version: str


class Taken(Schema):
    """What became of an event: "stored", "importing" or "ignored"."""

    status: str
    image: int | None = None
    import_number: int | None = None


class Tasks(Schema):
    """Tasks to predict."""

    tasks: list[dict[str, Any]]
    label_config: str = ""


class Event(Schema):
    """Something that happened in Label Studio."""

    action: str = ""
    annotation: dict[str, Any] | None = None
    task: dict[str, Any] | None = None


@router.get(f"{PATH}/health", response={200: Health, **ERRORS})
def label_studio_health(request: HttpRequest, project_id: int) -> dict[str, str]:
    """Whether Labeler answers for this project."""
    project_for(request.user, project_id, "see_dashboard")
    return {"status": "UP", "model_class": "Labeler"}


@router.post(f"{PATH}/setup", response={200: Setup, **ERRORS})
def label_studio_setup(request: HttpRequest, project_id: int, body: Body[dict[str, Any]]) -> Any:
    """Check that the labeling configuration (`schema`) has choices that this project knows."""
    project = project_for(request.user, project_id, "see_dashboard")
    config = _config(body.get("schema") or body.get("label_config"))
    if config.names and not _shared(project, config):
        words = _("None of the choices is a label of %(name)s. Name them alike.")
        raise Refused(422, "no_label", words % {"name": project.name})
    serving = versions.serving(project)
    return {"model_version": str(serving.number) if serving else "none yet"}


@router.post(
    f"{PATH}/predict", response={200: PredictionsOut, frozenset({429, 503}): dict, **ERRORS}
)
def label_studio_predict(request: HttpRequest, project_id: int, body: Tasks) -> Any:
    """Predict tasks whose `data` names an image: an address, or an image of the pool.

    A task whose image cannot be had has an empty `result` and an `error`.
    """
    project = project_for(request.user, project_id, "see_dashboard")
    config = _config(body.label_config)
    if not 0 < len(body.tasks) <= MOST_TASKS:
        raise Refused(413, "too_many", _("Send 1 to %(n)s tasks at once.") % {"n": MOST_TASKS})
    if not settings.SERVING:
        return predict.there(request)
    places = [_place(task, config) for task in body.tasks]
    told = predict.judged(project, pictures.of_places(project, places))
    if not isinstance(told, dict):
        return told
    shared = _shared(project, config)
    results = [_result(said, config, shared) for said in told["predictions"]]
    return {"results": results, "model_version": str(told["model_version"])}


@router.post(f"{PATH}/webhook", response={200: Taken, 201: Taken, 202: Taken, **ERRORS})
def label_studio_webhook(request: HttpRequest, project_id: int, body: Event) -> Status[Any]:
    """Take an annotation that was made or changed into the pool; other events are ignored.

    The same event twice is stored once. A picture that the pool does not have is fetched and
    imported, which takes an admin's token.
    """
    project = project_for(request.user, project_id, "review")
    annotation, task = body.annotation or {}, body.task or {}
    labels = _chosen(annotation)
    if body.action not in ANSWERED or annotation.get("was_cancelled") or labels is None:
        return Status(200, {"status": "ignored"})
    place = _place(task, None)
    image = _known(project, place)
    data = b"" if image else _fetched(project_id, request, place)
    if image := image or handed_in.known(project, data):
        return _label(request, project, image, _uuid(project, annotation, labels), labels)
    name = addresses.name_of(str(place))
    user = cast(User, request.user)
    try:
        made = handed_in.bring(project=project, user=user, name=name, data=data, labels=labels)
    except answers.Refused as why:
        raise Refused(why.status, why.code, why.detail) from why
    return Status(202, {"status": "importing", "import_number": made.number})


def _label(
    request: HttpRequest, project: Project, image: Image, uuid: UUID, labels: Sequence[str]
) -> Status[Any]:
    user = cast(User, request.user)
    outcome = handed_in.label(project=project, user=user, image=image, uuid=uuid, labels=labels)
    if outcome.annotation is None:
        raise Refused(outcome.status, outcome.code, outcome.detail)
    return Status(outcome.status, {"status": "stored", "image": image.pk})


def _config(text: Any) -> Config:
    try:
        return label_studio_config.parse(text if isinstance(text, str) else "")
    except NotForUs as why:
        words = _("Labeler classifies whole images: ask Choices of an Image.")
        raise Refused(422, "bad_config", f"{why} {words}") from why


def _shared(project: Project, config: Config) -> dict[str, str]:
    """{label of the project: the choice of that name}; every label where choices come by task."""
    names = Label.objects.filter(project=project, retired=False).values_list("name", flat=True)
    theirs = {Label.clean_name(name).casefold(): name for name in config.names or names}
    return {name: theirs[name.casefold()] for name in names if name.casefold() in theirs}


def _place(task: dict[str, Any], config: Config | None) -> int | str:
    """The id of an image of the pool, or an address, or "" where the task names none."""
    data = task.get("data")
    data = data if isinstance(data, dict) else {}
    if isinstance(own := data.get("labeler_image"), int):
        return own
    told = data.get(config.value) if config and config.value else path_in(data)
    if not told and config is None:
        told = next((v for v in data.values() if isinstance(v, str) and "://" in v), "")
    path = told if isinstance(told, str) else ""
    ours = OURS.search(urlsplit(path).path) if _is_here(path) else None
    return int(ours[1]) if ours else path


def _is_here(address: str) -> bool:
    """Whether an address is one of this installation's own."""
    host = urlsplit(address).hostname
    return not host or host in settings.ALLOWED_HOSTS


def _result(said: dict[str, Any], config: Config, shared: dict[str, str]) -> dict[str, Any]:
    version = str(said["model_version"])
    if "error" in said:
        detail = said["error"]["detail"]
        return {"result": [], "score": 0.0, "model_version": version, "error": detail}
    scores = {shared[name]: p for name, p in said["scores"].items() if name in shared}
    passing = [said["label"]] if said["label"] else said.get("labels", [])
    given = [shared[name] for name in passing if name in shared]
    given = given if config.multiple else given[:1]
    score = min((scores[name] for name in given), default=0.0)
    if not given:
        return {"result": [], "score": score, "model_version": version}
    choices = {
        "id": "labeler", "from_name": config.choices, "to_name": config.image, "type": "choices",
        "value": {"choices": given}, "score": score,
    }  # fmt: skip
    return {"result": [choices], "score": score, "model_version": version}


def _chosen(annotation: dict[str, Any]) -> list[str] | None:
    """The choices of an annotation; None where it holds none."""
    result = annotation.get("result")
    for each in result if isinstance(result, list) else []:
        if isinstance(each, dict) and each.get("type") == "choices":
            value = each.get("value")
            told = value.get("choices") if isinstance(value, dict) else None
            return handed_in.names(told) if isinstance(told, list) else None
    return None


def _uuid(project: Project, annotation: dict[str, Any], labels: Sequence[str]) -> UUID:
    """One for each state of an annotation: an event that comes again stores nothing new."""
    state = (project.pk, annotation.get("id"), annotation.get("updated_at"), *labels)
    return uuid5(NAMESPACE_URL, "label-studio:" + "\n".join(map(str, state)))


def _known(project: Project, place: int | str) -> Image | None:
    mine = Image.objects.filter(project=project)
    if isinstance(place, int):
        return mine.filter(pk=place).first() if 0 < place < 2**63 else None
    return mine.filter(address=place).first() if place else None


def _fetched(project_id: int, request: HttpRequest, place: int | str) -> bytes:
    """The picture's bytes, by whoever may import. Raises Refused, ImportRefused."""
    project_for(request.user, project_id, "import")
    if isinstance(place, int):
        raise Refused(404, "unknown_image", _("This project has no such image."))
    if addresses.is_bucket(place) or "://" not in place:
        words = _(
            "Labeler cannot reach this image. Give tasks an https address, or labeler_image, the "
            "number of an image of the pool."
        )
        raise Refused(422, "bad_address", words)
    try:
        return reading.reader(addresses.check(place))()
    except Unreadable as error:
        words = f"{error.refused.reason} {error.refused.remedy}"
        raise Refused(422, error.refused.code, words) from error
