"""An audit sample that people have answered, and model versions with known probabilities."""

import uuid

import numpy as np
import pytest

from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import predictions, versions
from labeler.training.models import ModelVersion, Round


class Bench:
    """Makes rows and prediction files for one project."""

    def __init__(self, project, user):
        self.project, self.user = project, user
        self.labels = list(Label.objects.filter(project=project).order_by("place"))

    @property
    def ids(self):
        return [label.pk for label in self.labels]

    def images(self, n, *, audit=True):
        start = Image.objects.filter(project=self.project).count()
        made = Image.objects.bulk_create(
            Image(
                project=self.project, row=row, sha256=f"{self.project.pk:032x}{row:032x}",
                name=f"leaf-{row}.png", width=32, height=24, format="PNG", bytes=99,
                key=row / 100_000, audit=audit,
            )
            for row in range(start, start + n)
        )  # fmt: skip
        Project.objects.filter(pk=self.project.pk).update(next_row=start + n)
        self.project.next_row = start + n
        return made

    def answer(self, image, *places, user=None, skip="", **fields):
        """`user` says that the image has the labels at these places."""
        kind = "skip" if skip else "labels"
        row = Annotation.objects.create(
            uuid=uuid.uuid4(), project=self.project, image=image, user=user or self.user,
            kind=kind, skip=skip, **{"audit": image.audit, **fields},
        )  # fmt: skip
        row.labels.set([self.labels[place] for place in places])
        state = Image.State.SKIPPED if skip else Image.State.LABELED
        Image.objects.filter(pk=image.pk).update(state=state)
        return row

    def audit(self, truths):
        """Audit images, one per entry, answered with the label at that place (or places)."""
        images = self.images(len(truths))
        rows = [
            Annotation(
                uuid=uuid.uuid4(), project=self.project, image=image, user=self.user, audit=True
            )
            for image in images
        ]
        Annotation.objects.bulk_create(rows)
        through = Annotation.labels.through
        through.objects.bulk_create(
            through(annotation=row, label=self.labels[place])
            for row, truth in zip(rows, truths, strict=True)
            for place in (truth if isinstance(truth, tuple | list) else [truth])
        )
        Image.objects.filter(pk__in=[i.pk for i in images]).update(state=Image.State.LABELED)
        return images

    def version(self, images, proba, *, n_labels=100, label_ids=None, **fields):
        """The next model version, serving, with these probabilities of these images."""
        number = ModelVersion.objects.filter(project=self.project).count() + 1
        done = Round.objects.create(
            project=self.project, number=number, reason="labels", state="done", n_labels=n_labels
        )
        ModelVersion.objects.filter(project=self.project).update(serving=False)
        version = ModelVersion.objects.create(
            project=self.project, number=number, round=done, head="logistic",
            features="efficientnet_lite0", label_ids=label_ids or self.ids, strategy="margin",
            n_labels=n_labels, seen_annotation=0, sha256=uuid.uuid4().hex, serving=True, **fields,
        )  # fmt: skip
        rows = np.array([image.row for image in images], dtype=np.int64)
        predictions.write_audit(versions.folder(version), rows, np.asarray(proba, dtype=np.float32))
        return version


def proba_of(places, n_labels, sure=0.8):
    """Probabilities whose likeliest label is the one at each place."""
    table = np.full((len(places), n_labels), (1 - sure) / (n_labels - 1), dtype=np.float32)
    table[np.arange(len(places)), places] = sure
    return table


@pytest.fixture
def bench(project, annotator):
    return Bench(project, annotator)


@pytest.fixture
def multi_bench(project, annotator):
    project.kind = Project.Kind.MULTI
    project.save()
    return Bench(project, annotator)
