"""Deleting an account: an owner decides what becomes of the answers."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from labeler.accounts import leaving
from labeler.accounts.forms import LeavingForm
from labeler.accounts.views.people import account_for
from labeler.projects.models import User


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, account: int) -> HttpResponse:
    """Explain, ask for the name, delete."""
    person = account_for(request, account)
    own = person.pk == request.user.pk
    form = LeavingForm(request.POST if request.method == "POST" else None, person=person)
    if not own and form.is_valid():
        return _deleted(request, person, form.cleaned_data["answers"])
    context = {"form": form, "person": person, "own": own, "choices": leaving.CHOICES}
    refused = bool(form.errors) or (own and request.method == "POST")
    return render(request, "account/delete.html", context, status=400 if refused else 200)


def _deleted(request: HttpRequest, person: User, answers: str) -> HttpResponse:
    before = person.username
    try:
        now = leaving.delete(person, answers=answers)
    except leaving.LastOwner:  # deactivated owners count for nothing
        messages.error(request, _("This is the last owner. Make another one first."))
        return redirect("accounts")
    words = {
        "keep": _("%(person)s is gone. The answers stay, as those of %(now)s."),
        "delete": _("%(person)s is gone. A worker takes out the answers, as those of %(now)s."),
    }
    messages.success(request, words[answers] % {"person": before, "now": now})
    return redirect("accounts")
