"""What people said about the audit images."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from labeler.evaluation.memory import Memory
from labeler.labeling import consensus, standing
from labeler.pools.models import Image
from labeler.projects.models import Project


@dataclass(frozen=True)
class AuditSample:
    """Answered audit images, in a fixed order, and how many are left or were skipped.

    `labels[i]` are the label ids of image `image_ids[i]`, which is row `rows[i]` of the pool.
    """

    image_ids: tuple[int, ...]
    rows: tuple[int, ...]
    labels: tuple[tuple[int, ...], ...]
    drawn: int  # audit images in all
    skipped: int  # people could or would not say; left out of every figure
    digest: str  # names the answers: equal answers, equal digest
    seen: int = 0  # the newest annotation when they were read: `as_of` to read them again

    def __len__(self) -> int:
        return len(self.rows)


_samples: Memory[AuditSample] = Memory(32)


def of(project: Project, as_of: int | None = None) -> AuditSample:
    """The audit sample as it is now; one query when nothing was answered since the last look.

    as_of: with the answers as they stood when this annotation id was the newest. How many images
    are drawn is told as of today.
    """
    if as_of is None:
        key = _key(project)
        return _samples.get(key, lambda: _load(project, key[2][0]))
    return _samples.get((as_of, *_key(project)), lambda: _past(project, as_of))


def _key(project: Project) -> tuple[int, datetime, tuple[int, int, bool], float, int]:
    # Every answer, undo and review is a new row; new images or a higher rate draw more images.
    seen = consensus.stamp(project)
    return project.pk, project.created_at, seen, project.audit_rate, project.next_row


def _load(project: Project, seen: int) -> AuditSample:
    answers = sorted(consensus.audit_answers(project))
    of_audit = Image.objects.filter(project=project, audit=True).aggregate(
        drawn=Count("pk"), skipped=Count("pk", filter=Q(state=Image.State.SKIPPED))
    )
    return made(answers, seen=seen, **of_audit)


def _past(project: Project, as_of: int) -> AuditSample:
    stood = standing.answers(project, Q(image__audit=True, audit=True), as_of)
    drawn = Image.objects.filter(project=project, audit=True).count()
    return made(sorted(stood.answers), seen=as_of, drawn=drawn, skipped=stood.skipped)


def made(
    answers: Sequence[tuple[int, int, Sequence[int]]], *, seen: int, drawn: int, skipped: int
) -> AuditSample:
    """A sample of (image id, row, label ids), sorted."""
    labels = tuple(tuple(sorted(label_ids)) for _, _, label_ids in answers)
    image_ids = tuple(image_id for image_id, _, _ in answers)
    return AuditSample(
        image_ids=image_ids,
        rows=tuple(row for _, row, _ in answers),
        labels=labels,
        digest=hashlib.sha256(repr((image_ids, labels)).encode()).hexdigest(),
        drawn=drawn,
        skipped=skipped,
        seen=seen,
    )
