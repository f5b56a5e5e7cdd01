"""Scores older than the newest audit answers: said so on the pages, measured by a worker."""

from datetime import timedelta

from django.utils import timezone

from labeler.evaluation import curve, measuring
from labeler.evaluation.models import Measuring, Score
from labeler.work import leases, tasks
from labeler.work.models import LeasedWork
from tests.evaluation.conftest import proba_of
from tests.evaluation.test_report import HEALTHY, RUST, sixty


def test_a_look_asks_a_worker_and_measures_nothing_itself(bench):
    sixty(bench)
    assert measuring.consider(bench.project) == 0  # no figure yet, so none is older
    assert not Score.objects.exists()
    assert leases.due(Measuring).count() == 1
    assert measuring.consider(bench.project) == 0
    assert leases.due(Measuring).count() == 1

    tasks.run("measuring")
    assert Score.objects.get().audit_labels == 60
    assert not leases.due(Measuring).exists()


def test_a_figure_is_called_older_until_it_is_measured_anew(bench, reviewer):
    images, _ = sixty(bench)
    measuring.consider(bench.project)
    tasks.run("measuring")
    bench.answer(images[0], RUST, user=reviewer)  # a tie: 59 audit labels now
    assert measuring.consider(bench.project) == 1
    assert leases.due(Measuring).count() == 1
    tasks.run("measuring")
    assert measuring.consider(bench.project) == 0
    assert Score.objects.get().audit_labels == 59


def test_more_versions_than_a_turn_takes_are_measured_turn_by_turn(bench, monkeypatch):
    images, _ = sixty(bench)
    bench.version(images, proba_of([HEALTHY] * 60, 3), n_labels=80)
    monkeypatch.setattr(measuring, "A_TURN", 1)
    measuring.consider(bench.project)
    tasks.run("measuring")
    assert Score.objects.get().version.serving
    assert leases.due(Measuring).count() == 1
    tasks.run("measuring")
    assert (Score.objects.count(), leases.due(Measuring).count()) == (2, 0)


def test_what_failed_is_asked_for_again_but_not_by_every_look(bench):
    sixty(bench)
    measuring.consider(bench.project)
    failed = {"state": LeasedWork.State.FAILED, "attempts": 3, "finished_at": timezone.now()}
    Measuring.objects.update(**failed)
    measuring.consider(bench.project)
    assert not leases.due(Measuring).exists()
    Measuring.objects.update(finished_at=timezone.now() - timedelta(minutes=2))
    measuring.consider(bench.project)
    assert leases.due(Measuring).get().attempts == 0


def test_pages_say_that_figures_are_older(bench, reviewer, client):
    images, version = sixty(bench)
    curve.measure(bench.project, version)
    client.force_login(reviewer)
    pages = [f"/projects/{bench.project.pk}/{page}" for page in ("", "learning", "models")]
    assert all(b"data-older" not in client.get(page).content for page in pages)
    bench.answer(images[0], RUST, user=reviewer)
    assert all(b"data-older" in client.get(page).content for page in pages)
    assert Score.objects.get().audit_labels == 60
