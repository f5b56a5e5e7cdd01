"""Who may do what: one table, one look-up."""

from typing import Any, Literal

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeler.journal import noting
from labeler.projects import archiving
from labeler.projects.models import Membership, Project, User
from labeler.projects.statements import statement

Role = Literal["annotator", "reviewer", "admin"]
Action = Literal[
    "label", "see_own_work", "add_label",
    "see_dashboard", "review", "explore", "export",
    "import", "train", "set", "invite", "archive", "delete",
]  # fmt: skip

RANK: dict[str, int] = {"annotator": 1, "reviewer": 2, "admin": 3}

ALLOWED: dict[Action, Role] = {
    "label": "annotator",
    "see_own_work": "annotator",
    "add_label": "annotator",  # and what the project itself asks for: its `label_adders`
    "see_dashboard": "reviewer",
    "review": "reviewer",
    "explore": "reviewer",
    "export": "reviewer",
    "import": "admin",
    "train": "admin",
    "set": "admin",
    "invite": "admin",
    "archive": "admin",
    "delete": "admin",
}


INACTIVE = gettext_lazy(
    "Your place in this project is inactive. One of its admins can change that."
)


class Inactive(PermissionDenied):
    """A member who was deactivated; the message is for them."""


def projects_of(user: User | AnonymousUser) -> "QuerySet[Project]":
    """The projects the user belongs to; the owner of the installation belongs to all."""
    if not user.is_authenticated or not user.is_active:
        return Project.objects.none()
    token = getattr(user, "token", None)
    found = Project.objects.all()
    if not user.is_superuser:
        found = found.filter(memberships__user=user, memberships__deactivated_at=None)
    return found.filter(pk=token.project_id) if token and token.project_id else found


def role_in(user: User | AnonymousUser, project: Project) -> Role | None:
    """The user's role in the project, cut down to that of the token they came with."""
    found = _seen(user, project.pk)
    return found.role if found else None  # type: ignore[attr-defined, no-any-return]


@statement
def _with_role(pk: int, user: int) -> "QuerySet[Project]":
    mine = Membership.objects.filter(user=user, project=OuterRef("pk"))
    active = mine.filter(deactivated_at=None)
    return Project.objects.filter(pk=pk).annotate(
        role=Subquery(active.values("role")), since=Subquery(mine.values("deactivated_at"))
    )


def _seen(user: User | AnonymousUser, pk: int) -> Project | None:
    """The project with the user's role in it, cut down to that of the token; None to outsiders.

    The role is None for a member who was deactivated.
    """
    if not user.is_authenticated or not user.is_active or not 0 < pk < 2**63:
        return None
    token = getattr(user, "token", None)
    if token and token.project_id not in (None, pk):
        return None
    project: Any = _with_role.first(pk, user.pk)
    if project and user.is_superuser:
        project.role = "admin"
    if project is None or (project.role is None and project.since is None):
        return None
    if token and project.role and RANK[token.role] < RANK[project.role]:
        project.role = token.role
    return project  # type: ignore[no-any-return]


def may_create(user: User | AnonymousUser) -> bool:
    """Projects are made by the owner and by whoever is admin of one; not by a narrow token."""
    if not user.is_authenticated or not user.is_active:
        return False
    token = getattr(user, "token", None)
    if token and (token.project_id or token.role != Membership.Role.ADMIN):
        return False
    admin = Membership.objects.filter(
        user=user, role=Membership.Role.ADMIN, deactivated_at=None, project__leaving_at=None
    )
    return user.is_superuser or admin.exists()


def least_role(project: Project, action: Action) -> str:
    """The lowest role that may do `action` in the project."""
    return project.label_adders if action == "add_label" else ALLOWED[action]


def may(user: User | AnonymousUser, project: Project, action: Action) -> bool:
    """Whether the user may do `action` in the project."""
    role = role_in(user, project)
    return role is not None and RANK[role] >= RANK[least_role(project, action)]


def project_for(user: User | AnonymousUser, pk: int, action: Action) -> Project:
    """The project, if the user may do `action` there.

    Raises Http404 to outsiders, as for a project that does not exist, and PermissionDenied to
    members whose role is too low or who were deactivated, and where a request would change an
    archived project. `project.role` is set to the user's role.
    """
    project: Any = _seen(user, pk)
    if project is None:
        raise Http404
    if project.role is None:
        raise Inactive(INACTIVE)
    least = least_role(project, action)
    if RANK[project.role] < RANK[least]:
        words = _("This takes the role of %(least)s; you are %(role)s here.")
        raise PermissionDenied(words % {"least": least, "role": project.role})
    archiving.check(project, action)
    if least == "admin":
        noting.asked(project)
    return project  # type: ignore[no-any-return]
