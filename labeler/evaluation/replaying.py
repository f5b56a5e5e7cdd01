"""What labels drawn at random would have given: a replay on the audit sample, cross-fitted.

The project's own labels were chosen. Taken in random order they are still the chosen ones, and
say nothing of random drawing. The audit images are the only uniform draw there is. So throwaway
models learn from random parts of four fifths of them and are measured on the other fifth, until
every audit image was measured by models that never saw it. No model of the project learns
anything from this. It reaches as far as four fifths of the audit labels, and no further.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.evaluation import measures, studies
from labeler.evaluation.material import Material, of_audit
from labeler.evaluation.models import Study
from labeler.evaluation.report import NUMBER_FROM
from labeler.training import embeddings, memory
from labeler.work.leases import Hopeless
from ml import calibration, heads, metrics
from ml.averages import averages
from ml.metrics import Estimate
from ml.neighbours import near_duplicates
from ml.threads import one_blas_thread

FOLDS, SEEDS, STEPS = 5, 5, 8
FIRST = 10  # labels at the first point
EVEN = 0.5

Table = npt.NDArray[Any]


@one_blas_thread()
def answer(row: Study) -> dict[str, Any]:
    """The curve of random drawing. Raises LeaseLost or Hopeless."""
    project = row.project
    studies.note(row, "reading", 0, SEEDS * FOLDS)
    found = of_audit(project, memory.pool(project, embeddings.serving(project)))
    if len(found) < NUMBER_FROM:
        raise Hopeless(
            f"{len(found)} audit images are answered and embedded; the replay needs {NUMBER_FROM}. "
            "Go on labeling: audit images come along in the queue."
        )
    counts = label_counts(len(found))
    said = _replayed(row, found, counts)
    return {
        "head": project.head,
        "audit_labels": len(found),
        "draws": SEEDS,
        "points": [_point(found, n, said[n]) for n in counts if said[n]],
    }


def label_counts(audit: int) -> list[int]:
    """Where the curve has its points: rising, up to four fifths of so many audit labels."""
    last = audit * (FOLDS - 1) // FOLDS
    return sorted({round(n) for n in np.geomspace(min(FIRST, last), last, STEPS).tolist()})


def _replayed(row: Study, found: Material, counts: list[int]) -> dict[int, list[Table]]:
    """Decisions about every audit image for each number of labels, one table per draw."""
    said: dict[int, list[Table]] = {n: [] for n in counts}
    for seed in range(SEEDS):
        table = {n: np.zeros_like(found.y) for n in counts}
        whole = dict.fromkeys(counts, True)
        for fold, held_out in enumerate(calibration.stratified_folds(found.y, FOLDS, seed)):
            studies.note(row, "replaying", seed * FOLDS + fold, SEEDS * FOLDS)
            for n, decided in _of_fold(row.project.head, found, held_out, counts, seed):
                whole[n] = whole[n] and decided is not None
                if decided is not None:
                    table[n][held_out] = decided
        for n in counts:
            if whole[n]:
                said[n].append(table[n])
    return said


def _of_fold(
    head: str, found: Material, held_out: npt.NDArray[np.bool_], counts: list[int], seed: int
) -> Iterator[tuple[int, Table | None]]:
    """What models say of the images held out; None where too few images are left to learn from."""
    order = np.random.default_rng((seed, int(held_out.argmax()))).permutation(
        np.flatnonzero(~held_out)
    )
    mean = found.x.mean(axis=0)
    order = order[~near_duplicates(found.x[order] - mean, found.x[held_out] - mean)]
    learned: heads.Head | None = None
    for n in counts:
        some = order[:n]
        if len(some) < 0.95 * n:  # folds differ by an image, and near-duplicates are left out
            yield n, None
            continue
        learned = _fit(head, found, some, learned, seed)
        yield n, _decided(learned, found, held_out, some)


def _fit(
    head: str, found: Material, some: Table, warm: heads.Head | None, seed: int
) -> heads.Head | None:
    """A head; None where all of the images say the same."""
    y = found.y[some]
    if (y == y[0]).all():
        return None
    return heads.get(head).fit(found.x[some], y, n_labels=len(found.label_ids),
                               warm=warm, seed=seed)  # fmt: skip


def _decided(
    head: heads.Head | None, found: Material, held_out: npt.NDArray[np.bool_], some: Table
) -> Table:
    if head is None:
        return np.repeat(found.y[some[:1]], int(held_out.sum()), axis=0)
    proba = head.predict_proba(found.x[held_out])
    return metrics.decide_marks(proba, EVEN) if found.y.ndim == 2 else proba.argmax(axis=1)


def _point(found: Material, n: int, draws: list[Table]) -> dict[str, Any]:
    """Macro F1 and F1 per label, the mean of the draws; the interval is that of one draw."""
    each = [_measured(found, decided) for decided in draws]
    macro = [whole for whole, _ in each]
    labels = np.array([f1 for _, f1 in each])  # (draws, 3, n_labels)
    return {
        "labels": n,
        **_mean(np.array(macro)),
        "per_label": {
            str(pk): _mean(labels[:, :, at]) for at, pk in enumerate(found.label_ids)
            if not np.isnan(labels[:, 0, at]).any()
        },
    }  # fmt: skip


def _measured(found: Material, decided: Table) -> tuple[Estimate, Table]:
    several = found.y.ndim == 2
    n_labels = len(found.label_ids)
    truth, given = (
        each if several else metrics.one_hot(each, n_labels) for each in (found.y, decided)
    )
    each_label = measures.f1(metrics.counts(truth, given))
    return averages(truth, given).macro.f1, np.array(each_label)


def _mean(rows: Table) -> dict[str, float]:
    value, low, high = (float(each) for each in rows.mean(axis=0))
    return {"value": value, "low": low, "high": high}
