"""What every registered head keeps, and what the new ones say for themselves."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.svm import LinearSVC

from ml import heads
from ml.committee import vote_entropy
from ml.heads.bagging import bagged_proba
from ml.heads.base import HeadDamaged
from ml.heads.ensemble import EnsembleHead
from ml.heads.imbalance import too_rare
from ml.heads.linear_svm import LinearSVMHead
from ml.heads.nearest_mean import NearestMeanHead
from ml.heads.problem import Problem
from ml.heads.scale import platt
from ml.heads.trees import BoostedTreesHead, RandomForestHead

TREES = (RandomForestHead, BoostedTreesHead)


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return x[order].astype(np.float32), y[order]


def marks_of(y):
    return np.stack([y % 2 == 0, y < 5, np.isin(y, (0, 6, 8, 9))], axis=1)


@pytest.fixture(scope="module", params=list(heads.HEADS))
def name(request):
    return request.param


def test_a_head_learns_and_gives_distributions(digits, name):
    x, y = digits
    head = heads.get(name).fit(x[:200], y[:200], n_labels=11)
    proba = head.predict_proba(x[1000:].astype(np.float16))
    assert head.name == name
    assert head.converged
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert (proba[:, 10] == 0).all()
    assert (proba.argmax(axis=1) == y[1000:]).mean() > 0.85


def test_marks_are_answered_alone_and_one_never_given_breaks_nothing(digits, name):
    x, y = digits
    marks = np.concatenate([marks_of(y), np.zeros((len(y), 1)), np.ones((len(y), 1))], axis=1)
    head = heads.get(name).fit(x[:200], marks[:200], n_labels=5)
    proba = head.predict_proba(x[1000:])
    assert ((proba[:, :3] > 0.5) == marks_of(y[1000:])).mean() > 0.8
    assert ((proba[:, 3] > 0) & (proba[:, 3] < 0.1)).all()
    assert (proba[:, 4] > 0.9).all()
    assert head.seen.tolist() == [True, True, True, False, True]


def test_probabilities_mean_what_they_say(digits, name):
    x, y = digits
    proba = heads.get(name).fit(x[:400], y[:400], n_labels=10).predict_proba(x[400:])
    given = np.maximum(proba[np.arange(len(proba)), y[400:]], 1e-7)
    assert -np.log(given).mean() < 0.75
    if name not in ("random_forest",):  # whose shares are known to be too modest
        assert abs(proba.max(axis=1).mean() - (proba.argmax(axis=1) == y[400:]).mean()) < 0.1


@pytest.mark.parametrize("marks", [False, True])
def test_a_head_comes_back_from_its_folder(digits, name, marks, tmp_path):
    x, y = digits[0][:80], digits[1][:80]
    answers, n_labels = (marks_of(y), 3) if marks else (y, 12)
    head = heads.get(name).fit(x, answers, n_labels=n_labels)
    files = head.save(tmp_path / "v1")
    again = heads.get(name).load(tmp_path / "v1")
    assert {str(f.relative_to(tmp_path / "v1")) for f in (tmp_path / "v1").rglob("*.*")} == set(
        files
    )
    np.testing.assert_array_equal(again.predict_proba(x), head.predict_proba(x))
    assert (again.kind, again.n_labels, again.dimensions) == (head.kind, n_labels, 64)
    np.testing.assert_array_equal(again.seen, head.seen)


def test_the_same_labels_give_the_same_head_and_a_warm_start_changes_nothing(digits, name):
    x, y = digits[0][:100], digits[1][:100]
    first, second = (heads.get(name).fit(x, y, n_labels=10, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(x), second.predict_proba(x))
    before = heads.get(name).fit(x[:90], y[:90], n_labels=10, seed=3)
    warm = heads.get(name).fit(x, y, n_labels=10, seed=3, warm=before)
    np.testing.assert_allclose(warm.predict_proba(x), first.predict_proba(x), atol=0.02)


@pytest.mark.parametrize("n,d", [(1, 3), (2, 5), (30, 300)])
def test_few_copied_and_huge_images_are_survived(name, n, d):
    rng = np.random.default_rng(n)
    x = rng.standard_normal((n, d)).astype(np.float32)
    x[n // 2 :] = x[: n - n // 2]
    x[-1] *= 1000
    for y in (np.arange(n) % 2, np.zeros(n, dtype=int), np.eye(2)[np.arange(n) % 2]):
        proba = heads.get(name).fit(x, y, n_labels=2).predict_proba(x)
        assert np.isfinite(proba).all()
        assert ((proba >= 0) & (proba <= 1)).all()


def test_one_example_of_each_label_is_enough(digits, name):
    x, y = digits
    one = [int(np.flatnonzero(y == label)[0]) for label in range(10)]
    proba = heads.get(name).fit(x[one], y[one], n_labels=10).predict_proba(x)
    assert np.isfinite(proba).all()


def test_an_image_of_weight_zero_is_no_example(name):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((9, 4))
    y = np.arange(9) % 3
    head = heads.get(name).fit(x, y, n_labels=3, sample_weight=np.where(y == 2, 0, 1))
    assert head.seen.tolist() == [True, True, False]
    assert (head.predict_proba(x)[:, 2] == 0).all()


@pytest.mark.parametrize(
    "x,y,options",
    [
        (np.ones((2, 2)), [0, 2], {}),
        (np.ones((2, 2)), [0], {}),
        (np.ones((0, 2)), [], {}),
        (np.full((2, 2), np.nan), [0, 1], {}),
        (np.ones((2, 2)), [[0, 2], [1, 0]], {}),
        (np.ones((2, 2)), [0, 1], {"sample_weight": [0, 0]}),
    ],
)
def test_what_cannot_be_learned_from_is_refused(name, x, y, options):
    with pytest.raises(ValueError):
        heads.get(name).fit(x, y, n_labels=2, **options)


def test_features_of_another_width_are_refused(digits, name):
    head = heads.get(name).fit(digits[0][:30], digits[1][:30], n_labels=10)
    with pytest.raises(ValueError, match="shape"):
        head.predict_proba(np.ones((1, 3)))


def test_damaged_files_are_not_loaded(digits, name, tmp_path):
    head = heads.get(name).fit(digits[0][:30], digits[1][:30], n_labels=10)
    for file in head.save(tmp_path):
        whole = (tmp_path / file).read_bytes()
        (tmp_path / file).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(HeadDamaged):
            heads.get(name).load(tmp_path)
        (tmp_path / file).write_bytes(whole)
    heads.get(name).load(tmp_path)


# Against scikit-learn ----------------------------------------------------------------------


@pytest.mark.parametrize("head,model", [
    (RandomForestHead, RandomForestClassifier), (BoostedTreesHead, GradientBoostingClassifier),
])  # fmt: skip
def test_trees_predict_what_scikit_learn_predicts(digits, head, model):
    x, y = digits
    ours = head.fit(x[:300], marks_of(y[:300]), n_labels=3, seed=5)
    for label in range(3):
        yes = marks_of(y[:300])[:, label].astype(int)
        theirs = head.grow(x[:300], yes, np.ones(300), 5)
        assert isinstance(theirs, model)
        np.testing.assert_allclose(
            ours.predict_proba(x[300:])[:, label], theirs.predict_proba(x[300:])[:, 1], atol=1e-6
        )


def test_a_forest_tells_labels_apart_as_scikit_learn_does(digits):
    x, y = digits
    few = np.flatnonzero(y != 4)[:300]
    ours = RandomForestHead.fit(x[few], y[few], n_labels=10).predict_proba(x)
    theirs = RandomForestHead.grow(x[few], y[few], np.ones(300), 0)
    np.testing.assert_allclose(ours[:, theirs.classes_], theirs.predict_proba(x), atol=1e-6)
    assert (ours[:, 4] == 0).all()


def test_the_machine_is_that_of_liblinear(digits):
    x, y = digits[0][:300], (digits[1][:300] < 5).astype(int)
    problem = Problem(x.copy(), np.ones(300, dtype=np.float32))
    c = 1 / (2 * 300 * 5 * problem.ridge)
    theirs = LinearSVC(C=c, intercept_scaling=100, tol=1e-8, max_iter=20_000)
    theirs.fit(problem.rows, y)
    ours = LinearSVMHead.fit(x, y, n_labels=2).decision(x)[:, 1]
    slope, shift = np.polyfit(theirs.decision_function(problem.rows), ours, 1)
    np.testing.assert_allclose(
        theirs.decision_function(problem.rows), (ours - shift) / slope, atol=0.02
    )
    assert slope > 0


def test_the_nearest_mean_is_the_nearest_mean(digits):
    x, y = digits
    head = NearestMeanHead.fit(x[:50], y[:50], n_labels=10)
    means = np.stack([x[:50][y[:50] == label].mean(axis=0) for label in range(10)])
    nearest = ((x[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (head.predict_proba(x).argmax(axis=1) == nearest).mean() > 0.999


def test_platt_finds_the_line_that_made_the_answers():
    rng = np.random.default_rng(0)
    margins = rng.standard_normal(20_000).astype(np.float32)
    yes = (rng.random(20_000) < 1 / (1 + np.exp(-(3 * margins - 1)))).astype(np.float32)
    np.testing.assert_allclose(platt(margins, yes, np.ones_like(yes)), [3, -1], atol=0.1)
    assert platt(-margins, yes, np.ones_like(yes))[0] == 0


# Trees, alone ------------------------------------------------------------------------------


@pytest.mark.parametrize("head", TREES)
def test_a_new_tag_trains_alone(digits, head, monkeypatch):
    x, y = digits[0][:100], digits[1][:100]
    before = head.fit(x, marks_of(y), n_labels=3)
    grown = []
    grow = head.grow
    monkeypatch.setattr(head, "grow", lambda *given: grown.append(given) or grow(*given))
    wider = np.concatenate([marks_of(y), (y == 1)[:, None]], axis=1)
    after = head.fit(x, wider, n_labels=4, warm=before)
    assert len(grown) == 1
    np.testing.assert_array_equal(after.predict_proba(x)[:, :3], before.predict_proba(x))


@pytest.mark.parametrize("head", TREES)
def test_rare_tags_are_reported_and_keep_their_share(digits, head):
    x = digits[0][:50]
    marks = np.zeros((50, 3), dtype=int)
    marks[:2, 0], marks[:3, 1], marks[:48, 2] = 1, 1, 1
    fitted = head.fit(x, marks, n_labels=3)
    assert fitted.too_rare.tolist() == [True, False, True] == too_rare(marks).tolist()
    np.testing.assert_allclose(fitted.predict_proba(x)[:, 0], 3 / 52, atol=1e-6)


@pytest.mark.parametrize("head", TREES)
@pytest.mark.parametrize("spoil", ["left", "roots", "feature", "value", "learned", "trees"])
def test_trees_that_lead_nowhere_are_not_walked(digits, head, spoil, tmp_path):
    from safetensors.numpy import load_file, save_file

    head.fit(digits[0][:60], digits[1][:60], n_labels=10).save(tmp_path)
    arrays = load_file(tmp_path / "head.safetensors")
    bad = {"left": 0, "roots": -1, "feature": 64, "value": np.nan, "learned": 99, "trees": 1}
    arrays[spoil] = np.full_like(arrays[spoil], bad[spoil])
    save_file(arrays, tmp_path / "head.safetensors")
    with pytest.raises(HeadDamaged):
        head.load(tmp_path)


def test_an_ensemble_says_the_mean_of_its_members(digits):
    x, y = digits[0][:100], digits[1][:100]
    head = EnsembleHead.fit(x, y, n_labels=10)
    each = head.member_proba(x)
    assert each.shape == (len(EnsembleHead.MEMBERS), 100, 10)
    np.testing.assert_allclose(head.predict_proba(x), each.mean(axis=0), atol=1e-6)


def test_an_ensemble_of_other_members_is_not_loaded(digits, tmp_path):
    EnsembleHead.fit(digits[0][:30], digits[1][:30], n_labels=10).save(tmp_path)
    facts = json.loads((tmp_path / "head.json").read_text())
    (tmp_path / "head.json").write_text(json.dumps({**facts, "members": ["logistic"]}))
    with pytest.raises(HeadDamaged):
        EnsembleHead.load(tmp_path)


def test_members_of_a_bag_differ_where_answers_are_few(digits):
    x, y = digits
    few, many = (
        bagged_proba(heads.get("logistic"), x[:n], y[:n], x[1000:], n_labels=10) for n in (60, 1000)
    )
    assert few.shape == (5, len(x) - 1000, 10)
    assert vote_entropy(few).mean() > 2 * vote_entropy(many).mean() > 0
    again = bagged_proba(heads.get("logistic"), x[:60], y[:60], x[1000:], n_labels=10)
    np.testing.assert_array_equal(few, again)
