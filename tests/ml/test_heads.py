import json

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from ml import heads
from ml.heads import solver
from ml.heads.base import HeadDamaged
from ml.heads.logistic import LogisticHead
from ml.heads.problem import RIDGE


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return x.astype(np.float32), y


def marks_of(y):
    """Three yes-no questions about a digit: is it even, is it below five, is it round."""
    return np.stack([y % 2 == 0, y < 5, np.isin(y, (0, 6, 8, 9))], axis=1)


@pytest.mark.parametrize("n", [300, 40])
def test_the_optimum_is_that_of_scikit_learn(digits, n):
    # With 300 rows the features are fewer than the images, with 40 they are more.
    x, y = digits[0][:n], digits[1][:n]
    head = LogisticHead.fit(x, y, n_labels=10)
    centred = x - x.mean(axis=0)
    scaled = centred / np.sqrt((centred**2).sum(axis=1).mean())
    ridge = min(RIDGE, 0.0005 * n) * head.chosen["factor"]
    reference = LogisticRegression(C=1 / ridge, tol=1e-8, max_iter=5000).fit(scaled, y)
    assert head.converged
    np.testing.assert_allclose(head.predict_proba(x), reference.predict_proba(scaled), atol=0.02)


def test_multi_label_heads_answer_each_question_alone(digits):
    x, y = digits
    head = LogisticHead.fit(x[:900], marks_of(y[:900]), n_labels=3)
    proba = head.predict_proba(x[900:])
    assert head.kind == "multi"
    assert ((proba > 0.5) == marks_of(y[900:])).mean() > 0.85
    alone = LogisticHead.fit(x[:900], marks_of(y[:900])[:, 1:2], n_labels=1)
    np.testing.assert_allclose(proba[:, 1:2], alone.predict_proba(x[900:]), atol=0.01)


@pytest.mark.parametrize("marks", [False, True])
def test_a_warm_start_saves_steps_and_changes_nothing(digits, marks):
    x, y = digits[0][:400], digits[1][:400]
    answers, n_labels = (marks_of(y), 3) if marks else (y, 10)
    cold = LogisticHead.fit(x, answers, n_labels=n_labels)
    before = LogisticHead.fit(x[:380], answers[:380], n_labels=n_labels)
    warm = LogisticHead.fit(x, answers, n_labels=n_labels, warm=before)
    assert warm.steps < cold.steps
    np.testing.assert_allclose(warm.predict_proba(x), cold.predict_proba(x), atol=0.02)


def test_a_warm_start_that_does_not_fit_is_ignored(digits):
    x, y = digits[0][:120], digits[1][:120]
    narrow = LogisticHead.fit(x[:, :30], y, n_labels=10)
    head = LogisticHead.fit(x, y, n_labels=10, warm=narrow)
    np.testing.assert_array_equal(
        head.predict_proba(x), LogisticHead.fit(x, y, n_labels=10).predict_proba(x)
    )


