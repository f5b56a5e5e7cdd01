"""Whether the audit sample's intervals and the autolabel promise are true, on real images.

    python benchmarks/honesty.py [--quick] [--replays 200] [--cache FOLDER] [--jobs 2]

Each replay draws an audit sample from a labeled set, labels 300 other images in the order the
margin strategy asks for, learns, and then knows what the app knows. Since every true label is
known, it can be checked:

- the 95 % intervals of precision and recall per label, as the dashboard shows them (Wilson's, of
  the audit sample; labels with fewer than five images say nothing), cover the figure of the whole
  pool in at least 93 % of all cases. That figure is of a model that has not learned the image it
  judges: the 300 learned ones are judged by cross-validation;
- so do the intervals of the whole pool as it is: where the model answers the learned images from
  memory ("learned"), and where people's answers stand ("delivered", the app's "If you stopped
  now"). Both are the sample's, moved by what is known (ml/whole_pool.py);
- the images that autolabel would accept at a tolerated error hold at most that many wrong ones in
  at least 95 % of the replays.

Beside them stand the same figures taken naively: cross-validated on the labels that were chosen
actively, and a threshold that is picked on the audit sample without paying for the search.
Vectors are reduced to 128 dimensions, so that 200 replays take minutes. Exit status 1 where a
bar is missed. Reads packs of the folder in LABELER_TEST_DATA (default: ../shared/data).
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.label_efficiency import PACKS, SETS, labeled
from ml import calibration, features, heads, metrics, promise, strategies, whole_pool
from ml.threads import one_blas_thread

COVERED, KEPT = 0.93, 0.95  # the bars
SUPPORT = 5  # images of a label below which the dashboard says "too few"
RATES = (0.02, 0.05, 0.1)  # tolerated errors
EVERYTHING = 100_000
TINY = 1e-9  # of rounding


class World(NamedTuple):
    """A pool with every true label known."""

    x: np.ndarray  # (n, dimensions)
    y: np.ndarray  # (n,)
    n_labels: int


@dataclass
class Tally:
    """How often something that was claimed is true."""

    true: int = 0
    claimed: int = 0

    def add(self, true: int, claimed: int) -> None:
        self.true += true
        self.claimed += claimed

    @property
    def share(self) -> float:
        return self.true / self.claimed if self.claimed else float("nan")


# One replay ------------------------------------------------------------------------------


class Learned(NamedTuple):
    """What a replay has when its labels are used up."""

    chosen: np.ndarray  # rows labeled and learned from
    audit: np.ndarray  # rows drawn at random, never learned from
    rest: np.ndarray  # rows nobody has answered
    proba: np.ndarray  # (n, n_labels) of the whole pool, calibrated
    held_out: np.ndarray  # (len(chosen), n_labels), cross-validated


def learned(world: World, labels: int, audit: int, seed: int) -> Learned:
    """Label actively beside a random audit sample, in four rounds."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(world.y))
    sample, free = order[:audit], order[audit:]
    keys = rng.permutation(len(world.y))
    chosen = free[: labels // 4]
    while True:
        head = heads.get("logistic").fit(
            world.x[chosen], world.y[chosen], n_labels=world.n_labels, warm=None, seed=seed
        )
        left = np.setdiff1d(free, chosen)
        wanted = min(labels // 4, labels - len(chosen))
        if wanted <= 0:
            break
        asked, _ = strategies.choose(
            "margin", kind="single", proba=head.predict_proba(world.x[left]), committee=None,
            embeddings=world.x[left], labeled=world.x[chosen], given=None,
            tie_keys=keys[left], k=wanted, seed=seed,
        )  # fmt: skip
        chosen = np.concatenate([chosen, left[asked]])
    held_out = calibration.cross_validated_proba(
        world.x[chosen], world.y[chosen], n_labels=world.n_labels, head=type(head), seed=seed,
        like=head,
    )  # fmt: skip
    temperature = calibration.temperature(held_out, world.y[chosen])
    proba = calibration.apply(head.predict_proba(world.x), temperature, "single")
    return Learned(chosen, sample, left, proba, calibration.apply(held_out, temperature, "single"))


def intervals_hold(counted: metrics.Counts, estimates: tuple, goal: tuple) -> Iterator:
    """Per figure: in how many labels with an interval it covers the goal, of how many."""
    enough = counted.support >= SUPPORT
    for name, estimate, true in zip(("precision", "recall"), estimates, goal, strict=True):
        told = enough & np.isfinite(estimate.value) & np.isfinite(true)
        inside = (estimate.low <= true + TINY) & (true - TINY <= estimate.high)
        yield name, (int(inside[told].sum()), int(told.sum()))


def counts_of(world: World, rows: np.ndarray, said: np.ndarray) -> metrics.Counts:
    return metrics.counts_of_confusion(metrics.confusion(world.y[rows], said, world.n_labels))


def known(
    world: World, answered: np.ndarray, fresh: np.ndarray, said: np.ndarray
) -> whole_pool.Known:
    """What the app knows of the pool where people answered some of it."""

    def right(answers: np.ndarray) -> np.ndarray:
        return counts_of(world, answered, answers[answered]).tp

    def given(answers: np.ndarray) -> np.ndarray:
        return np.bincount(answers, minlength=world.n_labels)

    return whole_pool.Known(len(world.y), given(fresh), right(fresh), given(said), right(said))


def truth_of(world: World, said: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall per label over the whole pool, every answer known."""
    rates = metrics.precision_recall(counts_of(world, np.arange(len(world.y)), said))
    return rates.precision, rates.recall


def naive_threshold(sure: np.ndarray, wrong: np.ndarray, rate: float) -> float | None:
    """The lowest threshold whose own 95 % bound keeps the rate: what one must not do."""
    for threshold in np.unique(sure):
        above = sure >= threshold
        if promise.upper_bound([wrong[above].sum()], [above.sum()], risk=0.05)[0] <= rate:
            return float(threshold)
    return None


def replay(task: tuple[str, int, int, int]) -> dict:
    """All checks of one set and seed: {name: (true, claimed)} and accepted shares."""
    name, labels, audit, seed = task
    world = _worlds[name]
    with one_blas_thread():
        state = learned(world, labels, audit, seed)
    best, naive = state.proba.argmax(axis=1), state.held_out.argmax(axis=1)
    a, c = state.audit, state.chosen
    fresh = best.copy()
    fresh[c] = naive  # what the model would say had it not learned the image by heart
    goal = truth_of(world, fresh)
    found = {}
    for key, rows, said, aim in (("audit", a, best[a], goal), ("naive", c, naive, goal)):
        counted = counts_of(world, rows, said)
        told = metrics.precision_recall_intervals(counted)
        found |= {f"{key} {figure}": held for figure, held in intervals_hold(counted, told, aim)}
    delivered = best.copy()
    answered = np.concatenate([a, c])
    delivered[answered] = world.y[answered]
    for key, said in (("learned", best), ("delivered", delivered)):
        counted = counts_of(world, a, best[a])
        told = whole_pool.estimates(counted, len(a), known(world, answered, fresh, said))
        held_in = intervals_hold(counted, told, truth_of(world, said))
        found |= {f"{key} {figure}": held for figure, held in held_in}
    for rate in RATES:
        found |= promises(world, state, best, rate)
    return found | {"accuracy": float(np.mean(best == world.y))}


def promises(world: World, state: Learned, best: np.ndarray, rate: float) -> dict:
    """Whether what would be accepted at the rate keeps it: with the ladder, and naively."""
    sure = promise.decide(state.proba).sure
    wrong = best != world.y
    rungs = promise.ladder(sure[state.rest], sure[state.audit], wrong[state.audit])
    rung = promise.lowest(rungs, rate)
    said = state.held_out.argmax(axis=1) != world.y[state.chosen]
    at = {
        "promise": rung and rung.threshold,
        "searched": naive_threshold(sure[state.audit], wrong[state.audit], rate),
        "chosen": naive_threshold(state.held_out.max(axis=1), said, rate),
    }
    found = {}
    for name, threshold in at.items():
        accepted = np.zeros(0, dtype=bool)
        if threshold is not None:
            accepted = wrong[state.rest][sure[state.rest] >= threshold]
        kept = not len(accepted) or float(accepted.mean()) <= rate
        found[f"{name} {rate}"] = int(kept), 1
        found[f"{name} {rate} used"] = int(kept and len(accepted) > 0), int(len(accepted) > 0)
        found[f"{name} {rate} share"] = len(accepted) / len(state.rest)
    return found


# All replays -----------------------------------------------------------------------------

_worlds: dict[str, World] = {}


def begin(worlds: dict[str, World]) -> None:
    _worlds.update(worlds)


def world_of(name: str, cache: Path, most: int) -> World:
    """The whole set, pool and test together, in few dimensions."""
    data = labeled(PACKS / f"{name}.tar", features.DEFAULT, cache, EVERYTHING, EVERYTHING)
    x = np.concatenate([data.pool, data.test])
    y = np.concatenate([data.pool_labels, data.test_labels])
    some = np.random.default_rng(0).permutation(len(x))[:most]
    return World(reduced(x[some]), y[some], len(data.names))


def reduced(x: np.ndarray, dimensions: int = 128) -> np.ndarray:
    """Principal components; the labels play no part in them."""
    centred = x - x.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return np.ascontiguousarray(centred @ vectors[:, -dimensions:], dtype=np.float32)


def tell(name: str, found: list[dict], audit: int) -> bool:
    """Print a set's table; whether the bars are reached."""

    def tally(key: str) -> Tally:
        total = Tally()
        for each in found:
            total.add(*each[key])
        return total

    world, accuracy = _worlds[name], np.mean([each["accuracy"] for each in found])
    print(
        f"\n{name}: {len(world.y):,} images, {world.n_labels} labels, {len(found)} replays,", end=""
    )
    print(f" {audit} audit labels; the model is right on {accuracy:.1%}")
    print(f"{'95 % intervals that cover the whole pool':<44}{'audit sample':>14}"
          f"{'naive':>10}{'learned':>10}{'delivered':>11}")  # fmt: skip
    good = True
    for figure in ("precision", "recall"):
        mine, naive, learned_too, delivered = (
            tally(f"{key} {figure}") for key in ("audit", "naive", "learned", "delivered")
        )
        good &= min(mine.share, learned_too.share, delivered.share) >= COVERED
        print(f"{figure + ', per label':<44}{mine.share:>14.1%}{naive.share:>10.1%}"
              f"{learned_too.share:>10.1%}{delivered.share:>11.1%}")  # fmt: skip
    print(f"{'promises kept: error of what is accepted ≤':<44}{'audit sample':>14}"
          f"{'searched':>10}{'chosen':>10}{'accepted':>10}{'in use':>10}")  # fmt: skip
    for rate in RATES:
        mine, used = tally(f"promise {rate}"), tally(f"promise {rate} used")
        good &= mine.share >= KEPT
        others = "".join(f"{tally(f'{n} {rate}').share:>10.1%}" for n in ("searched", "chosen"))
        share = np.mean([each[f"promise {rate} share"] for each in found])
        print(f"{rate:<44.0%}{mine.share:>14.1%}{others}{share:>10.1%}{used.claimed:>10}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="40 replays of 3,000 images")
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--labels", type=int, default=300)
    parser.add_argument("--audit", type=int, default=400)
    parser.add_argument("--pool", type=int, default=EVERYTHING, help="images of a set at most")
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--cache", type=Path, help="where vectors are kept (a temporary folder)")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    missing = [name for name in options.sets if not (PACKS / f"{name}.tar").exists()]
    if missing:
        print(f"Skipped: {PACKS / missing[0]}.tar is not here; set LABELER_TEST_DATA.")
        return 0
    if options.quick:
        options.replays, options.pool = 40, 3_000
    return 0 if run(options) else 1


def run(options: argparse.Namespace) -> bool:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        cache = options.cache or Path(folder)
        begin({name: world_of(name, cache, options.pool) for name in options.sets})
    seeds = range(options.replays)
    tasks = [(name, options.labels, options.audit, seed) for name in _worlds for seed in seeds]
    with ProcessPoolExecutor(options.jobs, initializer=begin, initargs=(_worlds,)) as workers:
        found = list(workers.map(replay, tasks))
    good = True
    for i, name in enumerate(_worlds):
        good &= tell(name, found[i * len(seeds) : (i + 1) * len(seeds)], options.audit)
    print(f"\n{time.perf_counter() - began:.0f} s. ", end="")
    print("All bars are reached." if good else "A bar is missed.")
    print("searched: a threshold picked on the audit sample, the search not paid for.")
    print("chosen, naive: cross-validated on the labels that were chosen actively.")
    print("learned, delivered: of the whole pool with the learned images, or people's answers.")
    print("accepted: mean share of the unanswered pool. in use: replays that accepted something.")
    return good


if __name__ == "__main__":
    sys.exit(main())
