"""Precision and recall of a pool where some answers are known: by hand, and by drawing."""

import numpy as np
import pytest

from ml import metrics, whole_pool
from ml.whole_pool import Known


def counts(**columns):
    return metrics.Counts(*(np.array([columns[name]]) for name in ("tp", "fp", "fn", "tn")))


def known(**columns):
    return Known(columns.pop("images"), **{name: np.array([n]) for name, n in columns.items()})


def test_a_table_worked_by_hand():
    # 100 of 1,000 drawn: 40 have the label, 32 of them are found, 8 more are given it wrongly.
    sample = counts(tp=32, fp=8, fn=8, tn=52)
    # The model gives it to 380 images. People answered 50 of them: it was right on 30. They
    # themselves give it to 45 of theirs, and the model to 340 of the rest.
    pool = known(images=1000, fresh=380, fresh_right=30, given=385, right=45)
    precision, recall = whole_pool.estimates(sample, 100, pool)
    assert precision.value[0] == pytest.approx((0.8 * 380 + 15) / 385)
    assert recall.value[0] == pytest.approx(0.8 + 15 / 400)
    alone, _ = metrics.precision_recall_intervals(sample)
    width = precision.high[0] - precision.low[0]
    assert width == pytest.approx((alone.high[0] - alone.low[0]) * 380 / 385)


def test_where_nothing_is_known_it_is_the_sample_alone():
    sample = counts(tp=32, fp=8, fn=8, tn=52)
    nothing = known(images=1000, fresh=400, fresh_right=0, given=400, right=0)
    for mine, alone in zip(
        whole_pool.estimates(sample, 100, nothing),
        metrics.precision_recall_intervals(sample),
        strict=True,
    ):
        assert np.allclose(mine, alone)


def test_never_below_what_people_answered_nor_above_all():
    sample = counts(tp=1, fp=9, fn=9, tn=81)
    most = known(images=200, fresh=20, fresh_right=2, given=20, right=18)
    precision, recall = whole_pool.estimates(sample, 100, most)
    assert precision.low[0] >= 0.9
    assert recall.low[0] >= 0.9
    assert precision.high[0] <= 1
    assert recall.high[0] <= 1


def test_a_label_without_images_has_no_recall():
    nobody = counts(tp=0, fp=0, fn=0, tn=50)
    none = known(images=500, fresh=0, fresh_right=0, given=0, right=0)
    precision, recall = whole_pool.estimates(nobody, 50, none)
    assert np.isnan(precision.value[0])
    assert np.isnan(recall.value[0])


def test_the_intervals_cover_the_truth():
    """A pool of 2,000, 300 of them hard and answered by people; 300 drawn; 400 times."""
    rng, inside = np.random.default_rng(5), np.zeros(2)
    truth = rng.random(2000) < 0.4
    hard = np.arange(2000) < 300
    right = rng.random(2000) < np.where(hard, 0.5, 0.9)
    said = np.where(right, truth, ~truth)
    delivered = np.where(hard, truth, said)
    goal = [(delivered & truth).sum() / part.sum() for part in (delivered, truth)]
    for _ in range(400):
        drawn = rng.permutation(2000)[:300]
        sample = metrics.counts(truth[drawn, None], said[drawn, None])
        pool = known(images=2000, fresh=said.sum(), fresh_right=(said & truth)[hard].sum(),
                     given=delivered.sum(), right=truth[hard].sum())  # fmt: skip
        told = whole_pool.estimates(sample, 300, pool)
        inside += [e.low[0] <= aim <= e.high[0] for e, aim in zip(told, goal, strict=True)]
    assert (inside / 400 > 0.93).all()
