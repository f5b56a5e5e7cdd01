"""The set that would be handed over: counts by hand, whom it counts, and what the page says."""

import numpy as np
import pytest

from labeler.evaluation import handover, sample
from labeler.training import cross_validated, predictions, versions
from ml import arrays
from tests.evaluation.conftest import proba_of
from tests.evaluation.pages import page, text_of
from tests.evaluation.test_report import HEALTHY, MILDEW, RUST

SURE = 0.96875  # exact in 16 bits


def pool(bench, *, opened=340, chosen=40, held_out=HEALTHY, **fields):
    """120 audit images, 60 healthy of which 12 are called rust, 60 rust; `chosen` images that
    people call rust and the model, held out, something else; the open ones are called rust."""
    truth = [HEALTHY] * 60 + [RUST] * 60
    audit = bench.audit(truth)
    learned = bench.images(chosen, audit=False)
    for image in learned:
        bench.answer(image, RUST)
    bench.images(opened, audit=False)
    said = [RUST] * 12 + [HEALTHY] * 48 + [RUST] * (60 + chosen + opened)
    version = bench.version(audit, proba_of(said[:120], 3, SURE), **fields)
    arrays.write_shard(predictions.folder(version) / "0.npy", proba_of(said, 3, SURE))
    rows = np.array([image.row for image in learned], dtype=np.int64)
    cross_validated.write(versions.folder(version), rows, proba_of([held_out] * chosen, 3, SURE))
    return version


def found(bench, version):
    return handover.of(bench.project, version, sample.of(bench.project))


def test_people_where_they_answered_and_the_model_on_the_rest(bench):
    told = found(bench, pool(bench))
    assert (told.images, told.answered, told.unknown) == (500, 160, 0)
    rust = next(each for each in told.labels if each.label == bench.labels[RUST])
    assert (rust.by_people, rust.by_model, rust.support) == (100, 340, 60)
    # Of 412 that the model calls rust, held out where people answered, 60 of 72 are right, as in
    # the sample; people put 40 right that it had missed. Handed over as rust: 440.
    assert rust.precision.value == pytest.approx((412 * 60 / 72 + 100 - 60) / 440)
    assert rust.recall.value == 1
    healthy = next(each for each in told.labels if each.label == bench.labels[HEALTHY])
    assert (healthy.by_people, healthy.by_model) == (60, 0)
    assert told.overall.by_people == 160
    assert told.overall.precision.low < told.overall.precision.value <= 1


def test_unknown_images_are_counted_and_given_no_label(bench):
    version = pool(bench)
    version.thresholds = {str(bench.labels[RUST].pk): 0.99}
    version.save()
    told = found(bench, version)
    assert told.unknown == 340
    assert [each.by_model for each in told.labels] == [0, 0, 0]
    # 48 of 120 in the sample: 200 of the pool, and 112 more by people.
    assert told.overall.recall.value == pytest.approx(312 / 500)


def test_a_rare_label_says_too_few(bench):
    told = found(bench, pool(bench))
    mildew = next(each for each in told.labels if each.label == bench.labels[MILDEW])
    assert mildew.too_few
    assert mildew.as_dict()["precision"] is None


def test_several_labels_are_counted_from_the_shards(multi_bench):
    told = found(multi_bench, pool(multi_bench))
    assert told.overall is None
    rust = next(each for each in told.labels if each.label == multi_bench.labels[RUST])
    assert (rust.by_people, rust.by_model) == (100, 340)


def test_nothing_is_told_without_audit_answers_or_predictions(bench):
    bench.images(30, audit=False)
    version = bench.version([], np.zeros((0, 3)))
    assert found(bench, version) is None


def test_the_page_and_the_api_tell_it(client, bench, reviewer):
    pool(bench)
    words = text_of(page(client, reviewer, "numbers", bench.project))
    assert "If you stopped now" in words
    assert "160 of 500 images answered by people" in words
    assert "Too few to say: 0 images" in words
    api = client.get(f"/api/v1/projects/{bench.project.pk}/metrics").json()["handover"]
    assert api["images"] == 500
    assert api["overall"]["by_people"] == 160
    shown = round(100 * api["overall"]["precision"]["value"])
    assert f"All labels {shown} (" in words
