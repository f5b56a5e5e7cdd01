"""What labels have bought: a score per version, on the same images, kept up to date."""

from datetime import timedelta

import pytest
from django.utils import timezone

from labeler.evaluation import curve
from labeler.evaluation.models import Score
from labeler.evaluation.report import report
from labeler.training.signals import round_finished
from tests.evaluation.conftest import proba_of
from tests.evaluation.test_report import HEALTHY, MILDEW, RUST, sixty


def test_a_finished_round_leaves_a_score(bench):
    _, version = sixty(bench)
    round_finished.send(
        sender=None, project_id=bench.project.pk, round_id=version.round_id, version=1
    )
    score = Score.objects.get()
    assert score.macro_f1 == pytest.approx(report(bench.project).macro_f1.value)
    assert (score.version, score.audit_labels, score.compared_with) == (version, 60, None)


def test_a_round_without_version_leaves_none(bench):
    round_finished.send(sender=None, project_id=bench.project.pk, round_id=1, version=None)
    assert not Score.objects.exists()


def test_a_score_that_cannot_be_measured_does_not_stop_the_round(bench, monkeypatch):
    _, version = sixty(bench)
    monkeypatch.setattr(curve, "measure", lambda *_: 1 / 0)
    round_finished.send(
        sender=None, project_id=bench.project.pk, round_id=version.round_id, version=1
    )


def test_change_is_told_against_the_version_before_on_the_same_images(bench):
    images, _ = sixty(bench)
    truth = [HEALTHY] * 30 + [RUST] * 20 + [MILDEW] * 10
    better = bench.version(images, proba_of(truth, 3), n_labels=200)
    score = curve.measure(bench.project, better)
    before = report(bench.project, better.project.model_versions.get(number=1)).macro_f1
    assert score.compared_with == 1
    assert score.change == pytest.approx(1 - before.value)
    assert 0 < score.change_low < score.change < score.change_high
    assert score.changed_images == 6


def test_equal_answers_change_nothing(bench):
    images, _ = sixty(bench)
    said = [HEALTHY] * 28 + [RUST] * 2 + [RUST] * 16 + [HEALTHY] * 4 + [MILDEW] * 10
    score = curve.measure(bench.project, bench.version(images, proba_of(said, 3, sure=0.9)))
    assert (score.change, score.changed_images) == (0, 0)


def test_images_that_only_one_version_scored_are_left_out_of_the_change(bench):
    images, _ = sixty(bench)
    more = bench.audit([HEALTHY] * 10)
    truth = [HEALTHY] * 30 + [RUST] * 20 + [MILDEW] * 10 + [RUST] * 10
    later = bench.version([*images, *more], proba_of(truth, 3))
    assert curve.measure(bench.project, later).changed_images == 6
    assert report(bench.project, later).audit_labels == 70


def test_points_follow_the_versions(bench):
    images, _ = sixty(bench, n_labels=40)
    bench.version(images, proba_of([HEALTHY] * 60, 3), n_labels=80)
    assert curve.refresh(bench.project) == 2
    assert [(p.version, p.n_labels) for p in curve.points(bench.project)] == [(1, 40), (2, 80)]
    assert all(p.low <= p.macro_f1 <= p.high for p in curve.points(bench.project))


def test_old_versions_are_measured_again_but_not_all_at_once(bench, reviewer):
    images, _ = sixty(bench)
    for n_labels in (200, 300, 400):
        bench.version(images, proba_of([HEALTHY] * 60, 3), n_labels=n_labels)
    assert [curve.refresh(bench.project) for _ in range(3)] == [2, 2, 0]

    bench.answer(images[0], RUST, user=reviewer)  # a tie: 59 audit labels now
    assert curve.refresh(bench.project) == 1  # the serving one at once, the others in a minute
    Score.objects.update(measured_at=timezone.now() - timedelta(minutes=2))
    assert curve.refresh(bench.project) == 2
    assert curve.refresh(bench.project) == 1
    assert set(Score.objects.values_list("audit_labels", flat=True)) == {59}


def test_a_version_whose_probabilities_are_gone_keeps_its_score(bench):
    from labeler.training import versions

    images, old = sixty(bench)
    curve.measure(bench.project, old)
    bench.version(images, proba_of([HEALTHY] * 60, 3))
    for file in versions.folder(old).iterdir():
        file.unlink()
    bench.answer(bench.images(1)[0], RUST)
    Score.objects.update(measured_at=timezone.now() - timedelta(minutes=2))
    for _ in range(3):
        curve.refresh(bench.project)
    assert Score.objects.get(version=old).audit_labels == 60
    assert curve.refresh(bench.project) == 0


def test_the_interval_of_macro_f1_holds_what_it_promises():
    """Of 300 samples of 100 images, about 95 in 100 intervals hold the true macro F1."""
    import numpy as np

    from ml import metrics
    from ml.averages import averages

    rng = np.random.default_rng(1)
    rates = np.array([[0.30, 0.02, 0.01], [0.05, 0.35, 0.02], [0.01, 0.01, 0.23]])
    tp, given, true = rates.diagonal(), rates.sum(axis=0), rates.sum(axis=1)
    wanted = (2 * tp / (given + true)).mean()
    held = 0
    for _ in range(300):
        cells = rng.choice(9, size=100, p=rates.ravel())
        truth, said = cells // 3, cells % 3
        found = averages(metrics.one_hot(truth, 3), metrics.one_hot(said, 3)).macro.f1
        held += found.low <= wanted <= found.high
    assert 0.93 <= held / 300 <= 0.99
