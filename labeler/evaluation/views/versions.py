"""Orders about one model version: serve it, pinned; unpin; delete it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from labeler.projects.access import project_for
from labeler.training import canary, pinning


@login_required
@require_POST
def pin(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Let this version serve until it is unpinned."""
    project = project_for(request.user, pk, "train")
    version = pinning.pin(project, number)
    if version is None:
        raise Http404
    if version.serving:
        words = _("Version %(n)s serves until you unpin it. Rounds go on meanwhile.")
    else:
        words = _("Version %(n)s serves as soon as a round has scored the pool with it.")
    messages.success(request, words % {"n": number})
    return redirect("models", pk)


@login_required
@require_POST
def unpin(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the newest version serve again."""
    project = project_for(request.user, pk, "train")
    if newest := pinning.unpin(project):
        messages.success(request, _("Version %(n)s serves.") % {"n": newest.number})
    return redirect("models", pk)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Take a version away."""
    project = project_for(request.user, pk, "train")
    try:
        if not pinning.delete(project, number):
            raise Http404
        messages.success(request, _("Version %(n)s is gone.") % {"n": number})
    except pinning.Refused as why:
        messages.error(request, str(why))
    return redirect("models", pk)


@login_required
@require_POST
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the newest version answer some percent of the requests; 0 rolls back."""
    project = project_for(request.user, pk, "train")
    try:
        percent = int(request.POST.get("share", ""))
        canary.set_share(project, percent / 100)
    except canary.Refused as why:
        messages.error(request, str(why))
    except ValueError:
        messages.error(request, _("Give the share in whole percent, 0 to 50."))
    else:
        words = _("The newest version answers %(n)s %% of the requests.")
        messages.success(request, words % {"n": percent})
    return redirect("models", pk)


@login_required
@require_POST
def promote(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the canary's version serve."""
    project = project_for(request.user, pk, "train")
    try:
        number = int(request.POST.get("version", ""))
        canary.promote(project, number)
    except canary.Refused as why:
        messages.error(request, str(why))
    except ValueError as error:
        raise Http404 from error
    else:
        words = _("Version %(n)s serves until you unpin it. Rounds go on meanwhile.")
        messages.success(request, words % {"n": number})
    return redirect("models", pk)
