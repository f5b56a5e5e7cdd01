"""Precision, recall and F1 on the audit sample: worked by hand, and honest."""

import json
import time

import numpy as np
import pytest

from labeler.evaluation import scored
from labeler.evaluation.report import report
from labeler.labeling import relabeling
from labeler.projects.models import Label, Project
from tests.evaluation.conftest import Bench, proba_of

HEALTHY, RUST, MILDEW = 0, 1, 2


def sixty(bench, **fields):
    """30 healthy, 20 rust, 10 mildew; 4 rust are called healthy, 2 healthy rust."""
    truth = [HEALTHY] * 30 + [RUST] * 20 + [MILDEW] * 10
    said = [HEALTHY] * 28 + [RUST] * 2 + [RUST] * 16 + [HEALTHY] * 4 + [MILDEW] * 10
    images = bench.audit(truth)
    return images, bench.version(images, proba_of(said, 3), **fields)


def test_counts_and_figures_of_a_worked_example(bench):
    sixty(bench)
    found = report(bench.project)

    rust = found.of_label(bench.labels[RUST].pk)
    assert (rust.tp, rust.fp, rust.fn, rust.support) == (16, 2, 4, 20)
    assert rust.precision.value == pytest.approx(16 / 18)
    assert rust.recall.value == pytest.approx(16 / 20)
    assert rust.f1.value == pytest.approx(2 * 16 / (2 * 16 + 2 + 4))
    # Wilson's interval of 16 of 20, from the published formula.
    assert (rust.recall.low, rust.recall.high) == pytest.approx((0.5840, 0.9193), abs=5e-5)


def test_macro_f1_is_the_mean_of_the_labels_f1(bench):
    sixty(bench)
    healthy, rust, mildew = 2 * 28 / (2 * 28 + 4 + 2), 2 * 16 / (2 * 16 + 6), 1.0
    macro = report(bench.project).macro_f1
    assert macro.value == pytest.approx((healthy + rust + mildew) / 3)
    assert 0.8 < macro.low < macro.value < macro.high <= 1


def test_confusion_has_people_in_rows_and_the_model_in_columns(bench):
    sixty(bench)
    assert report(bench.project).confusion == ((28, 2, 0, 0), (4, 16, 0, 0), (0, 0, 10, 0))


def test_columns_follow_the_versions_own_order_of_labels(bench):
    truth = [HEALTHY] * 30 + [RUST] * 20 + [MILDEW] * 10
    images = bench.audit(truth)
    bench.version(images, proba_of(truth, 3)[:, ::-1], label_ids=bench.ids[::-1])
    assert report(bench.project).confusion == ((30, 0, 0, 0), (0, 20, 0, 0), (0, 0, 10, 0))


def test_no_mistake_seen_is_not_certainty(bench):
    images = bench.audit([HEALTHY, RUST, MILDEW] * 20)
    bench.version(images, proba_of([HEALTHY, RUST, MILDEW] * 20, 3))
    macro = report(bench.project).macro_f1
    assert macro.value == 1.0
    assert macro.low < 0.97


def test_below_a_threshold_the_model_says_unknown(bench):
    images = bench.audit([HEALTHY] * 30 + [RUST] * 30)
    proba = proba_of([HEALTHY] * 30 + [RUST] * 30, 3)
    proba[:5] = [0.4, 0.3, 0.3]
    bench.version(images, proba)

    assert report(bench.project).confusion[HEALTHY] == (30, 0, 0, 0)
    strict = report(bench.project, threshold=0.5)
    assert strict.confusion[HEALTHY] == (25, 0, 0, 5)
    assert strict.of_label(bench.labels[HEALTHY].pk).fn == 5


def test_saved_thresholds_apply_unless_one_is_given(bench):
    rust = str(bench.labels[RUST].pk)
    images = bench.audit([RUST] * 60)
    bench.version(images, proba_of([RUST] * 60, 3, sure=0.6), thresholds={rust: 0.7})

    assert report(bench.project).of_label(bench.labels[RUST].pk).fn == 60
    assert report(bench.project, threshold=0.0).of_label(bench.labels[RUST].pk).fn == 0


