"""A network is tuned by labels: what it learns from, and when it stops."""

import numpy as np
import pytest
import torch
from torch import nn

from ml import backbones, features
from ml.features import finetuned_lesson, finetuned_training
from ml.features.base import Progress
from ml.features.finetuned import FineTuned
from ml.features.finetuned_network import Tuned, body, learning, varied
from ml.heads.logistic import LogisticHead
from tests.ml.striped import LABELS, NAME, POOL, accuracy, fit, tuned
from tests.ml.tiny_network import tiny_network


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setattr(backbones, "torchvision_network", tiny_network)


# What is learned --------------------------------------------------------------------------


def test_tuning_teaches_the_network_to_tell_the_labels_apart():
    base = features.get(NAME)
    learned = fit(tuned(epochs=12, patience=12, rate=2e-3))
    assert learned.dimensions == base.dimensions == 8
    assert learned.best_epoch > 0
    best = learned.history[learned.best_epoch - 1]["held_out"]
    assert best == min(losses["held_out"] for losses in learned.history)
    labels = np.arange(80) % 2
    assert accuracy(learned, labels) > max(0.9, accuracy(base, labels))


def test_the_last_quarter_of_the_layers_learns_or_all():
    names = [learning(body(features.get(NAME)), (16, 16), every=every) for every in (False, True)]
    assert names[0] == ["network.5.weight", "network.5.bias"]
    assert names[1][:2] == ["network.0.weight", "network.0.bias"]
    assert len(names[1]) == 8
    before = body(features.get(NAME)).state_dict()
    after = fit(tuned(every=False, epochs=12, patience=12))._network.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == set(names[0])


def test_layers_behind_the_one_that_is_read_do_not_learn():
    chosen = features.get("torchvision:tiny@3,16")
    names = learning(body(chosen), (16, 16), every=False)
    assert names == ["network.3.weight", "network.3.bias"]


def test_batch_norms_keep_their_mean_and_spread():
    network = fit(tuned())._network.network
    assert torch.equal(network[1].running_mean, torch.zeros(6))
    assert torch.equal(network[1].running_var, torch.ones(6))
    assert not network.training


def test_the_set_it_is_tuned_from_stays_as_it_is():
    base = features.get(NAME)
    before = base.embed(POOL)
    FineTuned(base, every=True, epochs=1).fit_labeled(POOL, LABELS, n_labels=2)
    np.testing.assert_array_equal(base.embed(POOL), before)


def test_marks_teach_several_labels_at_once():
    marks = np.stack([LABELS == 0, LABELS == 1, np.arange(60) % 7 == 0], axis=1)
    learned = tuned(epochs=12, patience=12)
    learned.fit_labeled(POOL, marks, n_labels=3, kind="multi")
    losses = [each["held_out"] for each in learned.history]
    assert min(losses) < losses[0]
    assert np.isfinite(learned.embed(POOL)).all()


def test_a_picture_that_cannot_be_read_is_passed_over():
    some = [None if i in (3, 40) else picture for i, picture in enumerate(POOL)]
    learned = tuned().fit_labeled(some, LABELS, n_labels=2)
    assert learned.fitted
    with pytest.raises(ValueError, match="none of the images can be read"):
        tuned().fit_labeled([None] * 60, LABELS, n_labels=2)


# The lesson -------------------------------------------------------------------------------


def test_a_fifth_of_each_label_is_kept_apart():
    labels = np.repeat([0, 1], [80, 20])
    found = finetuned_lesson.lesson(labels, 2, "single", seed=1)
    assert np.bincount(labels[found.held_out]).tolist() == [16, 4]
    learned = fit(tuned())
    assert (
        learned.learned_from.tolist()
        == (~finetuned_lesson.lesson(LABELS, 2, "single", seed=0).held_out).tolist()
    )


def test_the_only_example_of_a_label_is_learned_from():
    for seed in range(10):
        labels = np.array([0] * 15 + [1] * 15 + [2])
        assert not finetuned_lesson.lesson(labels, 3, "single", seed).held_out[30]
        marks = np.eye(3, dtype=int)[labels]
        assert not finetuned_lesson.lesson(marks, 3, "multi", seed).held_out[30]


def test_rare_labels_weigh_more_but_none_rules():
    labels = np.repeat([0, 1], [27, 3])
    weights = finetuned_lesson.lesson(labels, 2, "single", seed=0).weights
    assert weights[27:].sum() == pytest.approx(weights[:27].sum())
    labels = np.repeat([0, 1], [99, 1])
    weights = finetuned_lesson.lesson(labels, 2, "single", seed=0).weights
    assert weights.max() == finetuned_lesson.MOST_WEIGHT


def test_the_weights_are_part_of_the_loss():
    base = features.get(NAME)
    head = LogisticHead.fit(base.embed(POOL), LABELS, n_labels=2)
    course = finetuned_training.Course(
        base, Tuned(body(base), [], head), POOL,
        finetuned_lesson.lesson(np.repeat([0, 1], [54, 6]), 2, "single", seed=0),
        finetuned_training.Plan(1, 1, 1e-3, flip=True, seed=0), None,
    )  # fmt: skip
    x = torch.from_numpy(np.stack([base.preprocess(p) for p in POOL])).permute(0, 3, 1, 2).float()
    alone = [course._loss(x[i : i + 1], np.array([i])).item() for i in (0, 59)]
    plain = nn.functional.cross_entropy(
        course.model(x[[0, 59]]), torch.tensor([0, 1]), reduction="none"
    )
    np.testing.assert_allclose(np.array(alone) / plain.detach().numpy(), [5 / 9, 5], rtol=1e-3)


