"""Counts for every claim: exact where they are few, a moment old where they are many."""

import pytest

from labeler.labeling import queue, replies, tally
from labeler.pools.models import Image


def never():
    pytest.fail("counted again")


def test_few_are_counted_every_time():
    numbers = iter([3, 4, 5])
    assert [tally.of("left", 1, lambda: next(numbers)) for _ in range(3)] == [3, 4, 5]


def test_many_are_counted_once_in_a_while(monkeypatch):
    monkeypatch.setattr(tally, "KEPT", 1000.0)
    assert tally.of("left", 1, lambda: 2_000) == 2_000
    assert tally.of("left", 1, never) == 2_000
    assert tally.of("labeled", 1, lambda: 7) == 7
    assert tally.of("left", 2, lambda: 900) == 900
    now = tally.time.monotonic()
    monkeypatch.setattr(tally.time, "monotonic", lambda: now + tally.KEPT + 0.1)
    assert tally.of("left", 1, lambda: 1_990) == 1_990


def test_a_slow_count_is_kept_longer(monkeypatch):
    ticks = iter([0.0, 0.5, 24.9, 25.6, 25.6])
    monkeypatch.setattr(tally.time, "monotonic", lambda: next(ticks))
    assert tally.of("left", 1, lambda: 1_000_000) == 1_000_000  # took half a second
    assert tally.of("left", 1, never) == 1_000_000
    assert tally.of("left", 1, lambda: 999_999) == 999_999


def test_own_changes_count_at_once(monkeypatch):
    monkeypatch.setattr(tally, "KEPT", 1000.0)
    tally.changed("left", 1, -1)  # nothing is kept yet
    tally.of("left", 1, lambda: 600)
    tally.changed("left", 1, -2)
    tally.changed("left", 2, -1)
    assert tally.of("left", 1, never) == 598
    tally.forget()
    assert tally.of("left", 1, lambda: 1) == 1


def test_a_claims_reply_follows_what_is_answered_and_undone(
    ranked, annotator, answer, monkeypatch, images
):
    monkeypatch.setattr(tally, "MANY", 1)
    monkeypatch.setattr(tally, "KEPT", 1000.0)  # however slow the machine is
    ranked.audit_share = 0
    Image.objects.filter(pk=images[2].pk).update(state="labeled")

    def told():
        reply = replies.claimed(ranked, annotator, [])
        return reply["left"], reply["progress"]["labeled"]

    items = queue.claim(project=ranked, user=annotator, count=2)
    assert told() == (7, 1)
    monkeypatch.setattr(queue, "left", never)
    answer(annotator, items[0], "rust")
    assert told() == (6, 2)
    answer(annotator, items[0], "healthy")  # a change of mind
    answer(annotator, items[1], skip="unsure")
    assert told() == (5, 2)
    answer(annotator, items[1], "rust")
    assert told() == (5, 3)
