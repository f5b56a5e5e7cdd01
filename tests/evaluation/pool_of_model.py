"""A pool that a model has scored: audit labels with known mistakes, open images, shards."""

import numpy as np

from labeler.evaluation import studies
from labeler.evaluation.models import Study
from labeler.training import predictions
from ml import arrays
from tests.evaluation.conftest import proba_of

AUDIT, OPEN = 300, 200  # images
SURE, UNSURE = 0.96875, 0.625  # exact in 16 bits


def scored_pool(bench, *, wrong_of_unsure=30):
    """300 audit images, the last 60 unsure and of these so many wrong; 200 open images, 40 unsure.

    Returns the version and the open images. Every label is the first.
    """
    truths = [0] * AUDIT
    truths[AUDIT - wrong_of_unsure :] = [1] * wrong_of_unsure
    audit = bench.audit(truths)
    opened = bench.images(OPEN, audit=False)
    sure = np.concatenate([table(AUDIT, 60), table(OPEN, 40)])
    version = bench.version(audit, sure[:AUDIT])
    arrays.write_shard(predictions.folder(version) / "0.npy", sure)
    return version, opened


def table(n, unsure):
    """Probabilities of n images, all of the first label, the last ones unsure."""
    places = np.zeros(n, dtype=np.int64)
    return np.concatenate(
        [proba_of(places[unsure:], 3, SURE), proba_of(places[:unsure], 3, UNSURE)]
    )


def work():
    """Let a worker do every study that is due; how many."""
    from labeler.work import leases

    done = 0
    while row := leases.claim(Study):
        studies.run(row)
        done += 1
    return done
