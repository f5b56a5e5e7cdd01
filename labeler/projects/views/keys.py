"""The page where a person moves the keys of the Label page, for herself alone."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from labeler.projects import keys
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project
from labeler.projects.views.account import _user


@dataclass
class Row:
    """One thing a key does: the project's key, the person's, and what is wrong with it."""

    name: str
    words: str | Promise
    standard: str
    key: str
    label: Label | None = None
    error: str = ""


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show and store the person's keys in one project; `reset` goes back to the project's."""
    project = project_for(request.user, pk, "label")
    user = _user(request)
    if request.method != "POST":
        now = keys.keys_for(user, project, keys.labels_of(project), ignore_letters=True)
        return _show(request, project, now.as_dict())
    if "reset" in request.POST:
        keys.reset(user, project)
        messages.success(request, _("You have the project's keys again."))
        return redirect("your_keys", pk)
    sent = {name: request.POST.get(f"key-{name}", key) for name, key in _standard(project).items()}
    try:
        keys.choose(user, project, sent)
    except keys.KeysRefused as refused:
        return _show(request, project, sent, refused.problems)
    messages.success(request, _("Your keys are saved."))
    return redirect("your_keys", pk)


def _standard(project: Project) -> dict[str, str]:
    return keys.standard_keys(keys.labels_of(project))


def _show(
    request: HttpRequest,
    project: Project,
    now: dict[str, str],
    problems: dict[str, str] | None = None,
) -> HttpResponse:
    problems = problems or {}
    labels, standard = keys.labels_of(project), _standard(project)

    def row(name: str, words: str | Promise, label: Label | None = None) -> Row:
        return Row(name, words, standard[name], now[name], label, problems.get(name, ""))

    context = {
        "project": project,
        "tab": "label",
        "answers": [row(str(label.pk), label.name, label) for label in labels],
        "controls": [row(name, words) for name, words in keys.CONTROL_WORDS.items()],
        "problems": problems,
        "own": keys.has_own(_user(request), project),
        "letters": _user(request).settings.get(keys.LETTERS, True),
    }
    return render(request, "projects/keys.html", context, status=400 if problems else 200)
