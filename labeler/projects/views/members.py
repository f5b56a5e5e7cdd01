"""Who belongs to the project, and who is invited."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from labeler.projects import invitations, members
from labeler.projects.access import RANK, project_for
from labeler.projects.forms import InviteForm
from labeler.projects.models import Membership, Project
from labeler.projects.templatetags.look import role_words
from labeler.projects.views.account import _user

Act = Callable[[Project, int], Membership | None]
LAST = gettext_lazy("There must be an admin. Make somebody else admin first.")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """List members and open invitations; a POST makes an invitation and shows its link once."""
    project = project_for(request.user, pk, "invite")
    form = InviteForm(request.POST if request.method == "POST" else None)
    link = ""
    if form.is_valid():
        given = invitations.invite(project=project, by=_user(request), **form.cleaned_data)
        link = request.build_absolute_uri(f"/invitations/{given}")
        form = InviteForm()
    context = {
        "project": project, "tab": "members", "form": form, "link": link,
        "members": sorted(members.of(project), key=_place),
        "only_admin": members.only_admin(project), "last": LAST,
        "invitations": invitations.open_ones(project),
        "roles": Membership.Role.values,
    }  # fmt: skip
    return render(request, "projects/members.html", context, status=400 if form.errors else 200)


def _place(member: Membership) -> tuple[bool, int]:
    """Admins first; who is inactive comes last."""
    return member.deactivated_at is not None, -RANK[member.role]


@login_required
@require_POST
def change_role(request: HttpRequest, pk: int, member: int) -> HttpResponse:
    """Give a member another role."""
    project = project_for(request.user, pk, "invite")
    role = request.POST.get("role", "")
    if role not in Membership.Role.values:
        messages.error(request, _("Choose annotator, reviewer or admin."))
        return redirect("members", pk)
    act = partial(members.change_role, role=role)
    return _done(request, project, member, act, _("%(person)s is now %(role)s."))


@login_required
@require_POST
def remove(request: HttpRequest, pk: int, member: int) -> HttpResponse:
    """Take a member out of the project."""
    project = project_for(request.user, pk, "invite")
    words = _("%(person)s is no longer a member. Their answers stay.")
    return _done(request, project, member, members.remove, words)


@login_required
@require_POST
def deactivate(request: HttpRequest, pk: int, member: int) -> HttpResponse:
    """Shut a member out without taking their name from the project."""
    project = project_for(request.user, pk, "invite")
    words = _("%(person)s is inactive and cannot come in. Their answers stay.")
    return _done(request, project, member, members.deactivate, words)


@login_required
@require_POST
def reactivate(request: HttpRequest, pk: int, member: int) -> HttpResponse:
    """Let a member in again."""
    project = project_for(request.user, pk, "invite")
    words = _("%(person)s can come in again, as %(role)s.")
    return _done(request, project, member, members.reactivate, words)


def _done(request: HttpRequest, project: Project, pk: int, act: Act, words: str) -> HttpResponse:
    """Do it to the member `pk` and say so; the last admin stays, and who is no member is a 404."""
    try:
        member = act(project, pk)
    except members.LastAdmin:
        messages.error(request, LAST)
        return redirect("members", project.pk)
    if member is None:
        raise Http404
    told = {"person": member.user, "role": role_words(member.role)}
    messages.success(request, words % told)
    return _still_inside(request, project)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int, invitation: int) -> HttpResponse:
    """Take an open invitation back."""
    project = project_for(request.user, pk, "invite")
    if invitation >= 2**63 or not invitations.withdraw(project, invitation):
        raise Http404
    messages.success(request, _("The invitation no longer works."))
    return redirect("members", pk)


def _still_inside(request: HttpRequest, project: Project) -> HttpResponse:
    """Back to the members, unless one has just given up one's own right to see them."""
    try:
        project_for(request.user, project.pk, "invite")
    except (Http404, PermissionDenied):
        return redirect("projects")
    return redirect("members", project.pk)
