"""Labels that have become one: by hand."""

import numpy as np
import pytest

from ml.united import united

PROBA = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]], dtype=np.float32)


@pytest.mark.parametrize(("multi", "expected"), [
    (False, [[0.5, 0.5], [0.9, 0.1]]),  # one or the other
    (True, [[0.3, 0.5], [0.6, 0.1]]),  # at least the likelier
])  # fmt: skip
def test_columns_of_merged_labels_are_put_together(multi, expected):
    assert united(PROBA, [0, 1, 0], multi=multi) == pytest.approx(np.array(expected))


def test_without_a_merge_nothing_is_copied():
    assert united(PROBA, [0, 1, 2], multi=False) is PROBA
