"""What people said about the audit images."""

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass

from django.db.models import Count, Q

from labeler.evaluation.memory import Memory
from labeler.labeling import consensus
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

    def __len__(self) -> int:
        return len(self.rows)


_samples: Memory[AuditSample] = Memory(32)


def of(project: Project) -> AuditSample:
    """The audit sample as it is now; one query when nothing was answered since the last look."""
    return _samples.get(_key(project), lambda: _load(project))


def _key(project: Project) -> Hashable:
    # Every answer, undo and review is a new row; new images or a higher rate draw more images.
    seen = consensus.stamp(project)
    return project.pk, project.created_at, seen, project.audit_rate, project.next_row


def _load(project: Project) -> AuditSample:
    answers = sorted(consensus.audit_answers(project))
    of_audit = Image.objects.filter(project=project, audit=True).aggregate(
        drawn=Count("pk"), skipped=Count("pk", filter=Q(state=Image.State.SKIPPED))
    )
    labels = tuple(tuple(sorted(label_ids)) for _, _, label_ids in answers)
    image_ids = tuple(image_id for image_id, _, _ in answers)
    return AuditSample(
        image_ids=image_ids,
        rows=tuple(row for _, row, _ in answers),
        labels=labels,
        digest=hashlib.sha256(repr((image_ids, labels)).encode()).hexdigest(),
        **of_audit,
    )
