"""Sign in: by password, by a one-use link, and the second step after either."""

from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from labeler.accounts import entering, factors, resets, sso
from labeler.accounts.forms import CodeForm
from labeler.projects import links
from labeler.projects.forms import SignInForm
from labeler.projects.models import User
from labeler.projects.views.account import next_page

WRONG = gettext_lazy("This name and password do not belong together. Try again.")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Let a person in by name and password."""
    if request.user.is_authenticated:
        return redirect(next_page(request))
    form = SignInForm(request.POST or None)
    if form.is_valid():
        user = authenticate(request, **form.cleaned_data)
        if isinstance(user, User):
            return onward(request, user)
        form.add_error(None, WRONG)
    context = {
        "form": form, "next": next_page(request), "mails": resets.can_mail(), "sso": sso.name(),
    }  # fmt: skip
    return render(request, "account/sign_in.html", context, status=400 if form.errors else 200)


@never_cache
@require_GET  # a HEAD, as a preview sends it, must not use the link up
def by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Sign in the user of an unused link."""
    user = links.redeem(secret)
    if user is None:
        return render(request, "account/link_gone.html", status=404)
    return onward(request, user)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for the code of the app."""
    user = entering.waiting(request)
    if user is None:
        return redirect("sign_in")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            if factors.check(user, form.cleaned_data["code"]):
                entering.finish(request, user)
                return redirect(next_page(request))
            form.add_error("code", _("This code is wrong or was used. Write the one shown now."))
        except factors.Locked:
            form.add_error("code", _("Too many wrong codes. Try again in 15 minutes."))
    context = {"form": form, "next": next_page(request)}
    return render(request, "account/second_step.html", context, status=400 if form.errors else 200)


def onward(request: HttpRequest, user: User) -> HttpResponse:
    """The page asked for, or first the second step."""
    target = next_page(request)
    if entering.enter(request, user):
        return redirect(target)
    return redirect(f"{reverse('second_step')}?{urlencode({'next': target})}")
