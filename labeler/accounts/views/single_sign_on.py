"""To the provider, and back."""

import logging

from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from joserfc.errors import JoseError
from requests.exceptions import RequestException

from labeler.accounts import entering, sso
from labeler.projects.views.account import next_page

log = logging.getLogger(__name__)

WISH = "sso"  # in the session: where to go afterwards, and by which invitation
WHY = {
    "uninvited": _(
        "You have no account here yet. Open the invitation that you were sent, and sign in there."
    ),
    "unverified": _(
        "Your organisation does not vouch for an e-mail address of yours. "
        "Ask whoever looks after its accounts."
    ),
    "ambiguous": _("Several accounts have your e-mail address. Ask the owner here."),
    "inactive": _("Your account is inactive. The owner of this installation can change that."),
    "broken": _("The sign-in was broken off, or the answer could not be trusted. Try again."),
    "away": _("Your organisation's sign-in does not answer. Try again in a few minutes."),
}


@never_cache
@require_GET
def begin(request: HttpRequest) -> HttpResponseBase:
    """Go to the provider."""
    if not sso.name():
        raise Http404
    invitation = request.GET.get("invitation", "")[:200]
    request.session[WISH] = {"next": next_page(request), "invitation": invitation}
    try:
        return sso.begin(request, request.build_absolute_uri(reverse("sso_back")))
    except (RequestException, sso.ProviderUntrusted, AuthlibBaseError, ValueError) as error:
        return _sorry(request, "away", error, 503)


@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Come back from it."""
    if not sso.name():
        raise Http404
    wish = request.session.pop(WISH, None) or {"next": "/", "invitation": ""}
    try:
        user = sso.person_of(sso.claims_of(request), wish["invitation"])
    except sso.NotLetIn as refused:
        return _sorry(request, refused.code, refused, 403)
    except RequestException as error:
        return _sorry(request, "away", error, 503)
    except (AuthlibBaseError, JoseError, sso.ProviderUntrusted, ValueError, KeyError) as error:
        return _sorry(request, "broken", error, 400)
    entering.enter(request, user, passed=True)
    return redirect(wish["next"])


def _sorry(request: HttpRequest, code: str, error: Exception, status: int) -> HttpResponse:
    log.warning("Single sign-on: %s (%s: %.200s)", code, type(error).__name__, error)
    return render(request, "account/sso_refused.html", {"why": WHY[code]}, status=status)
