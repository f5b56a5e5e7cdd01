"""Autolabel: what the model may label by itself at an error somebody tolerates."""

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from labeler.evaluation import acceptances, autolabel, studies
from labeler.evaluation.acceptances import NotAccepted
from labeler.evaluation.autolabel import USUAL, BadWish, Missing, Offer, Wish
from labeler.evaluation.models import Study
from labeler.evaluation.within import Within
from labeler.labeling.asked import number
from labeler.labeling.models import Acceptance
from labeler.projects.access import may, project_for
from labeler.projects.models import Label, Project, User
from labeler.training import versions

WORK = ("sureness", *acceptances.WORK)
MOST_OWN = 40  # labels with a field of their own
LABEL = "label_"


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """What would be accepted at `?tolerated=` percent, and what was accepted so far."""
    return shown(request, project_for(request.user, pk, "review"))


def shown(
    request: HttpRequest, project: Project, inside: Within | None = None,
    fields: Sequence[tuple[str, str]] = (),
) -> HttpResponse:  # fmt: skip
    """The page, about a part of the pool if asked; fields: the names and values that say which."""
    trouble = ""
    try:
        wished = read(project, request.GET)
    except BadWish as why:
        wished, trouble = Wish(), str(why)
    offer = autolabel.of(project, versions.serving(project), wished, inside)
    if isinstance(offer, Missing) and offer.what == "count":
        studies.ask(project, cast(User, request.user), "sureness")
    context = {
        "project": project, "tab": "review", "trouble": trouble, "wish": wished,
        "offer": offer if isinstance(offer, Offer) else None,
        "missing": offer.what if isinstance(offer, Missing) else "",
        "fields": _fields(project, request.GET), "kept": acceptances.listed(project),
        "work": _work(project), "may_train": may(request.user, project, "train"),
        "may_set": may(request.user, project, "set"),
        "look": autolabel.look(project, offer) if isinstance(offer, Offer) else [],
        "within": inside, "within_fields": fields,
        "inside": int(inside.rows.sum()) if inside else 0,
    }  # fmt: skip
    return render(request, "evaluation/autolabel.html", context)


def read(project: Project, given: QueryDict) -> Wish:
    """The tolerated errors, in percent, as the form sends them. Raises BadWish."""
    own = {
        int(name.removeprefix(LABEL)): _share(value)
        for name, value in given.items()
        if number(name.removeprefix(LABEL)) and name.startswith(LABEL) and str(value).strip()
    }
    text = given.get("tolerated", "").strip()
    return autolabel.wish(project, _share(text) if text else USUAL, own)


def _share(text: object) -> float:
    try:
        return float(str(text).replace(",", ".")) / 100
    except ValueError:
        return float("nan")


def _fields(project: Project, given: QueryDict) -> list[dict[str, Any]]:
    """A field per label, where labels can have a rate of their own."""
    if project.is_multi:
        return []
    labels = Label.objects.filter(project=project, retired=False).order_by("position", "place")
    return [
        {"label": label, "name": f"{LABEL}{label.pk}", "value": given.get(f"{LABEL}{label.pk}", "")}
        for label in labels[:MOST_OWN]
    ]


def _work(project: Project) -> Study | None:
    """What a worker does for this page now, or failed at last."""
    rows = Study.objects.filter(project=project, kind__in=WORK)
    last = rows.order_by("-pk").first()
    shown = (*Study.OPEN, Study.State.FAILED)
    return rows.filter(state__in=Study.OPEN).first() or (
        last if last is not None and last.state in shown else None
    )


@login_required
@require_safe
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the work is; asks the page to reload once it is done."""
    project = project_for(request.user, pk, "review")
    work = _work(project)
    answer = render(request, "evaluation/_autolabel_work.html", {"work": work, "project": project})
    if work is None or not work.is_open:
        answer["HX-Refresh"] = "true"
    return answer


@login_required
@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept what the page offered."""
    project = project_for(request.user, pk, "train")
    accepted(request, project, cast(User, request.user))
    return redirect(_back(request, pk))


def accepted(
    request: HttpRequest, project: Project, user: User, inside: Within | None = None
) -> None:
    """Begin what the form asks for, and say so, or why not."""
    try:
        made = acceptances.accept(
            project, user, read(project, request.POST),
            version=number(request.POST.get("version")) or 0,
            teaches=request.POST.get("teaches") == "1", inside=inside,
        )  # fmt: skip
    except (BadWish, NotAccepted) as why:
        messages.error(request, str(why))
    else:
        words = _("Acceptance %(n)s is on its way. Revoke it at any time.")
        messages.success(request, words % {"n": made.number})


@login_required
@require_POST
def change(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """`do`: revoke, accept again, teach or unteach."""
    project = project_for(request.user, pk, "train")
    user, wanted = cast(User, request.user), request.POST.get("do", "")
    try:
        if wanted == "revoke":
            _revoke(request, project, user, number)
        elif wanted in ("teach", "unteach"):
            acceptances.teach(project, user, number, teaches=wanted == "teach")
            messages.success(request, _("The next round knows. It is on its way."))
    except Acceptance.DoesNotExist:
        messages.error(request, _("This project has no such acceptance."))
    return redirect("autolabel", pk)


def _revoke(request: HttpRequest, project: Project, user: User, wanted: int) -> None:
    left = acceptances.one(project, wanted).standing
    acceptances.revoke(project, user, wanted)
    words = ngettext(
        "Revoked: %(n)s image is open again. To undo, accept again.",
        "Revoked: %(n)s images are open again. To undo, accept again.",
        left,
    )
    messages.success(request, words % {"n": f"{left:,}"})


def _back(request: HttpRequest, pk: int) -> str:
    """The page with the same rates."""
    kept = QueryDict(mutable=True)
    for name, value in request.POST.items():
        if (name == "tolerated" or name.startswith(LABEL)) and str(value).strip():
            kept[name] = str(value)[:20]
    query = kept.urlencode()
    return reverse("autolabel", args=[pk]) + (f"?{query}" if query else "")
