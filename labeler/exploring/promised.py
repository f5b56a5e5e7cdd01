"""A filter as the part of a pool in which the model's labels are accepted: which filters can be
promised an error, and what they pay for having been chosen."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from labeler.evaluation.within import Within
from labeler.exploring import clustered, picked, vectors
from labeler.exploring.columns import SPLITS
from labeler.exploring.filters import ODD, Filter
from labeler.labeling.answers import Refused
from labeler.pools.models import Image, Import
from labeler.projects.models import Project
from labeler.training import versions
from labeler.training.models import ModelVersion

KINDS = 5  # of filter that can be promised an error


@dataclass(frozen=True)
class Part:
    """Where labels are accepted: `inside` None means in the whole pool. `filter` is what of the
    asked one counts: what asks for open images, or puts them in order, changes nothing."""

    filter: Filter
    inside: Within | None


def of(project: Project, wanted: Filter) -> Part:
    """The part that a filter means to the serving version. Raises Refused."""
    _check(wanted)
    kept = Filter(
        predicted=wanted.predicted, splits=wanted.splits, imports=wanted.imports,
        odd=wanted.odd, clusters=wanted.clusters,
    )  # fmt: skip
    version = versions.serving(project)
    if kept == Filter() or version is None:
        return Part(kept, None)
    found = picked.whole(project, kept, version)
    rows = np.zeros(len(found.columns), dtype=bool)
    rows[found.rows] = True
    return Part(kept, Within(rows, kept.query(), price(project, kept, version)))


def _check(wanted: Filter) -> None:
    """Raises Refused for what depends on answers, or could name the images one by one."""
    others = {
        _("Find"): bool(wanted.q),
        _("People say"): wanted.labels not in ((), (0,)),
        _("State"): wanted.states not in ((), (Image.State.OPEN,)),
        _("Answered by"): bool(wanted.people),
        _("Audit sample"): wanted.audit is True,
        _("Model confidence"): wanted.low is not None or wanted.high is not None,
    }
    if wrong := [name for name, is_there in others.items() if is_there]:
        words = _(
            "No error can be promised for this filter. Take out: %(wrong)s. What the model says, "
            "clusters, imports, splits and odd images can stay."
        )
        raise Refused("no_promise", words % {"wrong": ", ".join(wrong)})
    if len({survey for survey, _number in wanted.clusters}) > 1:
        raise Refused("no_promise", _("Choose clusters of one grouping."))


def price(project: Project, wanted: Filter, version: ModelVersion) -> float:
    """The natural logarithm of how many filters this one stands for: the shares e^-price of all
    filters of a project, as it stands, sum up to one at most."""
    imports = Import.objects.filter(project=project).count()
    sets: list[tuple[tuple[Any, ...], int]] = [
        (wanted.predicted, len(version.label_ids)), (wanted.splits, len(SPLITS)),
        (wanted.imports, imports), (wanted.odd, len(ODD)),
    ]  # fmt: skip
    used = [_set(len(chosen), size) for chosen, size in sets if chosen]
    if wanted.clusters:
        used.append(_of_clusters(project, wanted))
    return _set(len(used), KINDS) + sum(used)


def _set(chosen: int, size: int) -> float:
    """Of a set of so many things: half of what is left for each further one, shared evenly."""
    size = max(size, chosen)
    ways = math.lgamma(size + 1) - math.lgamma(chosen + 1) - math.lgamma(size - chosen + 1)
    return chosen * math.log(2) + ways


def _of_clusters(project: Project, wanted: Filter) -> float:
    """Groupings differ by their feature set and by their number of clusters: 1/(k (k + 1)) each."""
    found = clustered.of(project, wanted.clusters[0][0])
    k = max(1, len(found) if found else 1)
    spaces = max(1, len(vectors.spaces_of(project)))
    return math.log(spaces) + math.log(k * (k + 1)) + _set(len(wanted.clusters), k)
