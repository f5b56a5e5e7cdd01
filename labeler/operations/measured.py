"""What was measured on audit samples, as Prometheus reads it: each figure with its interval."""

from collections.abc import Iterator

from django.db.models import OuterRef, Subquery
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.metrics_core import Metric

from labeler.evaluation.models import Score

BOUNDS = ("value", "low", "high")
MOST_LABELS = 200  # of a project; those with the most images


def families() -> Iterator[Metric]:
    """Macro F1 of each project's newest measured version, and each label's precision and recall.

    Labels with too few audit images have no figure, here as everywhere.
    """
    macro = Gauge("labeler_macro_f1", "On the audit sample.", labels=["project", "bound"])
    sample = Gauge("labeler_audit_labels", "Audit answers it was measured on.", labels=["project"])
    each = {
        name: Gauge(f"labeler_{name}", "On the audit sample.", labels=["project", "label", "bound"])
        for name in ("precision", "recall")
    }
    for score in _newest():
        project = str(score.project_id)
        sample.add_metric([project], score.audit_labels)
        told = {"value": score.macro_f1, "low": score.low, "high": score.high}
        _add(macro, [project], told)
        labels = sorted(score.per_label, key=lambda label: -int(label.get("support", 0)))
        for label in labels[:MOST_LABELS]:
            for name, family in each.items():
                _add(family, [project, str(label.get("name", ""))], label.get(name))
    yield from (macro, sample, *each.values())


def _newest() -> "list[Score]":
    newest = Score.objects.filter(project=OuterRef("project")).order_by("-version__number")
    return list(Score.objects.filter(pk=Subquery(newest.values("pk")[:1])).order_by("project"))


def _add(family: Gauge, labels: list[str], told: "dict[str, float | None] | None") -> None:
    for bound in BOUNDS:
        if told and (value := told.get(bound)) is not None:
            family.add_metric([*labels, bound], value)
