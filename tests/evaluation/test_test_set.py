"""An imported test split is measured apart: its own answers, its own figures."""

from uuid import uuid4

import numpy as np
import pytest

from labeler.evaluation import test_set
from labeler.evaluation.report import report
from labeler.labeling import annotations, consensus
from labeler.pools.models import Image
from labeler.training import test_split, versions
from ml import arrays
from tests.evaluation.conftest import proba_of
from tests.evaluation.test_report import HEALTHY, MILDEW, RUST, sixty


def split_of(bench, truths):
    """Images of the split, each answered by the import with the label at that place."""
    images = bench.images(len(truths), audit=False)
    Image.objects.filter(pk__in=[image.pk for image in images]).update(split="test")
    for image, place in zip(images, truths, strict=True):
        bench.answer(image, place, source="import", audit=False)
    return images


def believe(version, images, places):
    rows = np.array([image.row for image in images])
    proba = proba_of(places, 3).astype(np.float16)
    arrays.write_arrays(versions.folder(version) / test_split.FILE, {"rows": rows, "proba": proba})


@pytest.fixture
def measured(bench):
    _, version = sixty(bench)
    images = split_of(bench, [RUST] * 6 + [MILDEW] * 5)
    believe(version, images, [RUST] * 5 + [HEALTHY] + [MILDEW] * 5)
    return bench, version, images


def test_the_split_has_figures_of_its_own(measured):
    bench, version, _ = measured
    found = test_set.of(bench.project, version)
    assert found.audit_labels == 11
    assert found.confusion == ((0, 0, 0, 0), (1, 5, 0, 0), (0, 0, 5, 0))
    assert found.of_label(bench.labels[RUST].pk).recall.value == pytest.approx(5 / 6)


def test_it_never_mixes_with_the_audit_sample(measured):
    bench, version, images = measured
    before = report(bench.project).as_dict()
    assert before["audit_labels"] == 60
    # An image of the split that is in the audit sample, too, and is answered there otherwise.
    Image.objects.filter(pk=images[0].pk).update(audit=True)
    bench.answer(images[0], HEALTHY, user=bench.project.created_by, audit=True)
    assert test_set.of(bench.project, version).audit_labels == 11
    assert test_set.of(bench.project, version).confusion[RUST] == (1, 5, 0, 0)


def test_it_is_told_again_as_it_stood(measured, reviewer):
    bench, version, images = measured
    then, before = consensus.newest(bench.project), test_set.of(bench.project, version)
    given = annotations.review(
        project=bench.project, user=reviewer, image=images[0], uuid=uuid4(),
        label_ids=[bench.labels[HEALTHY].pk],
    )  # fmt: skip
    assert given.code == "created"
    assert test_set.of(bench.project, version).as_dict() != before.as_dict()
    assert test_set.of(bench.project, version, as_of=then).as_dict() == before.as_dict()


def test_without_a_split_there_is_nothing_to_tell(bench):
    _, version = sixty(bench)
    assert test_set.of(bench.project, version) is None


def test_a_version_that_cannot_be_read_any_more_says_so(measured):
    bench, version, _ = measured
    (versions.folder(version) / test_split.FILE).write_bytes(b"no archive")
    assert not test_set.of(bench.project, version).readable
