"""The page where a person sets up the second factor, or takes it away."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from labeler.accounts import entering, factors, visits
from labeler.accounts.forms import CodeForm
from labeler.journal import noting
from labeler.projects.models import User
from labeler.projects.views.account import _user

SEED = "second_factor_seed"  # in the session until the first right code


@never_cache
@sensitive_post_parameters("code")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the QR code; a right code sets the second factor up and shows the recovery codes."""
    user = _user(request)
    factor = factors.of(user)
    if factor:
        left = factor.recovery_codes.filter(used_at=None).count()
        context = {"factor": factor, "left": left, "must": factors.needed(user), "form": CodeForm()}
        return render(request, "account/second_factor.html", context)
    return _set_up(request, user)


def _set_up(request: HttpRequest, user: User) -> HttpResponse:
    seed = request.session.setdefault(SEED, factors.new_seed())
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        codes = factors.set_up(user, seed, form.cleaned_data["code"])
        if codes:
            del request.session[SEED]
            request.session[entering.PASSED] = True
            visits.end_all(user, but=request.session.session_key)
            noting.note("set_second_factor", target=user.username)
            return render(request, "account/recovery_codes.html", {"codes": codes})
        form.add_error("code", _("This is not the code your app shows now. Try the next one."))
    path, side = factors.qr_path(factors.address(user, seed))
    context = {
        "form": form, "qr": path, "side": side,
        "seed": " ".join(seed[i : i + 4] for i in range(0, len(seed), 4)),
        "must": settings.SECOND_FACTOR != "optional" and factors.needed(user),
    }  # fmt: skip
    status = 400 if form.errors else 200
    return render(request, "account/second_factor.html", context, status=status)


@never_cache
@sensitive_post_parameters("code")
@login_required
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Take the second factor away, or make new recovery codes: either needs a code."""
    user = _user(request)
    factor, form = factors.of(user), CodeForm(request.POST)
    try:
        right = factor and form.is_valid() and factors.check(user, form.cleaned_data["code"])
    except factors.Locked:
        right = False
    if not factor or not right:
        messages.error(request, _("This code is wrong or was used. Nothing was changed."))
    elif "codes" in request.POST:
        codes = factors.renew_codes(factor)
        return render(request, "account/recovery_codes.html", {"codes": codes})
    else:
        factors.remove(user)
        noting.note("remove_second_factor", target=user.username)
        request.session.pop(entering.PASSED, None)
        messages.success(request, _("Your second factor is gone. The password alone lets you in."))
    return redirect("second_factor")
