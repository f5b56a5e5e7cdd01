"""What the buttons of a webhook's page do."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from labeler.webhooks import hooks
from labeler.webhooks.finding import LARGEST, delivery_of, webhook_for


@login_required
@require_POST
def test(request: HttpRequest, pk: int, webhook: int) -> HttpResponse:
    """Send an event that means nothing."""
    hooks.test(webhook_for(request.user, pk, webhook))
    messages.success(request, _("A test is on its way; the log below says how it went."))
    return redirect("webhook", pk, webhook)


@login_required
@require_POST
def pause(request: HttpRequest, pk: int, webhook: int) -> HttpResponse:
    """Send nothing until it goes on."""
    hooks.pause(webhook_for(request.user, pk, webhook))
    messages.success(request, _("Paused. What happens meanwhile is sent when it goes on."))
    return redirect("webhook", pk, webhook)


@login_required
@require_POST
def go_on(request: HttpRequest, pk: int, webhook: int) -> HttpResponse:
    """Send what waits."""
    hooks.go_on(webhook_for(request.user, pk, webhook))
    messages.success(request, _("It goes on."))
    return redirect("webhook", pk, webhook)


@login_required
@require_POST
def remove_target(request: HttpRequest, pk: int, webhook: int, target: int) -> HttpResponse:
    """Forget a target."""
    found = webhook_for(request.user, pk, webhook)
    found.targets.filter(pk=min(target, LARGEST)).delete()
    return redirect("webhook", pk, webhook)


@login_required
@require_POST
def replay(request: HttpRequest, pk: int, webhook: int, delivery: int) -> HttpResponse:
    """Send one again."""
    found = webhook_for(request.user, pk, webhook)
    if hooks.replay(delivery_of(found, delivery)):
        messages.success(request, _("It is sent again."))
    else:
        messages.error(request, _("It is being sent at this moment."))
    return redirect("webhook", pk, webhook)


@login_required
@require_POST
def replay_failed(request: HttpRequest, pk: int, webhook: int) -> HttpResponse:
    """Send again what was given up."""
    n = hooks.replay_failed(webhook_for(request.user, pk, webhook))
    words = ngettext("%(n)s delivery is sent again.", "%(n)s deliveries are sent again.", n)
    messages.success(request, words % {"n": n})
    return redirect("webhook", pk, webhook)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int, webhook: int) -> HttpResponse:
    """Forget it with its log."""
    hooks.delete(webhook_for(request.user, pk, webhook))
    messages.success(request, _("The webhook is deleted."))
    return redirect("webhooks", pk)
