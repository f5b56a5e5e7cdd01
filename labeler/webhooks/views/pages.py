"""The webhooks of a project, and one of them with its log."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from labeler.projects.access import project_for
from labeler.projects.views.account import _user
from labeler.webhooks import events, hooks, log
from labeler.webhooks.finding import webhook_for
from labeler.webhooks.forms import TargetForm, WebhookForm
from labeler.webhooks.hooks import Rule, WebhookRefused
from labeler.webhooks.models import Webhook


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def all_of_project(request: HttpRequest, pk: int) -> HttpResponse:
    """List them; a POST makes one and shows its secret, this once."""
    project = project_for(request.user, pk, "set")
    form = WebhookForm(request.POST) if request.method == "POST" else WebhookForm()
    if form.is_valid():
        try:
            made = hooks.create(project, _user(request), **form.told())
        except WebhookRefused as refused:
            _tell(form, refused)
        else:
            return _show(request, made, fresh=made.secret)
    context = {
        "project": project, "tab": "settings", "form": form,
        "webhooks": Webhook.objects.filter(project=project).order_by("pk"),
    }  # fmt: skip
    status = 400 if form.errors else 200
    return render(request, "webhooks/list.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, pk: int, webhook: int) -> HttpResponse:
    """Show one with its log; a POST changes address, name and events."""
    found = webhook_for(request.user, pk, webhook)
    if request.method != "POST":
        return _show(request, found)
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            hooks.change(found, **form.told())
        except WebhookRefused as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("The webhook is saved."))
            return redirect("webhook", pk, webhook)
    return _show(request, found, form=form)


@login_required
@require_safe
def deliveries(request: HttpRequest, pk: int, webhook: int) -> HttpResponse:
    """The log alone, as the page asks for it again and again."""
    found = webhook_for(request.user, pk, webhook)
    return render(request, "webhooks/_log.html", _log(found))


@never_cache
@login_required
@require_POST
def secret(request: HttpRequest, pk: int, webhook: int) -> HttpResponse:
    """Make another secret and show it, this once."""
    found = webhook_for(request.user, pk, webhook)
    return _show(request, found, fresh=hooks.new_secret(found))


@login_required
@require_POST
def add_target(request: HttpRequest, pk: int, webhook: int) -> HttpResponse:
    """Add a target."""
    found = webhook_for(request.user, pk, webhook)
    form = TargetForm(request.POST, project=found.project)
    if form.is_valid():
        rules = [Rule.of(target) for target in found.targets.all()]
        told = [event for event in events.ALL if event in (*found.events, events.METRIC)]
        try:
            hooks.change(
                found, url=found.url, name=found.name, told=told, rules=[*rules, form.rule()]
            )
        except WebhookRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The target is set."))
            return redirect("webhook", pk, webhook)
    return _show(request, found, target_form=form)


def _tell(form: WebhookForm, refused: WebhookRefused) -> None:
    for field, words in refused.problems.items():
        form.add_error(field if field in form.fields else None, words)


def _show(
    request: HttpRequest,
    webhook: Webhook,
    *,
    fresh: str = "",
    form: WebhookForm | None = None,
    target_form: TargetForm | None = None,
) -> HttpResponse:
    context = {
        **_log(webhook),
        "tab": "settings",
        "fresh": fresh,
        "form": form or WebhookForm.of(webhook),
        "targets": webhook.targets.select_related("label").order_by("pk"),
        "target_form": target_form or TargetForm(project=webhook.project),
    }
    refused = (form and form.errors) or (target_form and target_form.errors)
    return render(request, "webhooks/one.html", context, status=400 if refused else 200)


def _log(webhook: Webhook) -> dict[str, Any]:
    return {
        "project": webhook.project, "webhook": webhook, "lines": log.of(webhook),
        "any_failed": hooks.given_up(webhook).exists(),
    }  # fmt: skip
