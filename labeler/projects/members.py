"""Who belongs to a project. There is always an admin."""

from django.db import transaction
from django.db.models import QuerySet

from labeler.projects.models import Membership, Project


class LastAdmin(Exception):
    """Nobody else is admin of the project."""


def of(project: Project) -> "QuerySet[Membership]":
    """The members with their users, admins first."""
    return project.memberships.select_related("user").order_by("role", "user__username")


def change_role(project: Project, pk: int, role: str) -> Membership | None:
    """Give the member another role; None if there is no such member. Raises LastAdmin."""
    with transaction.atomic():
        member = _locked(project, pk)
        if member is None:
            return None
        if role != Membership.Role.ADMIN:
            _keep_an_admin(project, member)
        member.role = role
        member.save(update_fields=["role"])
        return member


def remove(project: Project, pk: int) -> Membership | None:
    """Take the member out; their answers stay. Raises LastAdmin."""
    with transaction.atomic():
        member = _locked(project, pk)
        if member is not None:
            _keep_an_admin(project, member)
            Membership.objects.filter(pk=member.pk).delete()
        return member


def _locked(project: Project, pk: int) -> Membership | None:
    # The project's row is the lock: two admins cannot each remove the other.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if not 0 < pk < 2**63:
        return None
    return project.memberships.select_related("user").filter(pk=pk).first()


def _keep_an_admin(project: Project, member: Membership) -> None:
    admins = project.memberships.filter(role=Membership.Role.ADMIN)
    if member.role == Membership.Role.ADMIN and not admins.exclude(pk=member.pk).exists():
        raise LastAdmin
