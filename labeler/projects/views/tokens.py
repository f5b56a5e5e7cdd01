"""A person's access tokens."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from labeler.projects import secret, tokens
from labeler.projects.access import projects_of
from labeler.projects.forms import TokenForm
from labeler.projects.models import User
from labeler.projects.views.account import _user


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """List the tokens; a POST makes one and shows its secret, this once."""
    user = _user(request)
    form = _form_for(user, request.POST if request.method == "POST" else None)
    fresh = None
    if form.is_valid():
        values = form.cleaned_data
        days = values.pop("days")
        ends = secret.in_days(days) if days else None
        try:
            fresh = tokens.issue(user=user, expires_at=ends, **values)[1]
        except tokens.TooManyTokens:
            form.add_error(None, _("You have 100 tokens. Revoke one you no longer use."))
        else:
            form = _form_for(user)
    context = {"form": form, "tokens": tokens.working(user), "fresh": fresh}
    return render(request, "account/tokens.html", context, status=400 if form.errors else 200)


def _form_for(user: User, sent: QueryDict | None = None) -> TokenForm:
    form = TokenForm(sent)
    form.fields["project"].queryset = projects_of(user)  # type: ignore[attr-defined]
    return form


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a token worthless."""
    if pk >= 2**63 or not tokens.revoke(_user(request), pk):
        raise Http404
    messages.success(request, _("The token is revoked."))
    return redirect("tokens")