def test_under_fifty_audit_labels_there_is_no_figure(bench):
    images = bench.audit([HEALTHY] * 49)
    bench.version(images, proba_of([HEALTHY] * 49, 3))
    assert report(bench.project).macro_f1 is None

    bench.answer(bench.images(1)[0], HEALTHY)
    assert report(bench.project).audit_labels == 49  # the version has not scored the new one
    assert report(bench.project).audit_unscored == 1


def test_under_five_images_a_label_says_too_few(bench):
    truth = [HEALTHY] * 56 + [RUST] * 4
    bench.version(bench.audit(truth), proba_of(truth, 3))
    rust = report(bench.project).of_label(bench.labels[RUST].pk)
    assert rust.too_few
    assert rust.as_dict()["recall"] is None
    assert rust.as_dict()["tp"] == 4


def test_skipped_audit_images_are_counted_and_left_out(bench):
    truth = [HEALTHY] * 60
    images = bench.audit(truth)
    skipped = bench.images(3)
    for image in skipped:
        bench.answer(image, skip="unsure")
    bench.version([*images, *skipped], proba_of([HEALTHY] * 63, 3))
    found = report(bench.project)
    assert (found.audit_labels, found.audit_skipped, found.audit_images) == (60, 3, 63)


def test_labels_from_the_queue_never_count(bench):
    images = bench.audit([HEALTHY] * 60)
    bench.version(images, proba_of([HEALTHY] * 60, 3))
    for image in bench.images(5, audit=False):
        bench.answer(image, RUST)
    assert report(bench.project).audit_labels == 60


def test_people_who_disagree_are_reconciled_or_left_out(bench, reviewer, admin):
    images = bench.audit([HEALTHY] * 60)
    bench.answer(images[0], RUST, user=reviewer)  # one against one: nobody knows
    bench.answer(images[1], RUST, user=reviewer)
    bench.answer(images[1], RUST, user=admin)  # two against one: rust
    bench.version(images, proba_of([HEALTHY] * 60, 3))
    found = report(bench.project)
    assert found.audit_labels == 59
    assert found.of_label(bench.labels[RUST].pk).support == 1


def test_several_labels_per_image(multi_bench):
    bench = multi_bench
    images = bench.audit([(HEALTHY, RUST)] * 30 + [(MILDEW,)] * 20 + [()] * 10)
    proba = np.zeros((60, 3))
    proba[:30] = [0.9, 0.6, 0.5]  # mildew is given wrongly, from 0.5 up
    proba[30:50] = [0.1, 0.1, 0.49]  # mildew is missed
    proba[50:] = [0.2, 0.2, 0.2]
    bench.version(images, proba)
    found = report(bench.project)

    mildew = found.of_label(bench.labels[MILDEW].pk)
    assert (mildew.tp, mildew.fp, mildew.fn) == (0, 30, 20)
    assert found.confusion is None
    assert found.macro_f1.value == pytest.approx((1 + 1 + 0) / 3)
    eased = report(bench.project, threshold=0.45)
    assert eased.of_label(bench.labels[MILDEW].pk).tp == 20


def test_a_label_the_version_does_not_know_is_missed_not_hidden(bench):
    truth = [HEALTHY] * 40 + [MILDEW] * 20
    images = bench.audit(truth)
    bench.version(images, proba_of([HEALTHY] * 60, 2), label_ids=bench.ids[:2])
    mildew = report(bench.project).of_label(bench.labels[MILDEW].pk)
    assert (mildew.tp, mildew.fn) == (0, 20)


def test_a_review_moves_the_numbers(bench, reviewer):
    from uuid import uuid4

    from labeler.labeling import annotations

    images, _ = sixty(bench)
    before = report(bench.project).of_label(bench.labels[RUST].pk)
    annotations.review(
        project=bench.project, user=reviewer, image=images[28], uuid=uuid4(),
        label_ids=[bench.labels[RUST].pk],
    )  # fmt: skip
    after = report(bench.project).of_label(bench.labels[RUST].pk)
    assert (before.tp, before.fp) == (16, 2)
    assert (after.tp, after.fp) == (17, 1)


