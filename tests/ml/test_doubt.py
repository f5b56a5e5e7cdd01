"""Scores against the definitions of modAL 0.4 and small-text 1.4; committees; decisions."""

import numpy as np
import pytest
from scipy.stats import entropy

from ml import scores
from ml.committee import kl_disagreement, vote_entropy
from ml.triage import decide, given
from ml.weighting import density, rarity

TABLES = [(500, 2, 0.3), (500, 10, 0.3), (500, 10, 5.0), (200, 100, 0.1)]


@pytest.fixture(params=TABLES, ids=str)
def proba(request):
    n, labels, concentration = request.param
    return np.random.default_rng(n + labels).dirichlet(np.full(labels, concentration), size=n)


def test_least_confidence_is_that_of_modal_and_small_text(proba):
    labels = proba.shape[1]
    ours = scores.least_confidence(proba)
    modal = 1 - np.max(proba, axis=1)  # modAL.uncertainty.classifier_uncertainty
    small_text = np.amax(proba, axis=1)  # LeastConfidence.get_confidence, lower is better
    np.testing.assert_allclose(ours, modal * labels / (labels - 1), atol=2e-6)
    np.testing.assert_allclose(ours, (1 - small_text) * labels / (labels - 1), atol=2e-6)


def test_margin_is_that_of_modal_and_small_text(proba):
    ours = scores.margin(proba)
    part = np.partition(-proba, 1, axis=1)
    modal = -part[:, 0] + part[:, 1]  # modAL.uncertainty.classifier_margin
    order = np.argsort(proba, axis=1)
    rows = np.arange(len(proba))
    small_text = proba[rows, order[:, -1]] - proba[rows, order[:, -2]]  # BreakingTies
    np.testing.assert_allclose(ours, 1 - modal, atol=2e-6)
    np.testing.assert_allclose(ours, 1 - small_text, atol=2e-6)


def test_entropy_is_that_of_modal_and_small_text(proba):
    theirs = np.apply_along_axis(entropy, 1, proba)  # PredictionEntropy; modAL transposes twice
    np.testing.assert_allclose(
        scores.entropy(proba), theirs / np.log(proba.shape[1]), atol=5e-6
    )  # fmt: skip


def test_the_same_images_come_first(proba):
    chosen = {
        "least_confidence": -np.max(proba, axis=1),
        "margin": -np.diff(np.sort(proba, axis=1)[:, -2:], axis=1)[:, 0],
        "entropy": entropy(proba, axis=1),
    }
    for name, theirs in chosen.items():
        ours = scores.SCORES[name](proba)
        mine = np.argsort(-ours, kind="stable")[:20]
        best = np.sort(theirs)[::-1][:20]
        np.testing.assert_allclose(np.sort(theirs[mine])[::-1], best, atol=5e-6)


# Committees --------------------------------------------------------------------------------


@pytest.fixture
def committee():
    return np.random.default_rng(8).dirichlet(np.full(3, 0.5), size=(4, 300))


def test_votes_are_counted_as_modal_counts_them(committee):
    votes = committee.argmax(axis=2)
    shares = np.stack([(votes == label).mean(axis=0) for label in range(3)], axis=1)
    np.testing.assert_allclose(
        vote_entropy(committee), entropy(shares, axis=1) / np.log(3), atol=1e-6
    )


def test_divergence_is_that_from_the_mean(committee):
    mean = committee.mean(axis=0)
    theirs = np.mean([entropy(member, mean, axis=1) for member in committee], axis=0)
    np.testing.assert_allclose(kl_disagreement(committee), theirs / np.log(3), atol=1e-6)


def test_opposite_members_disagree_fully_and_equal_ones_not_at_all():
    opposite = np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])
    for score in (vote_entropy, kl_disagreement):
        np.testing.assert_allclose(score(opposite), [1, 0], atol=1e-6)


def test_tags_are_voted_on_one_by_one():
    members = np.array([[[0.9, 0.9]], [[0.1, 0.9]]])
    np.testing.assert_allclose(vote_entropy(members, kind="multi", how="max"), [1], atol=1e-6)
    np.testing.assert_allclose(vote_entropy(members, kind="multi", how="mean"), [0.5], atol=1e-6)


# Weights -----------------------------------------------------------------------------------


