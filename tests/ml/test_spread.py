"""Work on parts comes back in order, a few at a time, and its errors come up."""

import os
import threading

import pytest

from ml import spread


def test_results_come_in_the_order_of_the_parts():
    held = threading.Event()

    def work(part):
        if part == 0:
            held.wait(10)  # the first is the last to be done
        elif part == 3:
            held.set()
        return part * 10

    assert list(spread.over(range(9), work, threads=3)) == [part * 10 for part in range(9)]


def test_only_a_few_parts_are_taken_ahead():
    taken = []
    parts = (taken.append(n) or n for n in range(100))
    results = spread.over(parts, lambda part: part, threads=2)
    assert next(results) == 0
    assert len(taken) <= 2 * spread.AHEAD + 1
    results.close()


def test_an_error_of_one_part_comes_up_and_ends_the_rest():
    begun = []

    def work(part):
        begun.append(part)
        if part == 2:
            raise ValueError("part 2 is broken")
        return part

    with pytest.raises(ValueError, match="part 2 is broken"):
        list(spread.over(range(1000), work, threads=2))
    assert len(begun) < 20


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="niceness by thread is Linux's")
def test_threads_stand_back_and_the_process_does_not():
    before = os.nice(0)

    def niceness(_):
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert set(spread.over(range(4), niceness)) == {max(before, spread.BEHIND)}
    assert os.nice(0) == before
