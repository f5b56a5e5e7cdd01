"""Labels per class, per person and per day."""

import uuid
from datetime import timedelta

from django.utils import timezone

from labeler.evaluation import activity
from labeler.labeling import annotations
from labeler.labeling.models import Annotation
from tests.evaluation.test_report import HEALTHY, RUST


def counts(found):
    return [(c.label.name, c.count) for c in found.classes]


def test_counts_per_label_and_person(bench, reviewer):
    for image in bench.images(3, audit=False):
        bench.answer(image, HEALTHY, elapsed_ms=1000)
    bench.answer(bench.images(1, audit=False)[0], RUST, user=reviewer)
    bench.answer(bench.images(1, audit=False)[0], user=reviewer, skip="unsure")
    found = activity.of(bench.project)
    assert counts(found) == [("healthy", 3), ("rust", 1), ("mildew", 0)]
    assert {p.name: (p.today, p.total) for p in found.people} == {
        "annotator": (3, 3), "reviewer": (2, 2),
    }  # fmt: skip
    assert (found.answers, found.skips) == (5, 1)
    assert found.people[0].seconds == 1.0


def test_a_review_moves_the_label_but_takes_no_work_from_its_giver(bench, reviewer):
    image = bench.images(1)[0]
    bench.answer(image, HEALTHY)
    annotations.review(
        project=bench.project, user=reviewer, image=image, uuid=uuid.uuid4(),
        label_ids=[bench.ids[RUST]],
    )  # fmt: skip
    found = activity.of(bench.project)
    assert counts(found)[:2] == [("healthy", 0), ("rust", 1)]
    assert {p.name: p.total for p in found.people} == {"annotator": 1, "reviewer": 1}


def test_what_is_undone_does_not_count(bench, annotator):
    row = bench.answer(bench.images(1, audit=False)[0], HEALTHY)
    assert activity.of(bench.project).answers == 1
    annotations.undo(project=bench.project, user=annotator, uuid=row.uuid)
    found = activity.of(bench.project)
    assert (found.answers, found.people, counts(found)[0]) == (0, (), ("healthy", 0))


def test_days_have_no_holes(bench):
    rows = [bench.answer(image, HEALTHY) for image in bench.images(3, audit=False)]
    early = timezone.now() - timedelta(days=3)
    Annotation.objects.filter(pk=rows[0].pk).update(created_at=early)
    assert [d.count for d in activity.of(bench.project).days] == [1, 0, 0, 2]


def test_only_the_last_thirty_days_are_drawn(bench):
    rows = [bench.answer(image, HEALTHY) for image in bench.images(2, audit=False)]
    early = timezone.now() - timedelta(days=400)
    Annotation.objects.filter(pk=rows[0].pk).update(created_at=early)
    found = activity.of(bench.project)
    assert sum(d.count for d in found.days) == 1
    assert len(found.days) <= activity.DAYS
    assert found.answers == 2


def test_the_own_work_leaves_others_out(bench, annotator, reviewer):
    bench.answer(bench.images(1, audit=False)[0], HEALTHY)
    bench.answer(bench.images(1, audit=False)[0], RUST, user=reviewer)
    own = activity.of(bench.project, annotator)
    assert [p.name for p in own.people] == ["annotator"]
    assert counts(own) == [("healthy", 1), ("rust", 0), ("mildew", 0)]
