"""The features of a project on its settings page: how far they are, and learning anew."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeler.projects.access import project_for
from labeler.projects.views.account import _user
from labeler.training import feature_fits, feature_states, spaces
from labeler.training.spaces import Space
from labeler.training.templatetags.feature_panel import feature_panel

FOR_GOOD = "private, max-age=31536000, immutable"


@login_required
@require_safe
@never_cache
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel alone, for the page that asks how far it is."""
    project = project_for(request.user, pk, "set")
    return render(request, "training/features.html", feature_panel(project))


@login_required
@require_POST
def learn(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the features learn anew from the images of today."""
    project = project_for(request.user, pk, "set")
    if spaces.learns(project.features):
        feature_fits.ask(project, project.features, _user(request))
        words = _("The features learn again. What they gave before serves until all is embedded.")
        messages.success(request, words)
    else:
        messages.error(request, _("These features learn nothing; there is nothing to do again."))
    return redirect(f"/projects/{pk}/settings#features")


@login_required
@require_safe
def samples(request: HttpRequest, pk: int, fingerprint: str) -> HttpResponseBase:
    """Images above what the features make of them; kept for good under their fingerprint."""
    project = project_for(request.user, pk, "set")
    space = spaces.chosen(project)
    sheet = feature_states.samples(project, space)
    if sheet is None or space != Space(project.features, fingerprint):
        raise Http404
    return FileResponse(
        sheet.open("rb"), content_type="image/webp", headers={"Cache-Control": FOR_GOOD}
    )
