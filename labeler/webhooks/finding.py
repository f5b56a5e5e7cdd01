"""A webhook by project and number, for those who may set the project up: its admins."""

from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from labeler.projects.access import project_for
from labeler.projects.models import User
from labeler.webhooks.models import Delivery, Webhook

LARGEST = 2**63 - 1


def webhook_for(user: User | AnonymousUser, project_id: int, pk: int) -> Webhook:
    """The webhook. Raises Http404 and PermissionDenied, as `project_for` does."""
    project = project_for(user, project_id, "set")
    found = Webhook.objects.filter(project=project, pk=min(pk, LARGEST)).first()
    if found is None:
        raise Http404
    found.project = project
    return found


def delivery_of(webhook: Webhook, pk: int) -> Delivery:
    """A delivery of the webhook. Raises Http404."""
    found = webhook.deliveries.filter(pk=min(pk, LARGEST)).first()
    if found is None:
        raise Http404
    return found
