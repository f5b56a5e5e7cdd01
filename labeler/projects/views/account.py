"""Sign out, personal settings. The ways in are in labeler.accounts."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from labeler.projects.access import projects_of
from labeler.projects.forms import PersonalForm
from labeler.projects.models import User

BACKEND = "labeler.projects.sessions.Backend"
MOST_PROJECTS = 20  # whose keys are linked from the personal page


def next_page(request: HttpRequest) -> str:
    """Where to go after signing in: `next` if it is a page of this site, else the projects."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    inside = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    plain = wanted.isprintable() and wanted.startswith("/") and "\\" not in wanted
    return wanted if inside and plain else resolve_url(settings.LOGIN_REDIRECT_URL)


def locked_out(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """After too many wrong passwords for one name from one address."""
    minutes = round(60 * settings.AXES_COOLOFF_TIME)
    response = render(request, "account/locked.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(60 * minutes)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def personal(request: HttpRequest) -> HttpResponse:
    """A person's own settings."""
    user = _user(request)
    start = {"name": user.first_name, "letter_keys": user.settings.get("letter_keys", True)}
    form = PersonalForm(request.POST if request.method == "POST" else None, initial=start)
    if form.is_valid():
        user.first_name = form.cleaned_data["name"]
        user.last_name = ""
        user.settings["letter_keys"] = form.cleaned_data["letter_keys"]
        user.save(update_fields=["first_name", "last_name", "settings"])
        messages.success(request, _("Your settings are saved."))
        return redirect("personal")
    mine = list(projects_of(user).order_by("-pk")[: MOST_PROJECTS + 1])
    context = {
        "form": form, "key_projects": mine[:MOST_PROJECTS],
        "more_key_projects": len(mine) > MOST_PROJECTS,
    }  # fmt: skip
    return render(request, "account/personal.html", context, status=400 if form.errors else 200)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
