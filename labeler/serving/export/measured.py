"""The card's part about figures: on the audit sample alone, with intervals, or none."""

from labeler.evaluation import reliability
from labeler.evaluation.report import FEW, NUMBER_FROM, LabelReport, Report, report
from labeler.serving.export.card import Section, told
from labeler.training.models import ModelVersion


def sections(version: ModelVersion) -> list[Section]:
    """Figures in all and per label, and calibration."""
    found = report(version.project, version)
    return [_overall(found), _labels(found), _calibration(version)]


def _overall(found: Report) -> Section:
    words = [f"Measured on {found.audit_labels:,} answered images of the audit sample."]
    if not found.readable:
        words = ["This version's probabilities are no longer kept, so it cannot be measured."]
    elif not found.enough:
        words.append(
            f"Too few: a number would say nothing. Figures in all appear from {NUMBER_FROM} "
            "audit labels on."
        )
    rows = [(f"F1, {row.name}", told(row.f1)) for row in found.overall]
    if found.accuracy:
        rows.append(("Accuracy", told(found.accuracy)))
    return Section("Figures", words, ("Figure", "Value (95 % interval)") if rows else (), rows)


def _labels(found: Report) -> Section:
    header = ("Label", "Audit images", "Precision", "Recall", "F1", "Average precision")
    words = [f"With 95 % intervals. A label with fewer than {FEW} audit images gets no figure."]
    rows = [_label(each) for each in found.labels]
    return Section("Figures per label", words if rows else ["None."], header if rows else (), rows)


def _label(each: LabelReport) -> tuple[str, ...]:
    start = (each.label.name, f"{each.support:,}")
    if each.too_few:
        return (*start, *["too few"] * 4)
    figures = (each.precision, each.recall, each.f1, each.average_precision)
    return (*start, *map(told, figures))


def _calibration(version: ModelVersion) -> Section:
    words = [f"Probabilities are calibrated by one temperature: {version.temperature:.3f}."]
    found = reliability.of(version.project, version)
    if found is None:
        words.append("Too few audit images to say how far they can be believed.")
    else:
        words.append(
            f"Calibration error on {found.images:,} audit images: {told(found.error)}; without "
            f"the temperature {told(found.before)}."
        )
    return Section("Calibration", words)
