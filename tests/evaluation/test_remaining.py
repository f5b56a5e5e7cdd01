"""How many images of a label nobody has labeled yet: by hand, and as often right as it says."""

import numpy as np
import pytest
from scipy.stats import hypergeom

from labeler.evaluation import remaining
from labeler.pools.models import Image
from tests.evaluation.test_report import HEALTHY, MILDEW, RUST


def left_of(bench, place):
    found = remaining.of(bench.project)
    return next(each for each in found.labels if each.label == bench.labels[place])


def is_likely(carry):
    """Whether 6 of 20 drawn from 100, of which so many carry it, leaves 2.5 % on either side."""
    return hypergeom.sf(5, 100, carry, 20) > 0.025 and hypergeom.cdf(6, 100, carry, 20) > 0.025


def test_a_table_worked_by_hand(bench):
    # 100 images; 20 of them audit: 12 healthy, 6 rust, 2 skipped; 40 more labeled: 10 rust.
    bench.audit([HEALTHY] * 12 + [RUST] * 6)
    for image in bench.images(2):
        bench.answer(image, skip="unsure")
    for n, image in enumerate(bench.images(40, audit=False)):
        bench.answer(image, RUST if n < 10 else HEALTHY)
    bench.images(40, audit=False)
    found = remaining.of(bench.project)
    assert (found.pool, found.unlabeled, found.answered) == (100, 42, 20)
    rust = left_of(bench, RUST)
    # 6 of 20 draws: 30 of 100 images, of which people have found 16.
    assert (rust.hits, rust.found, rust.left) == (6, 16, 14)
    # Exact bounds for 6 of 20 drawn from 100: 14 to 51 (hypergeometric tails of 2.5 %).
    could = [m for m in range(6, 87) if is_likely(m)]
    assert (rust.low, rust.high) == (max(0, min(could) - 16), min(42, max(could) - 16))
    assert rust.recall.value == pytest.approx(16 / 30)
    mildew = left_of(bench, MILDEW)
    assert (mildew.left, mildew.low, mildew.recall) == (0, 0, None)
    assert mildew.high > 5  # none seen in twenty is not none


def test_actively_chosen_labels_are_no_evidence(bench):
    """All 50 images that the strategy chose are rust; the rest of the pool is not."""
    bench.audit([HEALTHY] * 40)
    bench.images(410, audit=False)
    before = left_of(bench, RUST)
    for image in bench.images(50, audit=False):
        bench.answer(image, RUST)
    after = left_of(bench, RUST)
    assert before.left == after.left == 0
    assert after.high <= before.high


def test_before_the_first_audit_answer_nothing_is_told(bench):
    bench.images(10)
    assert remaining.of(bench.project) is None


def test_a_pool_that_is_labeled_has_nothing_left(bench):
    bench.audit([HEALTHY, RUST] * 10)
    for each in remaining.of(bench.project).labels:
        assert (each.low, each.left, each.high) == (0, 0, 0)


def test_several_labels_per_image(multi_bench):
    multi_bench.audit([(HEALTHY, RUST)] * 5 + [()] * 5)
    multi_bench.images(30, audit=False)
    found = remaining.of(multi_bench.project)
    assert [each.left for each in found.labels] == [15, 15, 0]


def test_answers_for_a_margin(bench):
    bench.audit([HEALTHY] * 15 + [RUST] * 5)
    bench.images(980, audit=False)
    found = remaining.of(bench.project)
    needed = found.answers_for(50)
    # ±5 points of a thousand: rust at a quarter takes more than mildew at none.
    assert needed[bench.labels[RUST].pk] > needed[bench.labels[MILDEW].pk] > 20
    assert found.answers_for(10)[bench.labels[RUST].pk] > needed[bench.labels[RUST].pk]
    for bad in (0, 500):
        with pytest.raises(ValueError, match="margin"):
            found.answers_for(bad)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Pools of 3,000 with 120 of a label; an active strategy has found half of them."""
    from ml.finite import population_bounds

    rng, held = np.random.default_rng(0), 0
    for _ in range(400):
        carries = rng.permutation(3000) < 120
        audit = rng.permutation(3000)[:200]
        outside = np.setdiff1d(np.flatnonzero(carries), audit)[:60]
        low, high = population_bounds([carries[audit].sum()], 200, 3000)
        found = carries[audit].sum() + len(outside)
        held += max(0, low[0] - found) <= 120 - found <= high[0] - found
    assert held / 400 >= 0.95


def test_looking_again_costs_little(bench, django_assert_max_num_queries):
    bench.audit([HEALTHY] * 30)
    remaining.of(bench.project)
    with django_assert_max_num_queries(4):
        remaining.of(bench.project)
    assert Image.objects.count() == 30
