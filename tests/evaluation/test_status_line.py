"""The line that says what is at work, and what is missing."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from labeler.evaluation import status
from labeler.training.models import Round
from labeler.work.models import Worker
from tests.evaluation.pages import page, text_of


def worker(queues="rounds,chores", ago=0):
    seen = timezone.now() - timedelta(seconds=ago)
    return Worker.objects.create(name=f"w{ago}", queues=queues, started_at=seen, seen_at=seen)


def test_status_says_what_is_at_work(client, project, annotator):
    worker()
    assert text_of(page(client, annotator, "status", project)) == "1 worker up"
    Round.objects.create(
        project=project, number=14, reason="labels", state="running", phase="scoring",
        done=62, total=100,
    )  # fmt: skip
    assert text_of(page(client, annotator, "status", project)) == "Round 14 · scoring 62 %"


def test_status_says_since_when_nobody_works(client, project, annotator, monkeypatch):
    monkeypatch.setattr(status.health, "broker_up", lambda: True)
    words = text_of(page(client, annotator, "status", project))
    assert words.startswith("No worker has been seen yet.")
    worker(ago=370)
    words = text_of(page(client, annotator, "status", project))
    assert words == ("No worker has been seen for 6 minutes. Labels are safe; training waits.")


def test_status_tells_a_silent_broker_from_missing_workers(client, project, annotator, monkeypatch):
    monkeypatch.setattr(status.health, "broker_up", lambda: False)
    words = text_of(page(client, annotator, "status", project))
    assert words.startswith("The broker does not answer.")


def test_status_notices_that_nobody_takes_rounds(client, project, annotator):
    worker(queues="chores")
    assert "No worker takes rounds." in text_of(page(client, annotator, "status", project))


def test_the_installation_has_a_status_for_whoever_is_signed_in(client, annotator):
    url = reverse("system_status")
    assert client.get(url).status_code == 302
    client.force_login(annotator)
    worker()
    assert text_of(client.get(url)) == "1 worker up"
