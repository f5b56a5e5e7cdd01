"""Filters that people keep under a name."""

from typing import Any

from django.db.models import Q

from labeler.exploring.models import SavedView
from labeler.projects.models import Project, User

MOST_VIEWS = 100


def views_of(project: Project, user: User) -> list[dict[str, Any]]:
    """The user's own saved views and those that others share, by name."""
    seen = SavedView.objects.filter(Q(user=user) | Q(shared=True), project=project)
    rows = seen.select_related("user").order_by("name", "pk")[:MOST_VIEWS]
    return [
        {"id": v.pk, "name": v.name, "query": v.query, "shared": v.shared,
         "mine": v.user_id == user.pk, "by": v.user.username}
        for v in rows
    ]  # fmt: skip
