"""Break an installation at random moments while people label, and count what was lost.

    python benchmarks/faults.py [--faults 200] [--databases sqlite postgresql] [--seed N]
                                [--think 2] [--minutes M] [--json FILE]

Starts, for each database, two web servers, two workers for rounds, one for chores, the prediction
service, and for PostgreSQL its server and RabbitMQ. 16 people claim, think up to `--think` seconds
and answer, each answer with a UUID that is sent again until the server says that it has it, while
rounds run. The nemesis kills, stops, starves; after each fault it waits until images are handed out
again, then by every web server, and until a round that was asked for then is done. After every
ten faults the people answer all that is left of the pool, and history and database are compared
(tests/faults/checker.py says what must hold). Both databases run at once; a full disk needs the
right to mount a small file system and is left out without it. The exit status is 1 if anything
was lost, doubled, changed or held by two, or if a fault was not recovered from.
"""

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PEOPLE = 16
AT_A_TIME = 10  # faults per pool
IMAGES = 2_500  # of one pool
SMALL = "2g"  # of the file system that gets full
BROKERS = {"sqlite": "folder", "postgresql": "rabbitmq"}
SERVED = 10.0  # seconds after which the queue must be served again
COUNTED = ("lost", "doubled", "changed", "held twice", "left out", "error")


def main() -> None:
    options = read_options()
    print(f"seed {options.seed}", flush=True)
    each = -(-options.faults // len(options.databases))
    running = [start(kind, each, options) for kind in options.databases]
    told = [json.loads(line) for line in lines(running)]
    if options.json:
        Path(options.json).write_text(json.dumps(told, indent=1), encoding="utf-8")
    ended = [process.wait() for process in running]
    sys.exit((summary(told) or max(ended)) if told else "No pool was finished.")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faults", type=int, default=200, help="on all databases together")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--think", type=float, default=2.0, help="most seconds about an image")
    parser.add_argument("--images", type=int, default=IMAGES, help="of each pool")
    parser.add_argument("--minutes", type=float, default=1e6, help="no fault begins after these")
    parser.add_argument("--json", help="write what was found to this file, too")
    return parser.parse_args()


