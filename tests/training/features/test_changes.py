"""Feature sets learn anew, or are changed, while the old vectors serve."""

import numpy as np
import pytest

from labeler.pools.signals import images_added
from labeler.projects.models import Project
from labeler.training import (
    embeddings,
    feature_fits,
    scratch,
    shards,
    spaces,
    versions,
)
from labeler.training.models import FeatureFit, Round, Shard
from labeler.training.spaces import Space
from tests.training.drawn import draw
from tests.training.features.conftest import PCA, State, choose, learn_something_else
from tests.training.invented import answer, run_round, work_on


@pytest.fixture
def taught(learned) -> Project:
    """Learned, embedded, answered, with a serving model."""
    answer(learned, [row for row in range(15, 36) if row % 10 != 9])
    run_round(learned)
    return learned


def test_learning_the_same_again_changes_nothing(taught):
    before = FeatureFit.objects.get().fingerprint
    feature_fits.ask(taught, PCA, taught.created_by)
    asked = FeatureFit.objects.get()
    assert (asked.state, asked.again, asked.asked_by) == (State.DUE, True, taught.created_by)
    work_on("feature_fit")
    fit = FeatureFit.objects.get()
    assert (fit.state, fit.again, fit.fingerprint) == (State.DONE, False, before)
    assert Shard.objects.count() == 1
    assert feature_fits.usable(taught, PCA).fitted


def test_the_old_vectors_serve_until_the_new_are_whole(taught):
    old = spaces.chosen(taught)
    learn_something_else(taught)
    new = spaces.chosen(taught)
    assert new != old
    assert embeddings.serving(taught) == old
    assert embeddings.progress(taught) == (0, 40)
    feature_fits.find()
    assert run_round(taught).state == Round.State.DONE  # on the old ones
    assert spaces.of(versions.serving(taught)) == old
    work_on("embedding")
    assert embeddings.serving(taught) == new
    assert Round.objects.get(state=Round.State.DUE).reason == Round.Reason.POOL
    assert run_round(taught).state == Round.State.DONE
    assert spaces.of(versions.serving(taught)) == new
    feature_fits.find()
    assert {shard.fingerprint for shard in Shard.objects.all()} == {new.fingerprint}
    assert not shards.folder(taught, old).exists()
    assert not (feature_fits.folder(taught, PCA) / old.fingerprint).exists()


def test_the_next_head_starts_cold_from_vectors_of_another_fingerprint(taught, monkeypatch):
    from labeler.training import fitting

    warm, fit = [], fitting.heads.LogisticHead.fit.__func__

    def watched(kind, *arguments, **options):
        warm.append(options.get("warm"))
        return fit(kind, *arguments, **options)

    monkeypatch.setattr(fitting.heads.LogisticHead, "fit", classmethod(watched))
    run_round(taught)
    assert warm[0] is not None
    learn_something_else(taught)
    work_on("embedding")
    del warm[:]
    run_round(taught)
    assert warm[0] is None
    assert versions.serving(taught).cross_validated["n"] == 19  # measured anew, not taken over


def test_images_that_come_while_the_old_serve_are_embedded_with_both(taught):
    old = spaces.chosen(taught)
    learn_something_else(taught)
    draw(taught, range(40, 44))
    images_added.send(sender=None, project_id=taught.pk, count=4)
    for _ in range(3):
        work_on("embedding")
    assert embeddings.progress(taught, old) == (44, 44)
    assert embeddings.progress(taught) == (44, 44)


def test_after_a_change_the_old_set_serves_while_the_new_one_learns(taught):
    old = spaces.chosen(taught)
    choose(taught, "pca-4:pixels")
    embeddings.find()
    assert embeddings.serving(taught) == old
    assert embeddings.progress(taught) == (0, 40)
    work_on("feature_fit")
    work_on("embedding")
    assert embeddings.serving(taught).features == "pca-4:pixels"
    run_round(taught)
    assert versions.serving(taught).features == "pca-4:pixels"
    choose(taught, PCA)  # back again: all is still there
    assert embeddings.serving(taught) == old


def test_a_scratch_copy_shares_the_vectors_and_what_was_learned(learned):
    twin = scratch.copy(learned, "margin")
    assert spaces.chosen(twin) == spaces.chosen(learned)
    assert embeddings.progress(twin) == (40, 40)
    np.testing.assert_array_equal(embeddings.read(twin, [3]), embeddings.read(learned, [3]))
    feature_fits._loaded.cache_clear()
    assert feature_fits.usable(twin, PCA).fitted
    scratch.remove(twin)
    assert feature_fits.usable(learned, PCA).fitted


def test_files_of_two_sets_never_share_a_name():
    names = ["pca-8:hog", "pca-8-hog/x", "onnx:/a/b.onnx", "onnx:/a-b.onnx", "onnx:a/b.onnx", ".."]
    safe = [shards.safe_name(name) for name in names]
    assert len(set(safe)) == len(names)
    assert safe[0] == "pca-8-hog"
    assert not any("/" in name or name.startswith(".") for name in safe)
    assert Space("pixels") == Space("pixels", "")
