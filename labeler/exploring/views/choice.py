"""What is done with the chosen images: labeled together, asked next, looked at. JSON in and out."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from labeler.exploring import further, picked
from labeler.labeling import asking, chosen, together
from labeler.labeling.answers import Refused, read_uuid
from labeler.projects.access import Action, project_for
from labeler.projects.models import Project, User

Body = dict[str, Any]
Answer = Callable[[Project, User, Body], Body]


def told_as_json(action: Action) -> Callable[[Answer], Callable[..., JsonResponse]]:
    """A POST of JSON by somebody who may do `action`; a refusal says why in `detail`."""

    def wrap(answer: Answer) -> Callable[..., JsonResponse]:
        @login_required
        @require_POST
        @wraps(answer)
        def view(request: HttpRequest, pk: int) -> JsonResponse:
            project = project_for(request.user, pk, action)
            try:
                return JsonResponse(answer(project, cast(User, request.user), _body(request)))
            except Refused as why:
                return JsonResponse({"code": why.code, "detail": why.detail}, status=why.status)

        return cast(Callable[..., JsonResponse], view)

    return wrap


def _body(request: HttpRequest) -> Body:
    try:
        found = json.loads(request.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused("bad_request", _("Send a JSON object."), 400)
    return found


@told_as_json("explore")
def label(project: Project, user: User, body: Body) -> Body:
    """Give all of them the labels `labels`; `batch` is a fresh UUID, which undo takes."""
    given = body.get("labels")
    if not isinstance(given, list) or any(type(pk) is not int for pk in given):
        raise Refused("bad_labels", _("Choose a label."))
    batch, ids = read_uuid(body.get("batch")), picked.image_ids(project, body)
    done = together.label_together(project, user, ids, given, batch)
    return {"batch": str(batch), "labeled": done.labeled, "left_out": _left_out(done)}


@told_as_json("explore")
def undo(project: Project, user: User, body: Body) -> Body:
    """Take back a whole press."""
    batch = read_uuid(body.get("batch"))
    return {"batch": str(batch), "undone": together.undo_together(project, user, batch)}


@told_as_json("explore")
def ask(project: Project, user: User, body: Body) -> Body:
    """Ask for these next."""
    done = asking.ask_next(project, picked.image_ids(project, body))
    return {"asked": done.asked, "left_out": _left_out(done)}


@told_as_json("explore")
def grid(project: Project, user: User, body: Body) -> Body:
    """Let these stand on a grid; where it is."""
    done, label = further.to_grid(project, picked.image_ids(project, body))
    page = f"{reverse('grid', args=[project.pk])}?label={label}&chosen=1"
    return {"page": page, "shown": done.asked, "left_out": _left_out(done)}


@told_as_json("set")
def part(project: Project, user: User, body: Body) -> Body:
    """Let rounds learn from these only."""
    return {"changed": further.to_part(project, user, picked.image_ids(project, body))}


@told_as_json("explore")
def facts(project: Project, user: User, body: Body) -> Body:
    """What is known of the chosen images: how many are open, and which labels they have."""
    return chosen.facts(project, picked.image_ids(project, body))


def _left_out(done: together.Together | asking.Asked) -> list[str]:
    """Why images were left out, a sentence each."""
    words = {
        "audit": _("%(n)s of the audit sample: they are asked blind."),
        "answered": _("%(n)s answered already."),
        "held": _("%(n)s somebody else is looking at."),
        "held_out": _("%(n)s of the test split."),
        "unknown": _("%(n)s not in this project any more."),
    }
    counts = {why: getattr(done, why, 0) for why in words}
    return [words[why] % {"n": f"{n:,}"} for why, n in counts.items() if n]
