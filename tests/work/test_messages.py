"""A hint is worth a second of nobody's time."""

import pytest

from labeler.training.models import Round
from labeler.work import messages, tasks
from labeler.work.tasks import describe


@pytest.fixture
def refusing(monkeypatch):
    """A broker that refuses; the hints it was asked to take."""
    asked = []

    def refuse(*args, **options):
        asked.append((args, options))
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.run, "apply_async", refuse)
    monkeypatch.setattr(messages, "_silent_until", 0.0)
    return asked


def test_a_broker_that_is_away_disturbs_nobody(
    db, refusing, django_capture_on_commit_callbacks, caplog
):
    with django_capture_on_commit_callbacks(execute=True):
        messages.nudge("round", 1)
        messages.nudge("round", 2)
    assert len(refusing) == 1  # the second did not even try
    assert "the sweep will find it" in caplog.text


def test_a_hint_is_sent_after_the_commit_only(db, refusing, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=False) as waiting:
        messages.nudge("round", 1)
        assert not refusing
    assert len(waiting) == 1


def test_a_hint_is_not_retried_and_goes_to_its_kind_s_queue(
    db, refusing, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        messages.nudge("embedding")
    [(arguments, options)] = refusing
    assert arguments == (("embedding", 0),)
    assert options["queue"] == "chores"
    assert options["retry"] is False


def test_a_hint_at_nothing_does_nothing(db):
    tasks.run("round", 4711)
    tasks.run("no such kind")
    assert not Round.objects.exists()


def test_an_error_is_told_in_words():
    assert describe(MemoryError()) == "The worker ran out of memory."
    assert describe(OSError("no space")) == "OSError: no space"
