"""The accounts of the installation, for its owner."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeler.journal import noting
from labeler.projects import accounts
from labeler.projects.models import User
from labeler.projects.views.account import _user

PER_PAGE = 100
NAMED = 3  # projects of one person


@never_cache
@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """List everybody who has an account: when they last came in, where they belong."""
    _owner(request)
    sent = request.GET.get("page", "1")
    number = max(1, int(sent)) if sent.isascii() and sent.isdigit() and len(sent) < 7 else 1
    found = accounts.page(number, PER_PAGE)
    lines = [
        {"person": each.person, "places": each.places[:NAMED], "more": len(each.places) - NAMED}
        for each in found[:PER_PAGE]
    ]
    context = {"lines": lines, "page": number, "more": len(found) > PER_PAGE}
    return render(request, "account/accounts.html", context)


@login_required
@require_POST
def deactivate(request: HttpRequest, account: int) -> HttpResponse:
    """Shut somebody out of the installation."""
    try:
        person = accounts.deactivate(account, by=_owner(request))
    except accounts.OwnAccount:
        messages.error(request, _("Another owner can deactivate your account, but not you."))
        return redirect("accounts")
    return _said(request, person, _("%(person)s cannot sign in any more. Their answers stay."))


@login_required
@require_POST
def reactivate(request: HttpRequest, account: int) -> HttpResponse:
    """Let somebody sign in again."""
    _owner(request)
    person = accounts.reactivate(account)
    return _said(request, person, _("%(person)s can sign in again, with the roles they had."))


def _owner(request: HttpRequest) -> User:
    """Who asks, if that is an owner of the installation. Raises PermissionDenied."""
    user = _user(request)
    if not user.is_superuser:
        raise PermissionDenied
    noting.asked()
    return user


def _said(request: HttpRequest, person: User | None, words: str) -> HttpResponse:
    if person is None:
        raise Http404
    messages.success(request, words % {"person": person})
    return redirect("accounts")
