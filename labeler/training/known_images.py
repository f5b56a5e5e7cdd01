"""Which labeled images a tuned feature set saw the labels of while it learned.

It knows those by heart. A head over its vectors is right about them more often than about new
images, so they measure nothing: neither a score nor a temperature comes from them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.projects.models import Project
from labeler.training.models import FeatureFit
from labeler.training.spaces import Space

Rows = npt.NDArray[np.int64]
FACT = "known_rows"  # of a fit's facts: {fingerprint: row numbers}
KEPT = 2  # what serves, and what is about to


def noted(facts: Mapping[str, Any], fingerprint: str, rows: Rows) -> dict[str, Any]:
    """The facts with these rows for this fingerprint, the oldest ones left out."""
    before = {key: known for key, known in facts.get(FACT, {}).items() if key != fingerprint}
    newest = [*before.items(), (fingerprint, [int(row) for row in rows])][-KEPT:]
    return {**facts, FACT: dict(newest)}


def among(project: Project, space: Space, rows: Rows) -> npt.NDArray[np.bool_]:
    """Which of the rows the vectors of this space were learned from with their labels."""
    if not space.fingerprint:
        return np.zeros(len(rows), dtype=bool)
    fits = FeatureFit.objects.filter(project=project, features=space.features)
    facts = fits.values_list("facts", flat=True).first() or {}
    return np.isin(rows, np.array(facts.get(FACT, {}).get(space.fingerprint, []), dtype=np.int64))
