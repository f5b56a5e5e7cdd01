"""What people say about the images that the model may learn from, and what it says of them when
it has not seen them: cross-validated scores.

These images were chosen to teach, not drawn: figures measured on them are named as that, and are
never mixed with those of the audit sample.
"""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from django.db.models import Q

from labeler.evaluation.memory import Memory
from labeler.evaluation.scored import Bools, Proba, Scored, put
from labeler.labeling import consensus
from labeler.labeling.models import Annotation
from labeler.projects.models import Label, Project
from labeler.training import cross_validated
from labeler.training.cross_validated import CrossValidated
from labeler.training.models import ModelVersion

AT_ONCE = 500  # images whose answers are read anew; of more, all are

Answers = dict[int, tuple[int, list[int]]]  # {row: (image id, label ids)}


@dataclass(frozen=True)
class _Said:
    """The answers as they were when annotation `seen` was the newest."""

    seen: int
    merges: Hashable
    answers: Answers


_tables: Memory[CrossValidated | None] = Memory(4)
_scored: Memory[Scored] = Memory(8)
_said: dict[int, _Said] = {}  # by project: the last, to start from


def of(project: Project) -> Scored | None:
    """The labeled images with scores of a model that had not seen them; None before there is any.

    Label columns as in `scored.of`; `missing` counts labeled images that were not scored, because
    they were labeled since. A version cross-validates when there is enough new to learn.
    """
    table = _table(project)
    if table is None:
        return None
    labels = tuple(Label.objects.filter(project=project).order_by("position", "place"))
    looks = tuple((la.pk, la.name, la.key, la.colour, la.position, la.retired) for la in labels)
    key = project.pk, project.created_at, table.version, consensus.stamp(project), looks
    return _scored.get(key, lambda: _compare(key, project, table, labels))


def version_of(project: Project) -> int | None:
    """The number of the version whose round cross-validated last."""
    table = _table(project)
    return table.version if table else None


def _table(project: Project) -> CrossValidated | None:
    newest = ModelVersion.objects.filter(project=project).order_by("-number")
    last = newest.values_list("pk", "sha256").first()
    return _tables.get((project.pk, last), lambda: cross_validated.newest(project))


def _compare(
    key: Hashable, project: Project, table: CrossValidated, labels: tuple[Label, ...]
) -> Scored:
    known = answers(project)
    pairs = {la.pk: la.merged_into_id for la in labels if la.merged_into_id}
    spoken = [pairs.get(pk, pk) for pk in table.label_ids]
    used = set(spoken).union(*(said for _, said in known.values()))
    labels = tuple(label for label in labels if not label.retired or label.pk in used)
    column = {label.pk: at for at, label in enumerate(labels)}
    kept = [at for at, row in enumerate(table.rows.tolist()) if row in known]
    said = [known[int(table.rows[at])] for at in kept]
    proba: Proba = np.zeros((len(kept), len(labels)), dtype=np.float32)
    put(proba, [column[pk] for pk in spoken], table.proba[kept], multi=project.is_multi)
    truth = _marks([label_ids for _, label_ids in said], column)
    image_ids = tuple(image for image, _ in said)
    return Scored(key, labels, image_ids, truth, proba, missing=len(known) - len(kept))


def _marks(said: list[list[int]], column: dict[int, int]) -> Bools:
    truth = np.zeros((len(said), len(column)), dtype=bool)
    pairs = [(at, column[pk]) for at, label_ids in enumerate(said) for pk in label_ids]
    if pairs:
        rows, columns = np.array(pairs).T
        truth[rows, columns] = True
    return truth


# Answers, as they change ---------------------------------------------------------------------


def answers(project: Project) -> Answers:
    """What people agree on now of images that may be learned from.

    Reading a hundred thousand answers takes a second, so only the images that were touched since
    the last time are read; where people's weights depend on all answers, or labels were merged,
    everything is.
    """
    newest, *merges = consensus.stamp(project)
    last = _said.get(project.pk)
    touched = _touched(project, last, (project.created_at, *merges))
    if last is None or touched is None:
        every = {row: (image, said) for image, row, said in consensus.taught(project)}
    else:
        every = _changed(project, last.answers, touched)
    _said[project.pk] = _Said(newest, (project.created_at, *merges), every)
    return every


def _touched(project: Project, last: _Said | None, merges: Hashable) -> dict[int, int] | None:
    """{image id: row} of what was answered since; None where all must be read."""
    by_weight = project.consensus == Project.Consensus.DAWID_SKENE
    if last is None or last.merges != merges or by_weight:
        return None
    new = Annotation.objects.filter(project=project, pk__gt=last.seen)
    found = dict(new.values_list("image", "image__row").distinct()[: AT_ONCE + 1])
    return None if len(found) > AT_ONCE else found


def _changed(project: Project, before: Answers, touched: dict[int, int]) -> Answers:
    every = dict(before)
    for row in touched.values():
        every.pop(row, None)
    for image, row, said in consensus.taught(project, Q(image__in=list(touched))):
        every[row] = (image, said)
    return every
