"""Change a password, or choose a new one by a link."""

import threading

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from labeler.accounts import resets, visits
from labeler.accounts.forms import NewPasswordForm, WhoForm
from labeler.accounts.views.people import account_for
from labeler.accounts.views.signing_in import onward
from labeler.journal import noting
from labeler.projects.views.account import _user


@never_cache
@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """Change the password. Other sessions end, and all tokens are revoked."""
    user = _user(request)
    kind = PasswordChangeForm if user.has_usable_password() else NewPasswordForm
    form = kind(user, request.POST if request.method == "POST" else None)
    for name in form.fields:
        form.fields[name].widget.attrs["class"] = "input"
    if form.is_valid():
        form.save()
        update_session_auth_hash(request, user)
        resets.shut_out(user)
        noting.note("change_password", target=user.username)
        visits.begin(request, user)
        messages.success(request, _("Your password is changed. All your tokens are revoked."))
        return redirect("personal")
    return render(
        request, "account/password.html", {"form": form}, status=400 if form.errors else 200
    )


@login_required
@require_POST
def make_link(request: HttpRequest, account: int) -> HttpResponse:
    """The owner makes a link by which somebody chooses a new password, and sees it once."""
    person = account_for(request, account)
    if not person.is_active:
        raise Http404
    link = request.build_absolute_uri(f"/reset/{resets.issue(person)}")
    noting.note("make_reset_link", target=person.username)
    response = render(request, "account/reset_made.html", {"person": person, "link": link})
    response["Cache-Control"] = "no-store"
    return response


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, secret: str) -> HttpResponse:
    """Choose a new password; a POST uses the link up and signs in."""
    person = resets.person_of(secret)
    if person is None:
        return render(request, "account/link_gone.html", {"reset": True}, status=404)
    form = NewPasswordForm(person, request.POST if request.method == "POST" else None)
    if form.is_valid():
        changed = resets.use(secret, form.cleaned_data["new_password1"])
        if changed is None:
            return render(request, "account/link_gone.html", {"reset": True}, status=404)
        noting.note("change_password", target=changed.username, user=changed)
        return onward(request, changed)
    context = {"form": form, "person": person}
    return render(request, "account/reset.html", context, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link by e-mail. The answer is the same for everybody, and as quick."""
    if not resets.can_mail():
        raise Http404
    form = WhoForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        later(form.cleaned_data["who"], request.build_absolute_uri("/").rstrip("/"))
        return render(request, "account/reset_sent.html")
    context = {"form": form}
    return render(request, "account/forgotten.html", context, status=400 if form.errors else 200)


def later(told: str, address: str) -> None:
    """Look the person up and send the mail after the answer: its time must tell nothing."""
    threading.Thread(target=resets.mail_quietly, args=(told, address), daemon=True).start()
