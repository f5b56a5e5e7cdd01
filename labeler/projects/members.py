"""Who belongs to a project. There is always an admin."""

from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from labeler.journal import noting
from labeler.projects.models import Membership, Project
from labeler.projects.signals import member_left


class LastAdmin(Exception):
    """Nobody else is admin of the project."""


def of(project: Project) -> "QuerySet[Membership]":
    """The members with their users, by role; the inactive ones last."""
    inactive = F("deactivated_at").asc(nulls_first=True)
    return project.memberships.select_related("user").order_by(inactive, "role", "user__username")


def only_admin(project: Project) -> int | None:
    """The membership of the one admin who can come in; None where there are several, or none."""
    admins = project.memberships.filter(
        role=Membership.Role.ADMIN, deactivated_at=None, user__is_active=True
    )
    found = list(admins.values_list("pk", flat=True)[:2])
    return found[0] if len(found) == 1 else None


def change_role(project: Project, pk: int, role: str) -> Membership | None:
    """Give the member another role; None if there is no such member. Raises LastAdmin."""
    with transaction.atomic():
        member = _locked(project, pk)
        if member is None:
            return None
        if role != Membership.Role.ADMIN:
            _keep_an_admin(project, member)
            _take_back_invitations(member)
        _note("change_role", member, before={"role": member.role}, after={"role": role})
        member.role = role
        member.save(update_fields=["role"])
        return member


def remove(project: Project, pk: int) -> Membership | None:
    """Take the member out; their answers stay. Raises LastAdmin."""
    with transaction.atomic():
        member = _locked(project, pk)
        if member is not None:
            _keep_an_admin(project, member)
            _note("remove_member", member, after={"role": member.role})
            _shut_out(member)
            Membership.objects.filter(pk=member.pk).delete()
        return member


def deactivate(project: Project, pk: int) -> Membership | None:
    """Shut the member out until they are reactivated; answers and history stay. Raises LastAdmin.

    None if there is no such member. Whoever is inactive already stays so.
    """
    with transaction.atomic():
        member = _locked(project, pk)
        if member is not None and member.deactivated_at is None:
            _keep_an_admin(project, member)
            _note("deactivate_member", member)
            member.deactivated_at = timezone.now()
            member.save(update_fields=["deactivated_at"])
            _shut_out(member)
        return member


def reactivate(project: Project, pk: int) -> Membership | None:
    """Let the member in again, in the role they had; None if there is no such member."""
    with transaction.atomic():
        member = _locked(project, pk)
        if member is not None:
            _note("reactivate_member", member)
            member.deactivated_at = None
            member.save(update_fields=["deactivated_at"])
        return member


def _note(act: str, member: Membership, **values: Any) -> None:
    noting.note(act, project=member.project, target=member.user.username, **values)


def _shut_out(member: Membership) -> None:
    """What somebody holds goes back, and the links they made let nobody in, themselves included."""
    _take_back_invitations(member)
    member_left.send(Membership, project=member.project, user=member.user)


def _take_back_invitations(member: Membership) -> None:
    member.project.invitations.filter(invited_by=member.user, used_at=None).delete()


def _locked(project: Project, pk: int) -> Membership | None:
    # The project's row is the lock: two admins cannot each remove the other.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if not 0 < pk < 2**63:
        return None
    return project.memberships.select_related("user").filter(pk=pk).first()


def _keep_an_admin(project: Project, member: Membership) -> None:
    if member.pk == only_admin(project):
        raise LastAdmin