def test_density_is_the_mean_cosine_similarity():
    x = np.random.default_rng(0).standard_normal((50, 4)) + 0.5
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    np.testing.assert_allclose(
        density(x, np.arange(50)), (1 + (unit @ unit.T).mean(axis=1)) / 2, atol=1e-6
    )


def test_a_sure_example_of_the_rarest_label_comes_first():
    proba = np.array([[0.98, 0.02], [0.1, 0.9], [0.5, 0.5]])
    np.testing.assert_allclose(rarity(proba, [9, 0]), [0.098, 0.9, 0.5], atol=1e-6)
    assert rarity(np.tile([0.9, 0.1], (50, 1)), None)[0] == pytest.approx(0.9 * 6 / 46)
    with pytest.raises(ValueError, match="given"):
        rarity(proba, [1, 2, 3])


# Decisions ---------------------------------------------------------------------------------


def test_two_best_nearer_than_the_margin_are_asked():
    proba = [[0.64, 0.36, 0.0], [0.65, 0.34, 0.01], [0.34, 0.33, 0.33], [0.9, 0.1, 0.0]]
    assert decide(proba).tolist() == ["ask", "accept", "ask", "accept"]


def test_two_thresholds_accept_ask_and_reject():
    proba = [[0.95, 0.05, 0.0], [0.7, 0.2, 0.1], [0.4, 0.3, 0.3]]
    assert decide(proba, accept=0.9, reject=0.5).tolist() == ["accept", "ask", "reject"]
    assert decide(proba, accept=0.9, reject=0.5, margin=0).tolist() == ["accept", "ask", "reject"]


def test_tags_are_decided_one_by_one():
    proba = [[0.9, 0.1], [0.5, 0.9], [0.1, 0.2]]
    assert decide(proba, multi=True).tolist() == ["accept", "ask", "reject"]
    asked = decide(proba, multi=True, accept=0.95, reject=0.15)
    assert asked.tolist() == ["ask", "ask", "ask"]


def test_a_stricter_threshold_never_accepts_more():
    proba = np.random.default_rng(0).dirichlet(np.ones(4), size=300)
    accepted = [
        (decide(proba, accept=t, margin=0) == "accept").sum() for t in np.linspace(0, 1, 11)
    ]
    assert (np.diff(accepted) <= 0).all()
    assert accepted[0] == 300


@pytest.mark.parametrize(
    "options", [{"accept": 1.5}, {"accept": 0.4, "reject": 0.6}, {"margin": -1}]
)
def test_thresholds_that_contradict_each_other_are_refused(options):
    with pytest.raises(ValueError):
        decide([[0.5, 0.5]], **options)
    with pytest.raises(ValueError):
        decide([[0.5, 0.5]], multi=True, **options)


@pytest.mark.parametrize("bad", [[[np.nan, 1]], [[2.0, -1.0]], [[0.4, 0.4]], [[1.0]], [0.5, 0.5]])
def test_no_decision_without_probabilities(bad):
    with pytest.raises(ValueError):
        decide(bad)


def test_an_empty_stream_needs_no_decision():
    assert decide(np.empty((0, 3))).tolist() == []


def test_the_likeliest_label_below_its_threshold_is_asked_about():
    proba = np.array([[0.9, 0.05, 0.05], [0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    said = decide(proba, thresholds=[0.8, 0.0, 0.0])
    assert said.tolist() == ["accept", "ask", "accept"]


def test_with_several_labels_a_threshold_takes_the_place_of_the_half():
    proba = np.array([[0.3, 0.1], [0.3, 0.9], [0.05, 0.02]])
    assert decide(proba, multi=True).tolist() == ["reject", "accept", "reject"]
    low = [0.1, 0.5]
    said = decide(proba, multi=True, margin=0.2, thresholds=low)
    assert said.tolist() == ["accept", "accept", "ask"]
    marks = given(proba, multi=True, margin=0.2, thresholds=low)
    assert marks.tolist() == [[True, False], [True, True], [False, False]]


@pytest.mark.parametrize("wrong", [[0.5], [0.5, 1.1], [0.5, np.nan]])
def test_thresholds_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="thresholds must be 2 numbers"):
        decide([[0.5, 0.5]], thresholds=wrong)
