"""A small learning curve for each label, drawn on the server."""

from dataclasses import dataclass

from labeler.evaluation import alike
from labeler.evaluation.alike import Step
from labeler.projects.models import Label, Project


@dataclass(frozen=True)
class LabelCurve:
    """F1 of one label by number of labels. Without `line` there are too few audit images."""

    label: Label
    support: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    line: str = ""  # paths in a square of 100, y downwards
    band: str = ""


def of(project: Project) -> tuple[LabelCurve, ...]:
    """Every label that is not retired, the one with the lowest F1 first."""
    steps = alike.steps(project)
    labels = Label.objects.filter(project=project, retired=False).order_by("position", "place")
    made = [_curve(label, steps) for label in labels]
    return tuple(sorted(made, key=lambda each: (each.value is None, each.value or 0.0)))


def _curve(label: Label, steps: tuple[Step, ...]) -> LabelCurve:
    last = max((step.n_labels for step in steps), default=1)
    known = [(step.n_labels, step.labels[label.pk]) for step in steps if label.pk in step.labels]
    support = known[-1][1].get("support", 0) if known else 0
    told = [(n, each["f1"]) for n, each in known if each.get("f1")]
    if not told or not known[-1][1].get("f1"):
        return LabelCurve(label, support)
    now = told[-1][1]
    at = [(100 * n / last, {name: 100 * (1 - f1[name]) for name in f1}) for n, f1 in told]
    above = [f"{x:.1f} {y['high']:.1f}" for x, y in at]
    below = [f"{x:.1f} {y['low']:.1f}" for x, y in reversed(at)]
    return LabelCurve(
        label, support, now["value"], now["low"], now["high"],
        line="M" + "L".join(f"{x:.1f} {y['value']:.1f}" for x, y in at),
        band="M" + "L".join([*above, *below]) + "Z",
    )  # fmt: skip
