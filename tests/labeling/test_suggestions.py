"""When the model's suggestion is shown: drawn per question, never where something is measured."""

from itertools import pairwise

import pytest

from labeler.labeling import questions, queue, replies
from labeler.labeling.models import QueueItem


def items(count=2000, **facts):
    return [QueueItem(pk=pk, **facts) for pk in range(1, count + 1)]


def shown(project, user, found):
    return [questions.suggestion_shown(item, project, user) for item in found]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_as_many_questions_show_it_as_the_project_wishes(project, annotator, share):
    project.suggestion_share = share
    drawn = shown(project, annotator, items())
    assert sum(drawn) / len(drawn) == pytest.approx(share, abs=0.04)
    assert shown(project, annotator, items()) == drawn  # a reload shows the same


def test_the_draw_is_spread_over_the_queue(project, annotator):
    """Half of them, but not every other one: neighbours differ about half of the time."""
    project.suggestion_share = 0.5
    drawn = shown(project, annotator, items())
    changes = sum(a != b for a, b in pairwise(drawn))
    assert changes / len(drawn) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("fact", ["audit", "gold"])
def test_audit_and_gold_are_always_blind(project, annotator, fact):
    assert not any(shown(project, annotator, items(50, **{fact: True})))


def test_a_person_may_hide_them_all(project, annotator):
    annotator.settings[questions.HIDDEN] = True
    assert not any(shown(project, annotator, items(50)))


def test_gold_and_audit_questions_read_alike(ranked, annotator):
    """Nobody can tell which of the two is measured: the model or the person."""
    ranked.audit_share = 0
    ranked.save()
    item = queue.claim(project=ranked, user=annotator)[0]
    told = {}
    for fact in ("audit", "gold"):
        item.audit, item.gold = fact == "audit", fact == "gold"
        told[fact] = replies.claimed(ranked, annotator, [item])["items"][0]
    assert told["audit"] == told["gold"]
    assert "suggestion" not in told["gold"]
    assert told["gold"]["why"]["audit"] is True
