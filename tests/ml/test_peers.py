"""Our definitions beside modAL's, small-text's and scikit-activeml's, on random tables.

Ours are divided by their maxima, so that they lie in [0, 1]; the tests multiply it back.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modAL import disagreement, uncertainty
from modAL.density import information_density
from scipy.stats import spearmanr
from skactiveml import pool as activeml
from skactiveml.base import SkactivemlClassifier
from small_text.query_strategies import strategies as small_text
from small_text.query_strategies.coresets import greedy_coreset

from ml import committee, scores
from ml.covering import probability_cover, typical
from ml.diversity import badge, core_set
from ml.neighbours import unit_rows
from ml.selection import top_k
from ml.threads import one_blas_thread
from ml.weighting import density

# Peers are slow in their first call, and no answer depends on the number of examples.
property_of = settings(deadline=None, max_examples=40)


class Said:
    """A model whose probabilities are known already."""

    def __init__(self, proba):
        self.proba = proba

    def predict_proba(self, _rows):
        return self.proba


class Committee:
    """Members whose probabilities (members, n, labels) are known already."""

    def __init__(self, members):
        self.members = members
        self.classes_ = np.arange(members.shape[2])

    def __len__(self):
        return len(self.members)

    def __iter__(self):
        return iter(self.members)

    def vote(self, _rows):
        return self.members.argmax(axis=2).T

    def vote_proba(self, _rows):
        return self.members.transpose(1, 0, 2)


@st.composite
def tables(draw, members=()):
    """Distributions of any width: smooth, nearly certain, or full of ties and zeros."""
    shape = (*members, draw(st.integers(1, 300)), draw(st.sampled_from([2, 3, 10, 31, 64, 130])))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    if draw(st.booleans()):
        raw = rng.dirichlet(np.full(shape[-1], draw(st.sampled_from([0.05, 1.0]))), shape[:-1])
    else:
        raw = rng.integers(0, 3, shape).astype(np.float64)
        raw[..., 0] += raw.sum(axis=-1) == 0
        raw /= raw.sum(axis=-1, keepdims=True)
    return raw.astype(draw(st.sampled_from([np.float32, np.float64])))


def small_texts(strategy, proba):
    """small-text's score of a whole pool, of which nothing is labeled."""
    every, none = np.arange(len(proba)), np.empty(0, dtype=int)
    return strategy.score(Said(proba), proba, every, none, none)


def largest(name, labels):
    return {"least_confidence": 1 - 1 / labels, "margin": 1, "entropy": np.log(labels)}[name]


PEERS = {
    "least_confidence": (
        lambda p: uncertainty.classifier_uncertainty(Said(p), p),
        lambda p: 1 - small_texts(small_text.LeastConfidence(), p),
        lambda p: activeml.uncertainty_scores(p, method="least_confident"),
    ),
    "margin": (
        lambda p: 1 - uncertainty.classifier_margin(Said(p), p),
        lambda p: 1 - small_texts(small_text.BreakingTies(), p),
        lambda p: activeml.uncertainty_scores(p, method="margin_sampling"),
    ),
    "entropy": (
        lambda p: uncertainty.classifier_entropy(Said(p), p),
        lambda p: -small_texts(small_text.PredictionEntropy(), p),
        lambda p: activeml.uncertainty_scores(p, method="entropy"),
    ),
}


@pytest.mark.parametrize("name", scores.SCORES)
@property_of
@given(proba=tables())
def test_scores_are_what_the_peers_compute(name, proba):
    ours = scores.SCORES[name](proba) * largest(name, proba.shape[1])
    for peer in PEERS[name]:
        np.testing.assert_allclose(ours, peer(proba), atol=5e-6)


QUERIES = {
    "least_confidence": (uncertainty.uncertainty_sampling, small_text.LeastConfidence),
    "margin": (uncertainty.margin_sampling, small_text.BreakingTies),
    "entropy": (uncertainty.entropy_sampling, small_text.PredictionEntropy),
}


@pytest.mark.parametrize("name", scores.SCORES)
@property_of
@given(proba=tables(), share=st.floats(0, 0.99), seed=st.integers(0, 99))
def test_a_batch_is_worth_as_much_as_the_peers(name, proba, share, seed):
    """Among equal scores each library takes others, so the scores taken are compared."""
    k = max(1, int(share * len(proba)))
    value = scores.SCORES[name](proba)
    ours = np.sort(value[top_k(value, k, np.random.default_rng(seed).permutation(len(proba)))])
    modal, small = QUERIES[name]
    taken, _ = modal(Said(proba), proba, n_instances=k)
    np.testing.assert_allclose(ours, np.sort(value[taken]), atol=5e-6)
    every, none = np.arange(len(proba)), np.empty(0, dtype=int)
    if k < len(proba):  # small-text cannot take the whole pool of one
        taken = small().query(Said(proba), proba, every, none, none, n=k)
        np.testing.assert_allclose(ours, np.sort(value[taken]), atol=5e-6)


@property_of
@given(members=st.integers(2, 6).flatmap(lambda m: tables(members=(m,))))
def test_split_votes_are_what_the_peers_compute(members):
    ours = committee.vote_entropy(members) * np.log(min(len(members), members.shape[2]))
    votes = Committee(members)
    table = votes.vote(None)
    np.testing.assert_allclose(ours, disagreement.vote_entropy(votes, table), atol=5e-6)
    theirs = activeml.vote_entropy(table, votes.classes_)
    np.testing.assert_allclose(ours, theirs, atol=5e-6)


