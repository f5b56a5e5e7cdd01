"""Who may do what: one table, one look-up."""

from typing import Literal

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from labeler.projects.models import Membership, Project, User

Role = Literal["annotator", "reviewer", "admin"]
Action = Literal[
    "label", "see_own_work",
    "see_dashboard", "review", "explore", "export",
    "import", "train", "set", "invite", "delete",
]  # fmt: skip

RANK: dict[str, int] = {"annotator": 1, "reviewer": 2, "admin": 3}

ALLOWED: dict[Action, Role] = {
    "label": "annotator",
    "see_own_work": "annotator",
    "see_dashboard": "reviewer",
    "review": "reviewer",
    "explore": "reviewer",
    "export": "reviewer",
    "import": "admin",
    "train": "admin",
    "set": "admin",
    "invite": "admin",
    "delete": "admin",
}


def projects_of(user: User | AnonymousUser) -> "QuerySet[Project]":
    """The projects the user belongs to; the owner of the installation belongs to all."""
    if not user.is_authenticated or not user.is_active:
        return Project.objects.none()
    token = getattr(user, "token", None)
    found = Project.objects.all()
    if not user.is_superuser:
        found = found.filter(memberships__user=user)
    return found.filter(pk=token.project_id) if token and token.project_id else found


def role_in(user: User | AnonymousUser, project: Project) -> Role | None:
    """The user's role in the project, cut down to that of the token they came with."""
    if not projects_of(user).filter(pk=project.pk).exists():
        return None
    role = "admin" if user.is_superuser else _membership_role(user, project)
    token = getattr(user, "token", None)
    if role and token and RANK[token.role] < RANK[role]:
        role = token.role
    return role  # type: ignore[return-value]


def _membership_role(user: User | AnonymousUser, project: Project) -> str | None:
    mine = Membership.objects.filter(user__pk=user.pk or 0, project=project)
    return mine.values_list("role", flat=True).first()


def may_create(user: User | AnonymousUser) -> bool:
    """Projects are made by the owner and by whoever is admin of one; not by a narrow token."""
    if not user.is_authenticated or not user.is_active:
        return False
    token = getattr(user, "token", None)
    if token and (token.project_id or token.role != Membership.Role.ADMIN):
        return False
    admin = Membership.objects.filter(user=user, role=Membership.Role.ADMIN)
    return user.is_superuser or admin.exists()


def may(user: User | AnonymousUser, project: Project, action: Action) -> bool:
    """Whether the user may do `action` in the project."""
    role = role_in(user, project)
    return role is not None and RANK[role] >= RANK[ALLOWED[action]]


def project_for(user: User | AnonymousUser, pk: int, action: Action) -> Project:
    """The project, if the user may do `action` there.

    Raises Http404 to outsiders, as for a project that does not exist, and PermissionDenied to
    members whose role is too low. `project.role` is set to the user's role.
    """
    if not 0 < pk < 2**63:
        raise Http404
    project = projects_of(user).filter(pk=pk).first()
    role = project and role_in(user, project)
    if project is None or role is None:
        raise Http404
    if RANK[str(role)] < RANK[ALLOWED[action]]:
        raise PermissionDenied(f"This takes the role of {ALLOWED[action]}; you are {role} here.")
    project.role = role  # type: ignore[attr-defined]
    return project
