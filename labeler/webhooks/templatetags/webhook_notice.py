"""For the dashboard: what an admin should know about webhooks without looking for it."""

from typing import Any

from django import template

from labeler.projects.models import Membership, Project
from labeler.webhooks.models import Webhook

register = template.Library()


@register.inclusion_tag("webhooks/_notice.html")
def webhook_notice(project: Project) -> dict[str, Any]:
    """The webhooks that have stopped by themselves, for admins. `project.role` is the visitor's."""
    is_admin = getattr(project, "role", "") == Membership.Role.ADMIN
    stopped = Webhook.objects.filter(project=project, state=Webhook.State.STOPPED).order_by("pk")
    return {"project": project, "stopped": list(stopped) if is_admin else []}
