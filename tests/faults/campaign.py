"""One campaign: a pool, people who label it, a nemesis, and at the end the check of everything."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import checker, history, stored
from tests.faults.checker import Broken
from tests.faults.faults import Fault
from tests.faults.field import PATIENCE, Field, Never, until
from tests.faults.people import Person
from tests.faults.stored import Stored
from tests.team.process import ROOT
from tests.team.stand import Stand

CLIENTS = 2  # processes the people are spread over


@dataclass
class Strike:
    """A fault that was injected: when, and how many seconds until all was well again."""

    fault: str
    began: float
    queue: float = float("inf")  # until images were handed out again
    webs: float = float("inf")  # … by every web server
    work: float = float("inf")  # until a round that was asked for then was done
    trouble: str = ""  # what did not come in time, or was not said


@dataclass
class Campaign:
    """What happened, and every promise that was broken."""

    strikes: list[Strike] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)  # when, one per answer
    rounds: int = 0
    taken_over: int = 0  # rounds a second worker had to finish
    refused: int = 0  # answers that were told 409, somebody else had the image

    def add(self, other: "Campaign") -> None:
        """Take in another one's results."""
        for name in ("strikes", "broken", "acknowledged"):
            getattr(self, name).extend(getattr(other, name))
        self.rounds += other.rounds
        self.taken_over += other.taken_over
        self.refused += other.refused

    @property
    def troubles(self) -> list[str]:
        return [f"{one.fault}: {one.trouble}" for one in self.strikes if one.trouble]


def run(
    stand: Stand, faults: Iterable[Fault], *, folder: Path, seed: str, images: int,
    people: int = 16, think: float = 0.05, say: Callable[[str], object] = print,
) -> Campaign:  # fmt: skip
    """Let people label a new pool of so many images while each of the faults strikes once, in this
    order; then let them answer what is left, and check everything."""
    say(f"seed {seed}")
    cast = _cast(stand, images, people + len(stand.urls))
    kept = history.History(folder / "history.jsonl")
    spec = {"project": cast["project"], "labels": cast["labels"], "think": think, "seed": seed,
            "history": str(folder / "history.jsonl"), "stop": str(folder / "stop")}  # fmt: skip
    probes = [
        Person(spec, {**one, "url": url}, kept)
        for one, url in zip(cast["people"][people:], stand.urls, strict=True)
    ]
    ground = Field(stand, cast, probes, random.Random(seed))
    done = Campaign()
    with _labeling(spec, cast["people"][:people], stand.urls, folder) as clients:
        ground.round_finishes()  # the first model: from now on rounds run
        for fault in faults:
            done.strikes.append(_strike(ground, fault, say))
        Path(spec["stop"]).touch()
        for client in clients:
            client.wait(3 * PATIENCE)
    for probe in probes:
        probe.finish()
    with suppress(Never):  # then it shows among the rounds
        ground.round_finishes()
    _judge(done, folder / "history.jsonl", stand.database_url, cast["project"])
    return done


def _strike(ground: Field, fault: Fault, say: Callable[[str], object]) -> Strike:
    ground.pause(0, 1)
    strike = Strike(fault.name, time.monotonic())
    try:
        with fault.breaking(ground):
            fault.says(ground)
            ground.pause(*fault.lasts)
        mended = time.monotonic()
        until(ground.served)
        strike.queue = time.monotonic() - mended
        until(ground.served_everywhere)
        strike.webs = time.monotonic() - mended
        ground.round_finishes()
        strike.work = time.monotonic() - mended
    except (Never, AssertionError, subprocess.TimeoutExpired) as error:
        strike.trouble = f"{type(error).__name__}: {error}"[:500]
    seconds = f"{strike.queue:.1f} {strike.webs:.1f} {strike.work:.1f}"
    say(f"{fault.name}: queue, every server, round after {seconds} s {strike.trouble}")
    return strike


def _cast(stand: Stand, images: int, people: int) -> dict[str, Any]:
    """Make the pool in the stand's database."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.faults.cast", str(images), str(people)],
        cwd=ROOT, env=stand.environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(made.stdout.splitlines()[-1])


@contextmanager
def _labeling(
    spec: dict[str, Any], people: list[dict], urls: list[str], folder: Path
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The people at work, in processes of their own, half of them at each web server."""
    seated = [{**one, "url": urls[n % len(urls)]} for n, one in enumerate(people)]
    clients = []
    for n in range(CLIENTS):
        file = folder / f"people-{n}.json"
        file.write_text(json.dumps({**spec, "people": seated[n::CLIENTS]}), encoding="utf-8")
        command = [sys.executable, "-m", "tests.faults.people", str(file)]
        clients.append(subprocess.Popen(command, cwd=ROOT))
    try:
        yield clients
    finally:
        for client in clients:
            client.kill()
            client.wait()


def _at_rest(url: str, project: int) -> Stored:
    """What is stored once the last round is over; a round that never is, shows."""
    deadline = time.monotonic() + PATIENCE
    while True:
        kept = stored.read(url, project)
        at_work = any(state in ("due", "running") for _, state, _, _ in kept.rounds)
        if not at_work or time.monotonic() > deadline:
            return kept
        time.sleep(0.5)


def _judge(done: Campaign, file: Path, url: str, project: int) -> None:
    events, kept = list(history.read(file)), _at_rest(url, project)
    done.broken = checker.check(events, kept)
    if (state := stored.integrity(url)) != "ok":
        done.broken.append(Broken("damaged", None, state))
    done.acknowledged = [event["t"] for event in checker.acknowledged(events).values()]
    done.refused = sum(e["op"] == "answer" and e.get("status") == 409 for e in events)
    done.rounds = sum(state == "done" for _, state, _, _ in kept.rounds)
    done.taken_over = sum(taken > 1 for _, _, taken, _ in kept.rounds)
