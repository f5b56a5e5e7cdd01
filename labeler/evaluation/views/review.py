"""Review: look at the audit images where the model and people differ, and mend answers."""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labeler.evaluation import confusion, corrections, galleries, thresholds
from labeler.evaluation.forms import AnswerForm, ThresholdForm, UndoForm
from labeler.evaluation.report import Report, report
from labeler.evaluation.scored import NotScored
from labeler.labeling import annotations
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project, User
from labeler.training import versions
from labeler.training.models import ModelVersion

PAGE_KEYS = {"", "Y", "Z", "[", "]", ",", "."}


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """One label's mistakes; `?label=`, or a cell of the confusion: `?truth=&predicted=`."""
    project = project_for(request.user, pk, "review")
    context: dict[str, Any] = {"project": project, "tab": "review"}
    version = versions.serving(project)
    measured = report(project, version)
    if version is None or not measured.audit_labels:
        return render(request, "evaluation/review_empty.html", {**context, "report": measured})
    try:
        context.update(_context(request, project, version, measured))
    except NotScored:
        return render(request, "evaluation/review_empty.html", {**context, "report": measured})
    return render(request, "evaluation/review.html", context)


def _context(
    request: HttpRequest, project: Project, version: ModelVersion, measured: Report
) -> dict[str, Any]:
    labels = [each.label for each in measured.labels]
    cell = _cell(request, labels)
    chosen = cell.truth if cell else _chosen(request, measured)
    at = labels.index(chosen)
    fixes = _fixes(labels)
    looked = corrections.of(project)
    data = galleries.of_label(project, version, chosen)
    data["cell"] = cell and cell.as_dict()
    data["labels"] = [{"id": la.pk, "name": la.name, "mark": la.mark} for la in labels]
    data["looked"], data["corrected"] = looked.looked, looked.corrected
    return {
        "report": measured,
        "version": version,
        "label": chosen,
        "label_report": measured.of_label(chosen.pk),
        "before": labels[at - 1] if at else None,
        "after": labels[at + 1] if at + 1 < len(labels) else None,
        "cell": cell,
        "data": data,
        "confusion": confusion.of(measured),
        "fixes": fixes,
        "more_fixes": any(not fix["key"] for fix in fixes),
        "picked": str(chosen.pk) in version.thresholds,
    }


def _chosen(request: HttpRequest, measured: Report) -> Label:
    """The label asked for, else the one with most mistakes."""
    wanted = request.GET.get("label", "")
    for each in measured.labels:
        if str(each.label.pk) == wanted:
            return each.label
    return max(measured.labels, key=lambda each: each.fp + each.fn).label


@dataclass(frozen=True)
class Cell:
    """A cell of the confusion: people say `truth`, the model `predicted` (None: unknown)."""

    truth: Label
    predicted: Label | None

    def as_dict(self) -> dict[str, int | None]:
        """As the browser reads it."""
        return {"truth": self.truth.pk, "predicted": self.predicted.pk if self.predicted else None}


def _cell(request: HttpRequest, labels: list[Label]) -> Cell | None:
    """The cell of the confusion asked for; `predicted` may be "unknown"."""
    by_id = {str(label.pk): label for label in labels}
    truth = by_id.get(request.GET.get("truth", ""))
    predicted = request.GET.get("predicted", "")
    if truth is None or (predicted not in by_id and predicted != "unknown"):
        return None
    return Cell(truth, by_id.get(predicted))


def _fixes(labels: list[Label]) -> list[dict[str, Any]]:
    """The labels a picture can be given, with the key of each: its own, else a free digit.

    A label whose own key has a meaning on this page gets a digit, too.
    """
    open_labels = [label for label in labels if not label.retired]
    own = {label.pk: label.key for label in open_labels if label.key.upper() not in PAGE_KEYS}
    free = [key for key in "1234567890" if key not in own.values()]
    return [
        {"label": label, "key": own.get(label.pk) or (free.pop(0) if free else "")}
        for label in open_labels
    ]


@login_required
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Store a reviewer's answer on an image: other labels, or that the label is right."""
    project = project_for(request.user, pk, "review")
    form = AnswerForm(request.POST, project=project)
    if not form.is_valid():
        return _refused(form)
    given = form.cleaned_data
    outcome = annotations.review(
        project=project,
        user=cast(User, request.user),
        image=given["image"],
        label_ids=[label.pk for label in given["labels"]],
        uuid=given["uuid"],
    )
    return _told(outcome)


@login_required
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back an answer given here."""
    project = project_for(request.user, pk, "review")
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _refused(form)
    user = cast(User, request.user)
    outcome = annotations.undo(project=project, user=user, uuid=form.cleaned_data["uuid"])
    return _told(outcome)


def _told(outcome: annotations.Outcome) -> JsonResponse:
    return JsonResponse({"code": outcome.code, "detail": outcome.detail}, status=outcome.status)


@login_required
@require_POST
def threshold(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the threshold of one label, or of all, with the serving version."""
    project = project_for(request.user, pk, "review")
    form = ThresholdForm(request.POST, project=project)
    if not form.is_valid():
        return _refused(form)
    given = form.cleaned_data
    on, number, value = given["on"] or thresholds.AUDIT, given["version"], given["threshold"]
    if given["all"]:
        saved = thresholds.save_for_all(project, number, value, on=on)
    else:
        saved = thresholds.save(project, number, {given["label"].pk: value}, on=on)
    if not saved:
        return JsonResponse(
            {"detail": _("Another version serves by now. Reload the page.")}, status=409
        )
    return JsonResponse({"threshold": value})


def _refused(form: Any) -> JsonResponse:
    errors = [message for messages in form.errors.values() for message in messages]
    return JsonResponse({"detail": " ".join(errors)}, status=400)
