import threading

import pytest

from ml.lookahead import ahead


def test_results_come_in_order_with_their_items():
    assert list(ahead(lambda n: n * n, range(100), threads=4)) == [(n, n * n) for n in range(100)]


def test_only_a_few_are_taken_ahead():
    rest = iter(range(1000))
    results = ahead(lambda n: n, rest, most=8)
    for _ in range(3):
        next(results)
    assert next(rest) == 3 + 8
    results.close()
    assert next(rest) == 3 + 8 + 1


def test_what_the_work_raises_is_raised_at_its_item():
    def halve(n):
        return 10 // (3 - n)

    results = ahead(halve, range(6))
    assert [next(results) for _ in range(3)] == [(0, 3), (1, 5), (2, 10)]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_two_are_worked_on_at_a_time():
    both = threading.Barrier(2, timeout=20)
    assert len(list(ahead(lambda _: both.wait(), range(2), threads=2))) == 2


def test_nothing_gives_nothing():
    assert list(ahead(len, [])) == []
