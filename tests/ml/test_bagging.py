"""A committee of one kind of head."""

import numpy as np

from ml.heads import LogisticHead
from ml.heads.bagging import MEMBERS, bagged_proba


def some(n=150):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    return rng.normal(size=(3, 12))[y] + rng.normal(size=(n, 12)), y


def test_members_begin_like_the_head_and_know_none_of_its_answers(monkeypatch):
    x, y = some()
    head = LogisticHead.fit(x, y, n_labels=3)
    begun = []
    fit = LogisticHead.fit.__func__

    def watched(cls, *args, warm=None, **options):
        begun.append(warm)
        return fit(cls, *args, warm=warm, **options)

    monkeypatch.setattr(LogisticHead, "fit", classmethod(watched))
    said = bagged_proba(LogisticHead, x, y, x, n_labels=3, like=head)
    assert said.shape == (MEMBERS, 150, 3)
    assert all(warm.chosen == head.chosen and not warm.weights.any() for warm in begun)
    assert len({member.tobytes() for member in said}) == MEMBERS


def test_without_such_a_head_each_member_chooses_for_itself():
    x, y = some(60)
    said = bagged_proba(LogisticHead, x, y, x, n_labels=3)
    np.testing.assert_array_equal(said, bagged_proba(LogisticHead, x, y, x, n_labels=3))
    assert (said.argmax(axis=2) == y).mean() > 0.8
