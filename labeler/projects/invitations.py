"""Invitations: a link that lets one person join a project once. There is no other way in."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from labeler.journal import noting
from labeler.projects import secret
from labeler.projects.access import INACTIVE, RANK, Inactive
from labeler.projects.models import Invitation, Membership, Project, User

DAYS = 7


def invite(*, project: Project, role: str, by: User, note: str = "") -> str:
    """A new secret for /invitations/<secret>, shown once; good for seven days."""
    given = secret.new()
    with transaction.atomic():
        Invitation.objects.create(
            project=project, role=role, invited_by=by, note=note,
            digest=secret.digest(given), expires_at=secret.in_days(DAYS),
        )  # fmt: skip
        noting.note("invite", project=project, target=note, after={"role": role}, user=by)
    return given


def find(given: str) -> Invitation | None:
    """The invitation with this secret, if it can still be accepted."""
    there = secret.valid(Invitation, given).filter(project__leaving_at=None)
    return there.select_related("project", "invited_by").first()


def open_ones(project: Project) -> "QuerySet[Invitation]":
    """Invitations nobody has accepted yet and that have not expired."""
    return project.invitations.filter(used_at=None, expires_at__gt=timezone.now()).order_by("-pk")


def withdraw(project: Project, pk: int) -> bool:
    """Take an open invitation back; False if there is none."""
    return bool(open_ones(project).filter(pk=pk).delete()[0])


@transaction.atomic
def accept(given: str, user: User) -> Membership | None:
    """Make the user a member and use the invitation up; None if it no longer works.

    Who is a member already keeps the higher of the two roles. Raises Inactive, and uses nothing
    up, where the member was deactivated: a link made before that is no way back.
    """
    open_ones = secret.valid(Invitation, given).filter(project__leaving_at=None)
    invitation = secret.use(open_ones, ["project"])
    if invitation is None:
        return None
    member, new = Membership.objects.get_or_create(
        project=invitation.project, user=user, defaults={"role": invitation.role}
    )
    if member.deactivated_at:
        raise Inactive(INACTIVE)
    if not new and RANK[member.role] < RANK[invitation.role]:
        member.role = invitation.role
        member.save(update_fields=["role"])
    role = {"role": member.role}
    noting.note("join", project=member.project, target=user.username, after=role, user=user)
    return member


@transaction.atomic
def accept_as_new(given: str, *, username: str, password: str) -> User | None:
    """Make an account for the invited person and join; None, and no account, if it is used up."""
    user = User.objects.create_user(username, password=password)
    if accept(given, user) is None:
        transaction.set_rollback(True)
        return None
    return user
