"""What an invited person sees."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from labeler.projects import invitations
from labeler.projects.forms import JoinForm
from labeler.projects.models import Membership
from labeler.projects.templatetags.look import role_words
from labeler.projects.views.account import BACKEND, _user


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the invitation; a POST makes the account and joins. Signed-in people use `join`."""
    invitation = invitations.find(secret)
    if invitation is None:
        return _gone(request)
    posted = request.method == "POST" and not request.user.is_authenticated
    form = JoinForm(request.POST if posted else None)
    if form.is_valid():
        try:
            user = invitations.accept_as_new(secret, **form.cleaned_data)
        except IntegrityError:  # the name was taken in the same moment
            form.add_error("username", _("Somebody has this name already. Choose another."))
        else:
            if user is None:
                return _gone(request)
            login(request, user, backend=BACKEND)
            return redirect("label", invitation.project_id)
    context = {
        "invitation": invitation, "form": form, "secret": secret,
        "sso": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "after": reverse("label", args=[invitation.project_id]),
    }  # fmt: skip
    return render(request, "account/invitation.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_POST
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Join with the account one is signed in with."""
    member: Membership | None = invitations.accept(secret, _user(request))
    if member is None:
        return _gone(request)
    messages.success(
        request,
        _("You are %(role)s of %(project)s.")
        % {"role": role_words(member.role), "project": member.project},
    )
    return redirect("label", member.project_id)


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "account/link_gone.html", {"invitation": True}, status=404)
