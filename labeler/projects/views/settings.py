"""A project's settings, and its end."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from labeler.projects import creation, removal
from labeler.projects.access import project_for
from labeler.projects.forms import DeleteForm, ProjectSettingsForm
from labeler.projects.label_rows import LabelRows
from labeler.projects.models import Project


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show and store the settings and the labels together: all of it, or nothing."""
    project = project_for(request.user, pk, "set")
    if request.method != "POST":
        return _show(request, project, ProjectSettingsForm.of(project), LabelRows(project))
    form, rows = ProjectSettingsForm(request.POST), LabelRows(project, request.POST)
    with transaction.atomic():
        stored = rows.save()
        if form.is_valid() and stored:
            creation.change(project, **form.settings())
        else:
            transaction.set_rollback(True)
    if form.errors or not stored:
        return _show(request, project, form, rows, status=400)
    messages.success(request, "The settings are saved.")
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
    removal.delete(project)
    messages.success(request, f"{project.name} and its images are deleted.")
    return redirect("projects")


def _show(
    request: HttpRequest,
    project: Project,
    form: ProjectSettingsForm,
    rows: LabelRows,
    *,
    deletion: DeleteForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "project": project, "tab": "settings", "form": form, "rows": rows,
        "deletion": deletion or DeleteForm(project=project),
    }  # fmt: skip
    return render(request, "projects/settings.html", context, status=status)
