"""How long each head takes to learn, and how good it is, next to scikit-learn's own.

python benchmarks/heads.py [--folder PHOTOS] [--answers 50 200 1000] [--heads NAME …]

PHOTOS holds pool/ and test/ with one folder of pictures per label; without it the digits
inside scikit-learn are used. The second table grows the number of labels on made-up
features, where nothing but the time is of interest.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml import features, heads, simulate
from ml.metrics import counts, macro_f1, one_hot
from ml.threads import one_blas_thread

FLOOR = 1e-7


def peers() -> dict[str, Callable[[], Any]]:
    """scikit-learn's own, as its documentation begins with them."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import NearestCentroid
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    return {
        "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        "nearest_mean": NearestCentroid,
        "linear_svm": lambda: make_pipeline(
            StandardScaler(), CalibratedClassifierCV(LinearSVC(), cv=3)
        ),
        "random_forest": lambda: RandomForestClassifier(random_state=0),
        "boosted_trees": lambda: GradientBoostingClassifier(random_state=0, max_features="sqrt"),
    }


def drawn(data: simulate.Labeled, n: int, seed: int) -> np.ndarray:
    """Positions of n images, three of each label at least, which a threefold split needs."""
    order = np.random.default_rng(seed).permutation(len(data.pool))
    first = [order[data.pool_labels[order] == label][:3] for label in range(len(data.names))]
    must = np.concatenate(first)
    rest = order[~np.isin(order, must)]
    return np.concatenate([must, rest])[: max(n, len(must))]


def judged(proba: np.ndarray, data: simulate.Labeled) -> tuple[float, float, float]:
    """(accuracy, macro F1, mean -log probability of the true label) on the test set."""
    n = len(data.names)
    found = proba.argmax(axis=1)
    counted = counts(one_hot(data.test_labels, n), one_hot(found, n))
    given = proba[np.arange(len(proba)), data.test_labels]
    loss = float(-np.log(np.maximum(given, FLOOR)).mean())
    return float((found == data.test_labels).mean()), macro_f1(counted), loss


def ours(name: str, data: simulate.Labeled, some: np.ndarray) -> tuple[float, float, Any]:
    head_class, n = heads.get(name), len(data.names)
    began = time.perf_counter()
    head = head_class.fit(data.pool[some], data.pool_labels[some], n_labels=n)
    learned = time.perf_counter()
    proba = head.predict_proba(data.test)
    return learned - began, time.perf_counter() - learned, judged(proba, data)


def theirs(name: str, data: simulate.Labeled, some: np.ndarray) -> tuple[float, float, Any] | None:
    if name not in (known := peers()):
        return None
    model = known[name]()
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(data.pool[some], data.pool_labels[some])
    learned = time.perf_counter()
    proba = np.zeros((len(data.test), len(data.names)))
    proba[:, model.classes_] = model.predict_proba(data.test)
    return learned - began, time.perf_counter() - learned, judged(proba, data)


def cells(found: tuple[float, float, Any] | None) -> str:
    if found is None:
        return f"{'-':>8} {'-':>8} {'-':>6} {'-':>6} {'-':>6}"
    fit, predict, (accuracy, f1, loss) = found
    return f"{fit:>8.2f} {predict:>8.2f} {100 * accuracy:>6.1f} {100 * f1:>6.1f} {loss:>6.2f}"


def by_answers(data: simulate.Labeled, sizes: Sequence[int], names: Sequence[str]) -> None:
    words = f"{'fit s':>8} {'test s':>8} {'acc %':>6} {'F1 %':>6} {'loss':>6}"
    print(f"{len(data.test)} test images, {len(data.names)} labels, {data.pool.shape[1]} features")
    print(f"{'answers':>8} {'head':>14} {words}   scikit-learn: {words}")
    for n in sizes:
        some = drawn(data, n, seed=0)
        for name in names:
            line = (
                f"{cells(ours(name, data, some))}                 {cells(theirs(name, data, some))}"
            )
            print(f"{len(some):>8} {name:>14} {line}", flush=True)


def by_labels(names: Sequence[str], labels: Sequence[int], dimensions: int) -> None:
    print("\nSeconds to learn 20 made-up answers of each label, 256 features")
    print(f"{'labels':>8} " + " ".join(f"{name:>14}" for name in names))
    for n in labels:
        rng = np.random.default_rng(0)
        y = np.repeat(np.arange(n), 20)
        x = rng.standard_normal((n, dimensions))[y] + rng.standard_normal((20 * n, dimensions))
        times = []
        for name in names:
            began = time.perf_counter()
            heads.get(name).fit(x.astype(np.float32), y, n_labels=n)
            times.append(time.perf_counter() - began)
        print(f"{n:>8} " + " ".join(f"{seconds:>14.2f}" for seconds in times), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="pool/ and test/, a folder per label in each")
    parser.add_argument("--features", default=features.DEFAULT, help="with --folder")
    parser.add_argument("--answers", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--heads", nargs="+", default=list(heads.HEADS), choices=list(heads.HEADS))
    parser.add_argument("--classes", type=int, nargs="*", default=[2, 10, 50])
    options = parser.parse_args()
    data = (
        simulate.folder(options.folder / "pool", options.folder / "test", options.features)
        if options.folder
        else simulate.digits("pixels")
    )
    with one_blas_thread():
        by_answers(data, options.answers, options.heads)
        if options.classes:
            by_labels(options.heads, options.classes, dimensions=256)


if __name__ == "__main__":
    main()
