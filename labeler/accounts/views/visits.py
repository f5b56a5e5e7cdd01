"""A person's sessions."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeler.accounts import browsers, visits
from labeler.projects.views.account import _user


@never_cache
@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Where the person is signed in."""
    lines = [
        {
            "visit": visit, "browser": browsers.name(visit.browser),
            "here": visit.key == request.session.session_key,
        }
        for visit in visits.of(_user(request))
    ]  # fmt: skip
    return render(request, "account/sessions.html", {"lines": lines})


@login_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out in one other place."""
    if not visits.end(_user(request), pk):
        raise Http404
    messages.success(request, _("You are signed out there."))
    return redirect("sessions")


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    visits.end_all(_user(request), but=request.session.session_key)
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("sessions")
