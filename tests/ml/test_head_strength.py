"""The ridge of the logistic head is chosen by cross-validation as answers come."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from ml import calibration
from ml.heads import EnsembleHead, LogisticHead, strength
from ml.heads.strength import FIRST, GROWTH, Strength


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return x[order].astype(np.float32), y[order]


@pytest.fixture(scope="module")
def uneven(digits):
    """Features of very different widths, for which the usual ridge is far too strong."""
    widths = np.logspace(0, 2, 64)[np.random.default_rng(1).permutation(64)]
    return (digits[0] * widths).astype(np.float32), digits[1]


def fit(data, n, **options):
    return LogisticHead.fit(data[0][:n], data[1][:n], n_labels=10, **options)


def right(head, data):
    return (head.predict_proba(data[0][1000:]).argmax(axis=1) == data[1][1000:]).mean()


def test_uneven_features_are_held_back_less_and_known_better(uneven, monkeypatch):
    chosen = fit(uneven, 1000)
    assert chosen.chosen["factor"] < 1
    monkeypatch.setattr(strength, "FIRST", 10**9)
    usual = fit(uneven, 1000)
    assert usual.chosen["factor"] == 1
    assert right(chosen, uneven) > right(usual, uneven) + 0.02


def test_with_few_answers_nothing_is_chosen(uneven):
    assert fit(uneven, FIRST - 1).chosen == Strength(1.0, 0)._asdict()


@pytest.mark.parametrize("shape", ["single", "multi"])
def test_labels_that_mean_nothing_do_not_loosen_it(shape):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 20)).astype(np.float32)
    y = rng.integers(3, size=300) if shape == "single" else rng.random((300, 3)) < 0.3
    assert LogisticHead.fit(x, y, n_labels=3).chosen["factor"] >= 1


def test_the_choice_is_kept_until_there_are_half_as_many_more(uneven, monkeypatch):
    first = fit(uneven, 200)
    asked = []

    def counted(*given):
        asked.append(len(given[0]))
        return Strength(0.5, len(given[0]))

    monkeypatch.setattr("ml.heads.logistic.choose", counted)
    assert fit(uneven, int(200 * GROWTH) - 1, warm=first).chosen == first.chosen
    assert asked == []
    assert fit(uneven, int(200 * GROWTH), warm=first).chosen["factor"] == 0.5
    assert asked == [300]


def test_the_choice_is_saved_with_the_head(uneven, tmp_path):
    head = fit(uneven, 300)
    head.save(tmp_path)
    assert LogisticHead.load(tmp_path).chosen == head.chosen
    assert head.chosen["chosen_at"] == 300


@pytest.mark.parametrize("kind", [LogisticHead, EnsembleHead])
def test_folds_take_over_the_choice_and_no_answer(uneven, monkeypatch, kind):
    x, y = uneven[0][:300], uneven[1][:300]
    head = kind.fit(x, y, n_labels=10)
    assert not head.untaught().weights.any()
    monkeypatch.setattr("ml.heads.logistic.choose", None)  # choosing again would fail
    options = {"n_labels": 10, "head": kind, "seed": 0}
    proba = calibration.cross_validated_proba(x, y, like=head, **options)
    assert (proba.argmax(axis=1) == y).mean() > 0.8
