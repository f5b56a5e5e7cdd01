"""Thresholds that a person picked, saved with the model version that serves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from labeler.projects.models import Label, Project
from labeler.training import thresholds, versions
from labeler.training.models import ModelVersion

AUDIT, LABELS, API = "audit", "labels", "api"  # what was looked at when one was picked


@dataclass(frozen=True)
class Picked:
    """A label's threshold in use; `version` and `on` say where it was picked, if it was."""

    label: Label
    threshold: float
    standard: bool  # nobody picked one
    version: int | None = None
    on: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The API's form."""
        return {
            "id": self.label.pk,
            "name": self.label.name,
            "threshold": self.threshold,
            "standard": self.standard,
            "picked_with": self.version,
            "picked_on": self.on or None,
        }


def of(version: ModelVersion) -> list[Picked]:
    """The threshold of every label in use."""
    labels = Label.objects.filter(project=version.project, retired=False)
    return [of_label(version, label) for label in labels.order_by("position", "place")]


def of_label(version: ModelVersion, label: Label) -> Picked:
    """The label's threshold in the version, and where it was picked."""
    pk = str(label.pk)
    where = version.picked.get(pk) or {}
    threshold = thresholds.floor(version, label.pk)
    standard = pk not in version.thresholds
    if standard:
        return Picked(label, threshold, standard)
    # Picked before it was noted where: with this version, on the audit sample.
    return Picked(
        label, threshold, standard, where.get("version", version.number), where.get("on", AUDIT)
    )


@transaction.atomic
def save(
    project: Project, number: int, picks: Mapping[int, float | None], *, on: str = AUDIT
) -> bool:
    """Save thresholds by label id with version `number`; None goes back to the standard one.

    False, and nothing is saved, if another version serves by now. on: what was looked at.
    """
    serving = ModelVersion.objects.filter(project=project, number=number, serving=True)
    if connection.features.has_select_for_update:
        serving = serving.select_for_update()
    version = serving.first()
    if version is None:
        return False
    kept, picked = dict(version.thresholds), dict(version.picked)
    for label_id, threshold in picks.items():
        kept.pop(str(label_id), None)
        picked.pop(str(label_id), None)
        if threshold is not None:
            kept[str(label_id)] = threshold
            picked[str(label_id)] = {"version": number, "on": on}
    version.thresholds, version.picked = kept, picked
    version.save(update_fields=["thresholds", "picked"])
    return True


def save_for_all(
    project: Project, number: int, threshold: float | None, *, on: str = AUDIT
) -> bool:
    """The same threshold for every label in use, or the standard one for all; as `save`."""
    labels = Label.objects.filter(project=project, retired=False)
    return save(
        project, number, dict.fromkeys(labels.values_list("pk", flat=True), threshold), on=on
    )


def serving(project: Project) -> ModelVersion | None:
    """The version whose thresholds are in use."""
    return versions.serving(project)
