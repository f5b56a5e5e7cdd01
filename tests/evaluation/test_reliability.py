"""Whether the version's probabilities keep their word, with and without its temperature."""

import numpy as np
import pytest

from labeler.evaluation import reliability
from ml import calibrated, metrics
from ml.calibration_error import Claims, calibration_error
from tests.evaluation.conftest import proba_of
from tests.evaluation.test_report import HEALTHY, RUST


def test_it_is_measured_as_stored_and_as_it_was_before_the_temperature(bench):
    rng = np.random.default_rng(0)
    raw = rng.dirichlet([4, 2, 1], 200).astype(np.float32)
    said = calibrated.apply(raw, 2.0)
    truth = [int(rng.choice(3, p=p / p.sum())) for p in said.astype(float)]
    version = bench.version(bench.audit(truth), said, temperature=2.0)
    found = reliability.of(bench.project, version)
    marks = metrics.one_hot(truth, 3)
    assert found.error.value == pytest.approx(
        float(calibration_error(Claims.of_likeliest(said, marks), 200).value)
    )
    assert found.before.value == pytest.approx(
        float(calibration_error(Claims.of_likeliest(raw, marks), 200).value), abs=1e-3
    )
    assert found.before.value > found.error.value
    assert sum(each.claims for each in found.bins) == 200


def test_too_few_answers_tell_nothing(bench):
    truth = [HEALTHY] * 49
    version = bench.version(bench.audit(truth), proba_of(truth, 3))
    assert reliability.of(bench.project, version) is None


def test_several_labels_per_image_make_a_claim_each(multi_bench):
    images = multi_bench.audit([(HEALTHY, RUST)] * 30 + [()] * 30)
    proba = np.full((60, 3), 0.2)
    proba[:30, :2] = 0.9
    version = multi_bench.version(images, proba)
    found = reliability.of(multi_bench.project, version)
    assert found.every_label
    assert sum(each.claims for each in found.bins) == 180
    assert [each.right for each in found.bins] == [0.0, 1.0]