def start(kind: str, faults: int, options: argparse.Namespace) -> "subprocess.Popen[str]":
    """One database's part, in a process of its own."""
    words = [kind, faults, options.seed, options.think, options.images, options.minutes]
    return subprocess.Popen(
        [sys.executable, __file__, "--one", *map(str, words)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def lines(running: Iterable["subprocess.Popen[str]"]) -> Iterator[str]:
    """What they found, one line of JSON for each pool, as it comes."""
    import selectors

    with selectors.DefaultSelector() as waiting:
        for process in running:
            waiting.register(process.stdout, selectors.EVENT_READ)
        while waiting.get_map():
            for key, _ in waiting.select():
                if line := key.fileobj.readline():
                    yield line
                else:
                    waiting.unregister(key.fileobj)


# One database -----------------------------------------------------------------------------


def one(
    kind: str, faults: int, seed: int, think: float, images: int, minutes: float
) -> None:  # fmt: skip
    """Pool after pool until so many faults have struck; a line of JSON each."""
    from tests.faults import campaign
    from tests.faults.faults import deal
    from tests.faults.field import SETTINGS
    from tests.team.stand import stand

    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # and everything it started
    chance, until = random.Random(f"{seed} {kind}"), time.monotonic() + 60 * minutes
    with (
        small_disk() as folder,
        stand(folder, database=kind, broker=BROKERS[kind], environment=SETTINGS) as there,
    ):
        deck = deal(there, chance)
        for number in range(0, faults, AT_A_TIME):
            if time.monotonic() > until:
                break
            chosen = itertools.islice(deck, min(AT_A_TIME, faults - number))
            chosen = itertools.takewhile(lambda _: time.monotonic() < until, chosen)
            with tempfile.TemporaryDirectory() as place:
                done = campaign.run(
                    there, chosen, folder=Path(place), seed=f"{seed} {kind} {number}",
                    images=images, people=PEOPLE, think=think, say=lambda words: note(kind, words),
                )  # fmt: skip
            print(
                json.dumps({"database": kind, "load": os.getloadavg()[0]} | asdict(done)),
                flush=True,
            )


def note(kind: str, words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {kind}: {words}", file=sys.stderr, flush=True)


@contextmanager
def small_disk() -> Iterator[Path]:
    """A folder on a small file system of its own, where that may be mounted."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", folder]
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
        try:
            yield Path(folder)
        finally:
            if mounted:
                subprocess.run(["umount", "-l", folder], check=True)


# The table --------------------------------------------------------------------------------


def summary(told: list[dict[str, Any]]) -> int:
    """Print the table and what went wrong; the exit status."""
    rows = by_fault(told)
    print(HEAD)
    for (kind, fault), row in sorted(rows.items()):
        print(line(kind, fault, row))
    for kind in dict.fromkeys(kind for kind, _ in rows):
        print(line(kind, "all", together(row for (of, _), row in rows.items() if of == kind)))
    print(line("", "all", together(rows.values())))
    loads = [one["load"] for one in told]
    print(
        f"rounds {sum(one['rounds'] for one in told)}, of which a second worker finished "
        f"{sum(one['taken_over'] for one in told)}; load average {min(loads):.0f} to "
        f"{max(loads):.0f} on {os.cpu_count()} cores"
    )
    wrong = [f"{one['database']}: {broken}" for one in told for broken in one["broken"]]
    strikes = [(one["database"], strike) for one in told for strike in one["strikes"]]
    wrong += [
        f"{kind}: {each['fault']}: {each['trouble']}" for kind, each in strikes if each["trouble"]
    ]
    for words in wrong[:40]:
        print(words)
    late = sum(each["queue"] > SERVED for _, each in strikes)
    print(f"the queue was served again within {SERVED:.0f} s after all but {late} faults")
    return int(bool(wrong or late))


def by_fault(told: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """What happened from each fault until the next one, added up."""
    rows: dict[tuple[str, str], dict[str, Any]] = defaultdict(lambda: defaultdict(list))
    for part in told:
        for strike in part["strikes"]:
            row = rows[part["database"], strike["fault"]]
            row["queue"].append(strike["queue"])
            row["webs"].append(strike["webs"])
            row["work"].append(strike["work"])
        for moment in part["acknowledged"]:
            rows[part["database"], fault_at(part, moment)]["acknowledged"].append(moment)
        for broken in part["broken"]:
            rows[part["database"], fault_at(part, broken["at"])][broken["kind"]].append(broken)
    return rows


def fault_at(part: dict[str, Any], moment: float | None) -> str:
    """The fault that had struck last; the first one where the moment is not known."""
    past = [s["fault"] for s in part["strikes"] if moment is not None and s["began"] <= moment]
    return past[-1] if past else part["strikes"][0]["fault"]


def together(rows: Iterable[dict[str, list]]) -> dict[str, list]:
    total: dict[str, list] = defaultdict(list)
    for row in rows:
        for name, found in row.items():
            total[name] += found
    return total


HEAD = (
    f"{'database':10} {'fault':34} {'times':>5} {'labels':>7} "
    + " ".join(f"{name:>10}" for name in COUNTED)
    + "    seconds, median / worst: queue      every server             round"
)


def line(kind: str, fault: str, row: dict[str, list]) -> str:
    counts = " ".join(f"{len(row[name]):10}" for name in COUNTED)
    times = "   ".join(
        f"{median(row[name]):6.1f} / {max(row[name]):6.1f}" for name in ("queue", "webs", "work")
    )
    return (
        f"{kind:10} {fault:34} {len(row['queue']):5} {len(row['acknowledged']):7,} {counts}"
        f"   {times}"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        kind, faults, seed, think, images, minutes = sys.argv[2:]
        one(kind, int(faults), int(seed), float(think), int(images), float(minutes))
    else:
        main()
