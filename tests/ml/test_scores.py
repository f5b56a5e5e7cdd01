import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml import scores
from ml.checks import check_proba

PROBA = np.array([[0.5, 0.5, 0.0], [0.7, 0.2, 0.1], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]])


@st.composite
def distributions(draw):
    shape = draw(st.tuples(st.integers(1, 40), st.integers(2, 12)))
    raw = draw(hnp.arrays(np.float64, shape, elements=st.floats(1e-3, 1)))
    return raw / raw.sum(axis=1, keepdims=True)


def test_margin_worked_example():
    np.testing.assert_allclose(scores.margin(PROBA), [1.0, 0.5, 0.0, 1.0], atol=1e-6)


def test_least_confidence_worked_example():
    np.testing.assert_allclose(scores.least_confidence(PROBA), [0.75, 0.45, 0.0, 1.0], atol=1e-6)


def test_entropy_worked_example():
    middle = -(0.7 * np.log(0.7) + 0.2 * np.log(0.2) + 0.1 * np.log(0.1)) / np.log(3)
    expected = [np.log(2) / np.log(3), middle, 0.0, 1.0]
    np.testing.assert_allclose(scores.entropy(PROBA), expected, atol=1e-6)


@pytest.mark.parametrize("name", scores.SCORES)
@given(proba=distributions())
def test_scores_are_float32_in_the_unit_interval(name, proba):
    value = scores.SCORES[name](proba)
    assert value.dtype == np.float32
    assert value.shape == (len(proba),)
    assert (value >= 0).all()
    assert (value <= 1).all()


@given(p=hnp.arrays(np.float64, st.integers(2, 30), elements=st.floats(0, 1)))
def test_with_two_labels_all_scores_order_alike(p):
    proba = np.stack([p, 1 - p], axis=1)
    doubt = -np.abs(p - 0.5)
    for name, score in scores.SCORES.items():
        value = score(proba)[np.argsort(doubt, kind="stable")]
        assert (np.diff(value) >= -1e-6).all(), name


@pytest.mark.parametrize("labels", [2, 7, 20, 40, 60, 130])
@pytest.mark.parametrize("name", scores.SCORES)
def test_blocks_agree_with_plain_numpy_in_any_layout_and_precision(name, labels):
    rng = np.random.default_rng(3)
    proba = rng.dirichlet(np.full(labels, 0.3), size=20_000)
    plain = {
        "least_confidence": (1 - proba.max(1)) * labels / (labels - 1),
        "margin": 1 - np.diff(np.sort(proba, axis=1)[:, -2:], axis=1)[:, 0],
        "entropy": -(proba * np.log(np.maximum(proba, 1e-300))).sum(1) / np.log(labels),
    }[name]
    np.testing.assert_allclose(scores.SCORES[name](proba), plain, atol=2e-6)
    np.testing.assert_allclose(scores.SCORES[name](np.asfortranarray(proba)), plain, atol=2e-6)
    half = proba.astype(np.float16)
    np.testing.assert_allclose(scores.SCORES[name](half), plain, atol=3e-3)


@pytest.mark.parametrize(
    "bad",
    [
        np.array([[2.0, -1.0]]),
        np.array([[0.5, 0.6]]),
        np.array([[np.nan, 1.0]]),
        np.array([[-np.nan, 1.0]]),
        np.array([[1.0, 0.0], [0.5, -np.inf]]),
        np.array([[np.inf, 0.0]]),
        np.array([[3.1, -2.0, 0.4]]),
        np.array([[1.0]]),
        np.array([0.5, 0.5]),
    ],
)
@pytest.mark.parametrize("name", scores.SCORES)
def test_what_is_no_distribution_is_refused(name, bad):
    with pytest.raises(ValueError):
        scores.SCORES[name](bad)
    with pytest.raises(ValueError):
        check_proba(bad)


@pytest.mark.parametrize("labels", [3, 20, 40, 80])
@pytest.mark.parametrize("name", scores.SCORES)
def test_rounding_below_zero_counts_as_zero(name, labels):
    proba = np.zeros((500, labels), dtype=np.float32)
    proba[:, 1], proba[:, 2] = 0.75, 0.25
    plain = scores.SCORES[name](proba)
    for little in (-0.0, -1e-5):
        proba[:, 0] = little
        np.testing.assert_allclose(scores.SCORES[name](proba), plain, atol=1e-4)


@pytest.mark.parametrize("labels", [5, 80])
@pytest.mark.parametrize("name", scores.SCORES)
def test_the_table_is_left_as_it_was(name, labels):
    proba = np.random.default_rng(0).dirichlet(np.ones(labels), size=3000).astype(np.float32)
    before = proba.copy()
    proba.flags.writeable = False
    scores.SCORES[name](proba)
    np.testing.assert_array_equal(proba, before)


def test_an_empty_pool_has_no_scores():
    assert scores.margin(np.empty((0, 3))).shape == (0,)


def test_binary_scores_aggregate_over_labels():
    proba = np.array([[0.5, 1.0], [0.75, 0.75], [0.0, 1.0]])
    np.testing.assert_allclose(scores.binary("margin", proba, "max"), [1, 0.5, 0])
    np.testing.assert_allclose(scores.binary("margin", proba, "mean"), [0.5, 0.5, 0])
    assert scores.binary("entropy", proba, "max")[0] == pytest.approx(1)


def test_binary_takes_a_single_label_and_refuses_unknown_words():
    assert scores.binary("margin", np.array([[0.5]]))[0] == 1
    with pytest.raises(ValueError, match="no score"):
        scores.binary("boredom", np.array([[0.5]]))
    with pytest.raises(ValueError, match="max or mean"):
        scores.binary("margin", np.array([[0.5]]), "median")