def test_without_a_model_only_the_sample_is_reported(bench):
    bench.audit([HEALTHY] * 7)
    found = report(bench.project)
    assert (found.version, found.audit_labels, found.macro_f1, found.labels) == (None, 7, None, ())


def test_lost_probabilities_are_said_not_raised(bench):
    from labeler.training import versions

    _, version = sixty(bench)
    for file in versions.folder(version).iterdir():
        file.unlink()
    found = report(bench.project)
    assert not found.readable
    assert found.macro_f1 is None


def test_cross_validation_keeps_its_own_name(bench):
    said = {"n": 80, "accuracy": 0.7, "low": 0.6, "high": 0.8}
    images = bench.audit([HEALTHY] * 10)
    bench.version(images, proba_of([HEALTHY] * 10, 3), cross_validated=said)
    found = report(bench.project)
    assert found.cross_validated.value == 0.7
    assert found.macro_f1 is None


def test_the_report_is_json(bench):
    sixty(bench)
    told = json.loads(json.dumps(report(bench.project).as_dict(), allow_nan=False))
    assert told["sample"] == "audit"
    assert told["model_version"] == 1
    assert told["labels"][RUST]["recall"]["value"] == pytest.approx(0.8)
    assert told["confusion"]["counts"][RUST][HEALTHY] == 4


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_out_of_range_is_refused(bench, threshold):
    with pytest.raises(ValueError, match="between 0 and 1"):
        report(bench.project, threshold=threshold)


@pytest.mark.parametrize(("kind", "share"), [("single", 0.7), ("multi", 0.4)])
def test_a_version_from_before_a_merge_is_measured_as_if_it_had_known(bench, owner, kind, share):
    Project.objects.filter(pk=bench.project.pk).update(kind=kind)
    bench.project.refresh_from_db()
    images = bench.audit([RUST, MILDEW, HEALTHY])
    version = bench.version(images, [[0.3, 0.4, 0.3]] * 3)
    assert scored.of(bench.project, version).truth.sum(axis=0).tolist() == [1, 1, 1]
    old, new = bench.labels[MILDEW], bench.labels[RUST]
    relabeling.merge(project=bench.project, user=owner, old=old.pk, new=new.pk)
    found = scored.of(bench.project, version)
    assert [label.name for label in found.labels] == ["healthy", "rust"]
    assert found.truth.sum(axis=0).tolist() == [1, 2]
    np.testing.assert_allclose(found.proba, [[0.3, share]] * 3, rtol=1e-6)


def test_a_second_look_costs_few_queries(bench, django_assert_max_num_queries):
    sixty(bench)
    report(bench.project)
    with django_assert_max_num_queries(3):
        report(bench.project)


def test_the_number_of_queries_does_not_grow(bench, django_assert_max_num_queries):
    truth = [HEALTHY, RUST, MILDEW] * 200
    bench.version(bench.audit(truth), proba_of(truth, 3))
    with django_assert_max_num_queries(6):
        report(bench.project)


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_a_thousand_images_of_a_hundred_labels_fit_in_a_look(project, annotator, kind, capsys):
    project.kind = kind
    project.save()
    Label.objects.bulk_create(
        Label(project=project, name=f"label {i}", place=i) for i in range(3, 100)
    )
    bench = Bench(project, annotator)
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 100, 1000)
    proba = rng.dirichlet(np.full(100, 0.1), 1000).astype(np.float32)
    bench.version(bench.audit(truth.tolist()), proba)
    began = time.process_time()
    assert report(project).macro_f1 is not None
    ms = 1000 * (time.process_time() - began)
    with capsys.disabled():
        print(f"\n{kind}, 1,000 × 100: {ms:.0f} ms of CPU, first look")
