"""Review: look at images where the model and people differ, from three sources that are not mixed:
the audit sample, all human-labeled images by cross-validated scores, and the model's own answers.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeler.evaluation import (
    confusion,
    corrections,
    galleries,
    pool_answers,
    scored,
    side,
    taught,
    thresholds,
)
from labeler.evaluation.pool_answers import Order
from labeler.evaluation.report import Report, report, unmeasured
from labeler.evaluation.scored import NotScored, Scored, Thresholds
from labeler.labeling import second_look
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project
from labeler.training import versions
from labeler.training.models import ModelVersion

PAGE_KEYS = {"", "Y", "Z", "[", "]", ",", ".", "X", "S"}
AUDIT, LABELS, POOL = "audit", "labels", "pool"
SOURCES = (AUDIT, LABELS, POOL)
MOST_SENT = 2_000  # open second looks that the page marks


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """One label's mistakes; `?source=`, `?label=`, or a confusion's cell: `?truth=&predicted=`."""
    project = project_for(request.user, pk, "review")
    source = request.GET.get("source", AUDIT)
    source = source if source in SOURCES else AUDIT
    version = versions.serving(project)
    context: dict[str, Any] = {"project": project, "tab": "review", "source": source}
    if version is None:
        return _empty(request, context, report(project, None))
    version.project = project
    if source == POOL:
        return render(request, "evaluation/review.html", {**context, **_pool(request, version)})
    compared = _compared(project, version, source)
    if compared is None or not compared.image_ids:
        return _empty(request, context, report(project, version))
    limits = Thresholds.of_version(project, version)
    if source == LABELS:
        measured = side.counted(unmeasured(project, version, limits), compared, limits)
    else:
        measured = report(project, version)
    context.update(_labeled(request, project, version, measured, compared, limits))
    return render(request, "evaluation/review.html", context)


def _empty(request: HttpRequest, context: dict[str, Any], measured: Report) -> HttpResponse:
    return render(request, "evaluation/review_empty.html", {**context, "report": measured})


def _compared(project: Project, version: ModelVersion, source: str) -> Scored | None:
    try:
        return taught.of(project) if source == LABELS else scored.of(project, version)
    except NotScored:
        return None


# People's answers beside the model's ---------------------------------------------------------


def _labeled(
    request: HttpRequest,
    project: Project,
    version: ModelVersion,
    measured: Report,
    compared: Scored,
    limits: Thresholds,
) -> dict[str, Any]:
    labels = [each.label for each in measured.labels]
    cell = _cell(request, labels)
    chosen = cell.truth if cell else _chosen(request, measured)
    data = galleries.of_label(project, compared, limits, chosen)
    data["cell"] = cell and cell.as_dict()
    is_audit = request.GET.get("source", AUDIT) not in (LABELS, POOL)
    looked = corrections.of(project) if is_audit else corrections.Corrections((), ())
    data["looked"], data["corrected"] = looked.looked, looked.corrected
    return {
        **_common(project, version, labels, chosen, data, measured),
        "label_report": measured.of_label(chosen.pk),
        "sampled": len(compared.image_ids),
        "missing": compared.missing,
        "cross_validated_with": None if is_audit else taught.version_of(project),
        "cell": cell,
        "confusion": confusion.of(measured),
        "looks": second_look.told(project) if is_audit else None,
    }


def _common(
    project: Project,
    version: ModelVersion,
    labels: list[Label],
    chosen: Label,
    data: dict[str, Any],
    measured: Report | None,
) -> dict[str, Any]:
    at = labels.index(chosen)
    fixes = _fixes(labels)
    data["labels"] = [{"id": la.pk, "name": la.name, "mark": la.mark} for la in labels]
    data["sent"] = _sent(project)
    return {
        "report": measured,
        "version": version,
        "label": chosen,
        "before": labels[at - 1] if at else None,
        "after": labels[at + 1] if at + 1 < len(labels) else None,
        "data": data,
        "fixes": fixes,
        "more_fixes": any(not fix["key"] for fix in fixes),
        "picked": thresholds.of_label(version, chosen),
    }


def _sent(project: Project) -> list[int]:
    """Images that wait for another person's answer."""
    return list(second_look.waiting(project).values_list("image", flat=True)[:MOST_SENT])


def _chosen(request: HttpRequest, measured: Report) -> Label:
    """The label asked for, else the one with most mistakes."""
    wanted = request.GET.get("label", "")
    for each in measured.labels:
        if str(each.label.pk) == wanted:
            return each.label
    return max(measured.labels, key=lambda each: each.fp + each.fn).label


@dataclass(frozen=True)
class Cell:
    """A cell of the confusion: people say `truth`, the model `predicted` (None: unknown).

    Of several labels: `truth` was missed, `predicted` wrongly given (None: nothing was).
    """

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


# The model's own answers -----------------------------------------------------------------------


def _pool(request: HttpRequest, version: ModelVersion) -> dict[str, Any]:
    project = version.project
    labels = list(
        Label.objects.filter(project=project, retired=False).order_by("position", "place")
    )
    wanted = request.GET.get("label", "")
    chosen = next((label for label in labels if str(label.pk) == wanted), labels[0])
    order = _order(request)
    data: dict[str, Any] = {
        "pool": True,
        "order": order,
        "looked": [],
        "corrected": [],
        "cell": None,
    }
    data |= _cards(version, chosen, order, 0)
    context = _common(project, version, labels, chosen, data, None)
    return {**context, "order": order, "called": data["called"], "counts": side.called(version)}


@login_required
@require_safe
def pool(request: HttpRequest, pk: int) -> HttpResponse:
    """More of the model's own answers, as JSON: `?label=&order=&after=`."""
    project = project_for(request.user, pk, "review")
    version = versions.serving(project)
    wanted, after = request.GET.get("label", ""), request.GET.get("after", "")
    label = None
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        label = Label.objects.filter(project=project, pk=int(wanted)).first()
    if version is None or label is None or not (after.isascii() and after.isdigit()):
        return JsonResponse({"images": [], "after": None}, status=200 if version else 404)
    version.project = project
    return JsonResponse(_cards(version, label, _order(request), int(after[:9])))


def _order(request: HttpRequest) -> Order:
    return "least" if request.GET.get("order") == "least" else "surest"


def _cards(version: ModelVersion, label: Label, order: Order, after: int) -> dict[str, Any]:
    """One page of the gallery, in the form of galleries.of_label."""
    project = version.project
    found = pool_answers.of(project, version, label, order, after)
    limits = Thresholds.of_version(project, version)
    table = scored.columns(project, version, found.proba)
    ids = [each.pk for each in table.labels]
    at = ids.index(label.pk) if label.pk in ids else None
    marks = table.decide(limits)
    return {
        "label": label.pk,
        "multi": project.is_multi,
        "threshold": limits.for_label(label.pk),
        "thresholds": {str(pk): limits.for_label(pk) for pk in ids},
        "images": [image.pk for image in found.images],
        "names": [image.name for image in found.images],
        "truth": [[] for _ in found.images],
        "scores": galleries.plain(table.proba[:, at] if at is not None else []),
        "top": galleries.top(table.proba, ids),
        "given": [[ids[i] for i in row.nonzero()[0]] for row in marks],
        "best": [ids[i] for i in (table.proba.argmax(axis=1) if ids else [])],
        "best_scores": galleries.plain(table.proba.max(axis=1, initial=0.0)),
        "rest": None,
        "called": found.called,
        "after": found.after,
    }
