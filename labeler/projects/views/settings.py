"""A project's settings, and its end."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from labeler.projects import archiving, choices, creation, removal
from labeler.projects.access import may_create, project_for
from labeler.projects.forms import DeleteForm, DuplicateForm, ProjectSettingsForm
from labeler.projects.label_rows import LabelRows
from labeler.projects.models import Project
from labeler.projects.views.account import _user


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show and store the settings and the labels together: all of it, or nothing."""
    project = project_for(request.user, pk, "set")
    if request.method != "POST":
        return _show(request, project, ProjectSettingsForm.of(project), LabelRows(project))
    form, rows = (
        ProjectSettingsForm(request.POST),
        LabelRows(project, request.POST, user=_user(request)),
    )
    with transaction.atomic():
        stored = rows.save()
        if form.is_valid() and stored:
            creation.change(project, **form.settings())
        else:
            transaction.set_rollback(True)
    if form.errors or not stored:
        return _show(request, project, form, rows, status=400)
    messages.success(request, _("The settings are saved."))
    return redirect("settings", pk)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete the project, when its name was written."""
    project = project_for(request.user, pk, "delete")
    form = DeleteForm(request.POST, project=project)
    if not form.is_valid():
        settings, rows = ProjectSettingsForm.of(project), LabelRows(project)
        return _show(request, project, settings, rows, deletion=form, status=400)
    removal.begin(project, _user(request))
    words = _("%(name)s is deleted. Its images and answers are being cleared away.")
    messages.success(request, words % {"name": project.name})
    return redirect("projects")


@login_required
@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the project to changes."""
    project = project_for(request.user, pk, "archive")
    archiving.archive(project)
    messages.success(request, _("The project is archived. Reopen it here whenever you like."))
    return redirect("settings", pk)


@login_required
@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Let people work in an archived project again."""
    project = project_for(request.user, pk, "archive")
    archiving.reopen(project)
    messages.success(request, _("The project is open again."))
    return redirect("settings", pk)


@login_required
@require_POST
def duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an empty project that is set up as this one."""
    project = project_for(request.user, pk, "archive")
    if not may_create(request.user):
        raise PermissionDenied(_("Projects are made by the owner and by admins. Ask one of them."))
    form = DuplicateForm(request.POST)
    if form.is_valid():
        try:
            twin = creation.duplicate(project, user=_user(request), **form.cleaned_data)
        except creation.SettingsRefused as refused:
            form.add_error("name", " ".join(refused.problems.values()))
        else:
            words = _("%(name)s is set up as %(old)s. Bring its images in.")
            messages.success(request, words % {"name": twin.name, "old": project.name})
            return redirect("import", twin.pk)
    settings, rows = ProjectSettingsForm.of(project), LabelRows(project)
    return _show(request, project, settings, rows, twin=form, status=400)


def _show(
    request: HttpRequest,
    project: Project,
    form: ProjectSettingsForm,
    rows: LabelRows,
    *,
    deletion: DeleteForm | None = None,
    twin: DuplicateForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "project": project, "tab": "settings", "form": form, "rows": rows,
        "kind": choices.called(choices.KINDS, project.kind),
        "deletion": deletion or DeleteForm(project=project),
        "twin": twin or DuplicateForm(initial={"name": _copy_of(project)}),
        "may_create": may_create(request.user),
    }  # fmt: skip
    return render(request, "projects/settings.html", context, status=status)


def _copy_of(project: Project) -> str:
    return (_("%(name)s, second") % {"name": project.name})[:100]
