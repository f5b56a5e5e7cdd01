"""The audit images behind the figures, so that a person can look at the mistakes."""

from typing import Any

import numpy as np

from labeler.evaluation import scored
from labeler.evaluation.scored import Thresholds
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training.models import ModelVersion


def of_label(project: Project, version: ModelVersion, label: Label) -> dict[str, Any]:
    """All answered audit images with what people and the version say, for one label's page.

    The browser finds true and false positives and negatives in this at any threshold:
    `scores[i]` is the probability of `label`; in a single-label project `best[i]` is the
    likeliest label and `best_scores[i]` its probability; in a multi-label one `given[i]` are the
    labels that pass the saved thresholds. Raises NotScored.
    """
    compared = scored.of(project, version)
    thresholds = Thresholds.of_version(project, version)
    ids = [each.pk for each in compared.labels]
    names = dict(Image.objects.filter(pk__in=compared.image_ids).values_list("pk", "name"))
    data: dict[str, Any] = {
        "label": label.pk,
        "multi": project.is_multi,
        "threshold": thresholds.for_label(label.pk),
        "thresholds": {str(pk): thresholds.for_label(pk) for pk in ids},
        "images": list(compared.image_ids),
        "names": [names.get(pk, "") for pk in compared.image_ids],
        "truth": [[ids[at] for at in np.flatnonzero(row)] for row in compared.truth],
        "scores": _column(compared, ids, label),
    }
    if project.is_multi:
        marks = compared.decide(thresholds)
        data["given"] = [[ids[at] for at in np.flatnonzero(row)] for row in marks]
    else:
        best = compared.proba.argmax(axis=1) if len(ids) else np.zeros(0, dtype=int)
        data["best"] = [ids[at] for at in best]
        data["best_scores"] = _plain(compared.proba.max(axis=1, initial=0.0))
    return data


def _column(compared: scored.Scored, ids: list[int], label: Label) -> list[float]:
    return _plain(compared.proba[:, ids.index(label.pk)])


def _plain(values: Any) -> list[float]:
    # Enough digits that a comparison with a threshold comes out as it does here.
    return [round(float(value), 6) for value in values]
