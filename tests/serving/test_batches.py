"""Pictures of many requests are judged together, each gets its own row, and too many are told."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from labeler.serving.batches import MOST, Batches, Busy


def picture(value):
    return np.full((2, 2, 3), value, dtype=np.uint8)


class Judge:
    """Says each picture's value; may be held up; remembers how many came together."""

    def __init__(self):
        self.sizes = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, batch):
        self.go.wait(10)
        self.sizes.append(len(batch))
        return batch[:, 0, 0, :1].astype(np.float32)


@pytest.fixture
def judge():
    return Judge()


def test_everybody_gets_her_own_row(judge):
    batches = Batches(judge)
    with ThreadPoolExecutor(8) as people:
        asked = [[n % 250, (n + 1) % 250] for n in range(100)]
        found = list(people.map(lambda pair: batches.judged([picture(v) for v in pair]), asked))
    assert [rows[:, 0].tolist() for rows in found] == asked
    assert max(judge.sizes) <= MOST


def test_what_waits_is_judged_together(judge):
    batches = Batches(judge)
    judge.go.clear()
    with ThreadPoolExecutor(9) as people:
        waiting = [people.submit(batches.judged, [picture(n)] * 4) for n in range(9)]
        while batches._in < 36:
            pass
        judge.go.set()
        assert [w.result()[0, 0] for w in waiting] == list(range(9))
    assert len(judge.sizes) < 9


def test_who_is_announced_is_waited_for(judge, monkeypatch):
    monkeypatch.setattr("labeler.serving.batches.PATIENCE", 10.0)
    batches = Batches(judge)
    with ThreadPoolExecutor(1) as people:
        with batches.announced(1):
            first = people.submit(batches.judged, [picture(1)])
            while batches._queue.qsize() or not batches._in:
                pass
            assert batches.judged([picture(2)])[0, 0] == 2
        assert first.result()[0, 0] == 1
    assert judge.sizes[0] == 2


def test_who_comes_alone_waits_for_nobody(judge, monkeypatch):
    monkeypatch.setattr("labeler.serving.batches.PATIENCE", 3600.0)
    batches = Batches(judge)
    with batches.announced(3):
        pass  # none of them could be read
    assert batches.judged([picture(1)])[0, 0] == 1


def test_too_many_are_turned_away_and_told_when_to_come_again(judge):
    batches = Batches(judge, waiting=4)
    judge.go.clear()
    with ThreadPoolExecutor(1) as people:
        first = people.submit(batches.judged, [picture(1)] * 4)
        while batches._in < 4:
            pass
        with pytest.raises(Busy) as busy:
            batches.judged([picture(2)])
        assert busy.value.seconds >= 1
        judge.go.set()
        assert len(first.result()) == 4
    assert len(batches.judged([picture(3)] * 9)) == 9  # alone, a large one is let in


def test_what_goes_wrong_reaches_who_asked_and_nobody_else():
    def judge(batch):
        if batch.max() == 13:
            raise ValueError("thirteen")
        return batch[:, 0, 0, :1].astype(np.float32)

    batches = Batches(judge)
    with pytest.raises(ValueError, match="thirteen"):
        batches.judged([picture(13)])
    assert batches.judged([picture(7)])[0, 0] == 7


def test_a_stopped_one_answers_what_waits_and_who_comes_late(judge):
    batches = Batches(judge)
    batches.stop()
    assert batches.judged([picture(5)])[0, 0] == 5
    batches._thread.join(5)
    assert not batches._thread.is_alive()
    assert batches.judged([picture(6)])[0, 0] == 6
