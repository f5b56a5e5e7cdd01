"""A figure that was told once can be told again, though labels were corrected since."""

from uuid import uuid4

import pytest

from labeler.evaluation import curve, reproducing, sample
from labeler.evaluation.report import report
from labeler.labeling import annotations, consensus
from labeler.labeling.models import QueueItem
from tests.evaluation.conftest import proba_of
from tests.evaluation.test_report import HEALTHY, MILDEW, RUST, sixty


@pytest.fixture
def measured(bench):
    """A version, its images, and its report with the newest annotation at that time."""
    images, version = sixty(bench)
    return bench, images, version, consensus.newest(bench.project), report(bench.project)


def review(bench, user, image, place, **fields):
    pk = bench.labels[place].pk
    return annotations.review(
        project=bench.project, user=user, image=image, uuid=uuid4(), label_ids=[pk], **fields
    ).annotation


def test_a_corrected_label_changes_today_but_not_then(measured, reviewer):
    bench, images, version, then, before = measured
    review(bench, reviewer, images[28], RUST)
    review(bench, reviewer, images[29], MILDEW)
    assert report(bench.project).as_dict() != before.as_dict()
    assert report(bench.project, version, as_of=then).as_dict() == before.as_dict()


def test_a_review_that_was_taken_back_brings_back_what_it_replaced(measured, reviewer):
    bench, images, version, then, before = measured
    mended = review(bench, reviewer, images[28], RUST)
    during = report(bench.project)
    annotations.undo(project=bench.project, user=reviewer, uuid=mended.uuid)
    after = consensus.newest(bench.project)
    review(bench, reviewer, images[0], MILDEW)
    assert report(bench.project, version, as_of=mended.pk).as_dict() == during.as_dict()
    assert report(bench.project, version, as_of=after).as_dict() == before.as_dict()
    assert report(bench.project, version, as_of=then).as_dict() == before.as_dict()


def test_an_answer_that_was_undone_or_changed_since(measured, annotator):
    bench, images, version, then, before = measured
    item = QueueItem.objects.create(
        project=bench.project, image=images[3], rank=0, strategy="audit", audit=True,
        claimed_by=annotator, claimed_until="2999-01-01T00:00Z",
    )  # fmt: skip
    sent = {"uuid": str(uuid4()), "item": item.pk, "labels": [bench.labels[RUST].pk]}
    changed = annotations.record(project=bench.project, user=annotator, answers=[sent])[0]
    assert changed.code == "created"
    during = report(bench.project)
    annotations.undo(project=bench.project, user=annotator, uuid=sent["uuid"])
    assert report(bench.project).audit_labels == 59
    past = report(bench.project, version, as_of=changed.annotation.pk)
    assert past.as_dict() == during.as_dict()
    assert report(bench.project, version, as_of=then).as_dict() == before.as_dict()


def test_answers_and_skips_that_came_later_are_not_there_yet(measured, reviewer):
    bench, _, version, then, before = measured
    extra = bench.images(2)
    bench.answer(extra[0], RUST)
    bench.answer(extra[1], skip="unsure")
    past = report(bench.project, version, as_of=then)
    assert (past.audit_labels, past.audit_skipped, past.audit_unscored) == (60, 0, 0)
    assert report(bench.project).audit_skipped == 1
    assert past.labels == before.labels


def test_people_who_disagree_are_reconciled_as_they_were(measured, reviewer, admin):
    bench, images, version, then, _ = measured
    bench.answer(images[0], RUST, user=reviewer)
    undecided = consensus.newest(bench.project)
    bench.answer(images[0], RUST, user=admin)
    assert report(bench.project, version, as_of=undecided).audit_labels == 59
    assert report(bench.project, version, as_of=then).audit_labels == 60


def test_a_score_gives_its_figures_again_with_the_thresholds_of_its_time(measured, reviewer):
    bench, images, version, then, before = measured
    score = curve.measure(bench.project, version)
    assert score.seen_annotation == then == sample.of(bench.project).seen
    version.thresholds = {str(bench.labels[RUST].pk): 0.99}
    version.save()
    review(bench, reviewer, images[28], RUST)
    score.refresh_from_db()
    again = reproducing.report_of(score)
    assert again.labels == before.labels
    assert (again.macro_f1.value, again.macro_f1.low) == (score.macro_f1, score.low)


def test_several_labels_per_image_as_they_stood(multi_bench, reviewer):
    bench = multi_bench
    images = bench.audit([(HEALTHY, RUST)] * 40 + [()] * 20)
    version = bench.version(images, proba_of([HEALTHY] * 60, 3))
    then, before = consensus.newest(bench.project), report(bench.project)
    review(bench, reviewer, images[0], MILDEW)
    assert report(bench.project, version, as_of=then).as_dict() == before.as_dict()


def test_the_api_keeps_what_it_had_and_tells_the_averages(measured):
    *_, before = measured
    told = before.as_dict()
    assert set(told["overall"]) == {"micro", "macro", "weighted"}
    assert told["overall"]["macro"]["f1"] == told["macro_f1"]
    # 28 + 16 + 10 of 60 right; the probabilities rank all but the six wrong ones first.
    assert told["overall"]["micro"]["recall"]["value"] == pytest.approx(54 / 60)
    assert told["labels"][RUST]["average_precision"]["low"] > 0.5
    assert told["labels"][MILDEW]["average_precision"]["value"] == 1.0