def test_what_cannot_be_learned_from_is_refused():
    for labels, said in (
        (np.zeros(60, int), "all labels are the same"),
        (LABELS[:19], "20 labeled images or more, got 19"),
        (LABELS[:40], "60 images but labels of 40"),
        (LABELS * 2, "label"),
    ):
        with pytest.raises(ValueError, match=said):
            tuned().fit_labeled(POOL, labels, n_labels=2)
    with pytest.raises(ValueError, match="all labels are the same"):
        tuned().fit_labeled(POOL, np.ones((60, 2), int), n_labels=2, kind="multi")
    with pytest.raises(ValueError, match="learns from labels: call fit_labeled"):
        tuned().fit(POOL)
    for name in ("finetuned:pixels", "finetuned:pca:hog", "finetuned:"):
        with pytest.raises(ValueError):
            features.get(name)


# Stopping ---------------------------------------------------------------------------------


def test_it_stops_when_it_gets_no_better_and_keeps_its_best():
    learned = fit(tuned(epochs=40, patience=2, rate=0.5))  # far too bold: it only gets worse
    assert len(learned.history) == learned.best_epoch + 2
    told = []
    fit(tuned(epochs=2), report=told.append)
    passes = [step for step in told if step.stage == "learning"]
    assert [(step.done, step.total) for step in passes] == [(1, 2), (2, 2)]
    assert set(passes[0].losses) == {"training", "held_out"}
    assert Progress("reading", 12, 12) in told


def test_where_nothing_gets_better_the_network_stays_what_it_was():
    learned = fit(tuned(epochs=2, rate=50.0))
    assert learned.best_epoch == 0
    np.testing.assert_allclose(learned.embed(POOL), features.get(NAME).embed(POOL), atol=1e-6)


def test_the_rate_rises_first_and_then_falls():
    shares = np.linspace(0, 1, 101)
    rates = np.array([finetuned_training.schedule(share) for share in shares])
    assert rates[0] == 0
    assert rates.argmax() == 5
    assert rates[-1] < 1e-9
    assert (np.diff(rates[5:]) < 0).all()


# Variation --------------------------------------------------------------------------------


def test_pictures_are_varied_within_bounds_and_the_same_for_a_seed():
    x = torch.from_numpy(np.stack([np.asarray(p) for p in POOL[:8]])).permute(0, 3, 1, 2).float()
    first, second = (varied(x, np.random.default_rng(3), flip=True) for _ in range(2))
    assert torch.equal(first, second)
    assert first.shape == x.shape
    assert first.min() >= 0 <= 255 >= first.max()
    assert (first - x).abs().mean() > 5


def test_only_a_flip_mirrors():
    ramp = torch.linspace(0, 255, 16).expand(50, 3, 16, 16).clone()
    for flip, mirrored in ((False, 0), (True, 25)):
        out = varied(ramp, np.random.default_rng(0), flip=flip)
        falls = (out[..., :4].mean(dim=(1, 2, 3)) > out[..., -4:].mean(dim=(1, 2, 3))).sum()
        assert abs(int(falls) - mirrored) <= (10 if flip else 0)


# Memory and files -------------------------------------------------------------------------


class Lazily:
    """Pictures that are made when they are asked for; `alive` counts those that still are."""

    def __init__(self, count):
        self.count, self.asked = count, []

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        self.asked.append(i)
        return POOL[i % 60]


def test_pictures_are_opened_only_a_little_ahead():
    pool = Lazily(200)
    opened_at_first_step = []

    def report(progress):
        if not opened_at_first_step:
            opened_at_first_step.append(len(pool.asked))

    tuned(epochs=1).fit_labeled(pool, np.arange(200) % 2, n_labels=2, report=report)
    assert opened_at_first_step[0] <= 3 * 32


def test_a_pass_is_bounded_however_many_labels_there_are(monkeypatch):
    monkeypatch.setattr(finetuned_training, "MOST", 40)
    told = []
    pool = Lazily(200)
    tuned(epochs=2).fit_labeled(pool, np.arange(200) % 2, n_labels=2, report=told.append)
    assert max(step.total for step in told[5:] if step.stage == "reading") == 40


def test_files_of_another_network_are_refused(tmp_path):
    fit(tuned()).save(tmp_path)
    with pytest.raises(features.FeaturesDamaged, match="parameters"):
        FineTuned(features.get(NAME), every=True, epochs=9).restore(tmp_path)
    from ml.features import files

    facts = tuned()._facts()
    files.write(tmp_path, facts, {"network.0.weight": np.zeros((1, 1), np.float32)})
    with pytest.raises(features.FeaturesDamaged, match="another network"):
        tuned().restore(tmp_path)