def test_a_label_never_seen_has_probability_zero_and_rows_sum_to_one(digits):
    x, y = digits
    few = y < 4
    head = LogisticHead.fit(x[few], y[few], n_labels=12)
    proba = head.predict_proba(x.astype(np.float16))
    assert proba.dtype == np.float32
    assert (proba[:, 4:] == 0).all()
    assert (proba[:, :4] > 0).any(axis=0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert head.seen.tolist() == [True] * 4 + [False] * 8


def test_one_label_alone_is_certain_and_one_image_is_enough():
    head = LogisticHead.fit(np.ones((1, 3)), [2], n_labels=4)
    np.testing.assert_array_equal(head.predict_proba(np.zeros((2, 3))), [[0, 0, 1, 0]] * 2)
    assert head.converged


def test_a_mark_never_given_is_unlikely_but_not_impossible():
    head = LogisticHead.fit(np.eye(8), np.zeros((8, 2)), n_labels=2)
    np.testing.assert_allclose(head.predict_proba(np.eye(8)), 0.1, atol=1e-6)


def test_weights_count_as_repetitions(digits):
    x, y = digits[0][:70], digits[1][:70]  # too few to choose the ridge, which repetitions mislead
    twice = np.where(np.arange(70) < 20, 2, 1)
    weighted = LogisticHead.fit(x, y, n_labels=10, sample_weight=twice)
    repeated = LogisticHead.fit(
        np.concatenate([x, x[:20]]), np.concatenate([y, y[:20]]), n_labels=10
    )
    np.testing.assert_allclose(weighted.predict_proba(x), repeated.predict_proba(x), atol=0.02)


def test_an_image_of_weight_zero_is_not_an_example():
    head = LogisticHead.fit(np.eye(3), [0, 1, 2], n_labels=3, sample_weight=[1, 1, 0])
    assert head.seen.tolist() == [True, True, False]


@pytest.mark.parametrize("n,d", [(2, 5), (30, 400), (60, 20), (50, 50)])
def test_copies_constants_and_outliers_are_survived(n, d):
    rng = np.random.default_rng(n)
    x = rng.standard_normal((n, d)).astype(np.float32)
    x[:, 0] = 7
    x[n // 2 :] = x[: n - n // 2]
    x[-1] *= 1000
    head = LogisticHead.fit(x, np.arange(n) % 2, n_labels=2)
    assert np.isfinite(head.predict_proba(x)).all()


def test_identical_images_leave_only_the_shares():
    head = LogisticHead.fit(np.ones((4, 3)), [0, 0, 0, 1], n_labels=2)
    np.testing.assert_allclose(head.predict_proba(np.ones((1, 3))), [[0.75, 0.25]], atol=0.01)


def test_a_solver_that_was_cut_short_says_so(digits, monkeypatch):
    monkeypatch.setattr(solver, "MAX_STEPS", 2)
    assert not LogisticHead.fit(digits[0][:300], digits[1][:300], n_labels=10).converged


def test_the_same_labels_give_the_same_head(digits):
    x, y = digits[0][:100], digits[1][:100]
    first, second = (LogisticHead.fit(x, y, n_labels=10) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)


@pytest.mark.parametrize(
    "x,y,options",
    [
        (np.ones((2, 2)), [0, 2], {}),
        (np.ones((2, 2)), [0], {}),
        (np.ones((0, 2)), [], {}),
        (np.full((2, 2), np.nan), [0, 1], {}),
        (np.ones(2), [0, 1], {}),
        (np.ones((2, 2)), [[0, 1, 1], [1, 0, 0]], {}),
        (np.ones((2, 2)), [[0, 2], [1, 0]], {}),
        (np.ones((2, 2)), [0, 1], {"sample_weight": [1]}),
        (np.ones((2, 2)), [0, 1], {"sample_weight": [0, 0]}),
        (np.ones((2, 2)), [0, 1], {"sample_weight": [-1, 2]}),
    ],
)
def test_what_cannot_be_learned_from_is_refused(x, y, options):
    with pytest.raises(ValueError):
        LogisticHead.fit(x, y, n_labels=2, **options)


def test_features_of_another_width_are_refused(digits):
    head = LogisticHead.fit(digits[0][:20], digits[1][:20], n_labels=10)
    with pytest.raises(ValueError, match="shape"):
        head.predict_proba(np.ones((1, 3)))


@pytest.mark.parametrize("marks", [False, True])
def test_a_head_comes_back_from_its_folder(digits, tmp_path, marks):
    x, y = digits[0][:100], digits[1][:100]
    answers, n_labels = (marks_of(y), 3) if marks else (y, 10)
    head = heads.get("logistic").fit(x, answers, n_labels=n_labels)
    files = head.save(tmp_path / "v1")
    again = heads.get("logistic").load(tmp_path / "v1")
    assert sorted(files) == ["head.json", "head.npz"]
    np.testing.assert_array_equal(again.predict_proba(x), head.predict_proba(x))
    assert (again.kind, again.converged, again.n_labels) == (head.kind, True, n_labels)


def spoil(folder, how):
    facts, packed = folder / "head.json", folder / "head.npz"
    if how == "facts cut":
        facts.write_text(facts.read_text()[:20])
    elif how == "arrays cut":
        packed.write_bytes(packed.read_bytes()[:100])
    elif how == "not finite":
        np.savez(
            packed, weights=np.full((64, 10), np.nan), intercepts=np.ones(10), seen=np.ones(10)
        )
    elif how == "wrong shape":
        np.savez(packed, weights=np.ones((3, 10)), intercepts=np.ones(10), seen=np.ones(10))
    else:
        changed = {"other format": {"format": 9}, "other head": {"head": "x"}, "kind": {"kind": 1}}
        facts.write_text(json.dumps({**json.loads(facts.read_text()), **changed[how]}))


@pytest.mark.parametrize(
    "how",
    ["facts cut", "arrays cut", "not finite", "wrong shape", "other format", "other head", "kind"],
)
def test_a_damaged_head_is_not_loaded(digits, tmp_path, how):
    LogisticHead.fit(digits[0][:100], digits[1][:100], n_labels=10).save(tmp_path)
    spoil(tmp_path, how)
    with pytest.raises(HeadDamaged):
        LogisticHead.load(tmp_path)


def test_unknown_heads_are_refused():
    with pytest.raises(ValueError, match="no head"):
        heads.get("crystal_ball")
