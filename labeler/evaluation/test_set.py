"""The test split that came with a manifest: measured apart, never with the audit sample.

Somebody chose these images. What a version does on them can be compared with what others tell of
the same split; of the pool it says nothing.
"""

from django.db.models import Q

from labeler.evaluation import report, sample
from labeler.evaluation.memory import Memory
from labeler.evaluation.report import Report
from labeler.evaluation.sample import AuditSample
from labeler.evaluation.scored import TEST, Thresholds
from labeler.labeling import consensus, standing
from labeler.pools.models import Image, Import
from labeler.projects.models import Project
from labeler.training.models import ModelVersion

_samples: Memory[AuditSample] = Memory(32)


def of(
    project: Project,
    version: ModelVersion,
    *,
    threshold: float | None = None,
    as_of: int | None = None,
) -> Report | None:
    """The version measured on the split's labels, now or as they stood; None without any.

    Labels that people gave in the audit are no part of it, even on the same image.
    """
    found = answers(project, as_of)
    if not found:
        return None
    thresholds = Thresholds.of_version(project, version, threshold)
    return report.measured_on(project, version, found, thresholds, which=TEST)


def answers(project: Project, as_of: int | None = None) -> AuditSample:
    """What the split's images are said to show."""
    imports = Import.objects.filter(project=project).order_by("-pk").values_list("pk", "state")
    key = (project.pk, project.created_at, as_of, consensus.stamp(project), imports.first())
    return _samples.get((*key, project.next_row), lambda: _load(project, as_of))


def _load(project: Project, as_of: int | None) -> AuditSample:
    which = Q(image__split=Image.Split.TEST, audit=False)
    found = standing.answers(project, which, as_of)
    return sample.made(
        sorted(found.answers),
        seen=as_of or 0,
        drawn=len(found.answers) + found.skipped,
        skipped=found.skipped,
    )