@property_of
@given(members=st.integers(2, 6).flatmap(lambda m: tables(members=(m,))))
def test_disagreement_is_the_mean_divergence_of_scikit_activeml(members):
    ours = committee.kl_disagreement(members) * np.log(min(len(members), members.shape[2]))
    theirs = activeml.average_kl_divergence(members.astype(np.float64))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)  # theirs puts 1e-7 for zeros
    with np.errstate(divide="ignore", invalid="ignore"):
        most = disagreement.KL_max_disagreement(Committee(members), members[0])
    assert (ours <= most + 1e-5).all()  # modAL takes the member farthest from the mean


@st.composite
def points(draw, most=80):
    shape = (draw(st.integers(30, most)), draw(st.integers(2, 24)))
    return np.random.default_rng(draw(st.integers(0, 10**6))).standard_normal(shape)


@settings(deadline=None, max_examples=10)  # scikit-activeml takes 20 ms for each image
@given(rows=points(), known=st.integers(1, 9), k=st.integers(1, 8))
def test_core_set_takes_what_the_peers_take(rows, known, k):
    free = len(rows) - known
    y = np.full(len(rows), np.nan)
    y[free:] = 0
    ours, _ = core_set(rows[:free], k, np.arange(free), seed=0, labeled=rows[free:])
    with one_blas_thread():
        theirs, _ = activeml.k_greedy_center(rows, y, k)
        same = greedy_coreset(rows, np.arange(free), np.arange(free, len(rows)), k, "euclidean")
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(ours, same)


@pytest.mark.parametrize("labels", [2, 4])
def test_badge_draws_with_the_chances_of_scikit_activeml(labels):
    """Its chances count the origin as drawn, which the paper's do not: no image is near it here."""
    rng = np.random.default_rng(labels)
    rows = 9 + rng.standard_normal((7, 3))
    proba = (1 + rng.dirichlet(np.ones(labels), 7) / 9) / (labels + 1 / 9)
    proba[:, 0] += 0.05
    proba /= proba.sum(axis=1, keepdims=True)
    drawn = [badge(proba, rows, 2, np.arange(7), seed=seed)[0] for seed in range(3000)]
    first, second = np.stack(drawn).T
    asked = activeml.Badge(random_state=0)
    model = _classifier(proba)
    taken, utilities = asked.query(
        rows, np.full(7, np.nan), model, fit_clf=False, batch_size=2, return_utilities=True
    )
    assert set(first) == {taken[0]}
    chance = np.nan_to_num(utilities[1])
    found = np.bincount(second, minlength=7) / len(drawn)
    spread = np.sqrt(chance * (1 - chance) / len(drawn))
    assert (np.abs(found - chance) <= 5 * spread + 1e-9).all()


def _classifier(proba):
    """A classifier of scikit-activeml's kind that says these probabilities."""

    class Fixed(SkactivemlClassifier):
        def fit(self, *_args, **_options):
            return self

        def predict_proba(self, _rows):
            return proba

    model = Fixed(classes=list(range(proba.shape[1])))
    model.classes_ = np.arange(proba.shape[1])
    return model


def test_typical_images_are_those_of_scikit_activeml():
    rng = np.random.default_rng(4)
    sizes = np.array([60, 45, 33, 24])
    centres = rng.standard_normal((4, 8)) * 30
    rows = np.repeat(centres, sizes, axis=0) + rng.standard_normal((sizes.sum(), 8))
    theirs = activeml.TypiClust(random_state=0, k=20).query(
        rows, np.full(len(rows), np.nan), batch_size=4
    )
    ours, _ = typical(rows, 4, np.arange(len(rows)), seed=0)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.filterwarnings("ignore:The maximum purity")  # with one radius it seeks none
@property_of
@given(rows=points(), known=st.integers(0, 6), radius=st.floats(0.3, 1.2))
def test_covering_adds_as_many_images_as_scikit_activeml(rows, known, radius):
    """Equal gains are common, so each of our choices must be one of its best."""
    unit = unit_rows(rows.astype(np.float32)).astype(np.float64)
    free = len(rows) - known
    labeled = rows[free:] if known else None
    ours, share = probability_cover(
        rows[:free], 5, np.arange(free), seed=0, labeled=labeled, radius=radius
    )
    y = np.full(len(rows), np.nan)
    y[free:] = 0
    counts = []
    for place in ours:
        gain = activeml.ProbCover(random_state=0, n_classes=2, deltas=[radius]).query(
            unit, y, batch_size=1, return_utilities=True
        )[1][0]
        if np.nanmax(gain) == 0:
            break  # all is covered: from here on our radius is smaller
        assert gain[place] == np.nanmax(gain)
        counts.append(gain[place])
        y[place] = 0
    if counts:
        relative = share[: len(counts)] / share[0]
        np.testing.assert_allclose(relative, np.array(counts) / counts[0], atol=1e-6)


@property_of
@given(rows=points())
def test_dense_images_are_dense_to_modal(rows):
    """modAL averages 1 / (1 + distance), we the cosine itself: the order is nearly the same."""
    rows = rows + 1
    dense = information_density(rows, "cosine")
    assert spearmanr(density(rows, np.arange(len(rows))), dense).statistic > 0.9
