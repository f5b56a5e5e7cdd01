"""What the nemesis sees of an installation under load: its processes, and what it says."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.browser import NO_ANSWER, Browser
from tests.faults.people import Person
from tests.team.process import Process
from tests.team.stand import Stand

LEASE = (
    6  # seconds a round is its worker's without a word; the default of 60 would only be waited for
)
PATIENCE = 240.0  # seconds after which whatever is waited for counts as never
SETTINGS = {"LABELER_LEASE_SECONDS": str(LEASE), "LABELER_SWEEP_SECONDS": "1"}


class Never(AssertionError):
    """What must come within a time did not come."""


class Field:
    """A stand with a pool in it. `probes` are people, one at each web server, who only claim."""

    def __init__(
        self, stand: Stand, cast: dict[str, Any], probes: list[Person], chance: random.Random
    ) -> None:
        self.stand, self.chance, self.probes = stand, chance, probes
        self.api = f"/api/v1/projects/{cast['project']}"
        self.owners = [Browser(url, cast["owner"]["session"], 5) for url in stand.urls]

    @property
    def data(self) -> Path:
        return self.stand.data

    def one(self, kind: str) -> Process:
        """Any of the processes whose name begins so."""
        return self.chance.choice(self.all(kind))

    def all(self, kind: str) -> list[Process]:
        return [p for name, p in sorted(self.stand.processes.items()) if name.startswith(kind)]

    def pause(self, least: float, most: float) -> None:
        """Let a random time pass."""
        time.sleep(self.chance.uniform(least, most))

    def owner(self, path: str, body: dict | None = None) -> tuple[int, Any]:
        """What the first web server that answers says to the owner; (0, None) where none does."""
        for browser in self.owners:
            try:
                return browser.ask(path, body)
            except NO_ANSWER:
                continue
        return 0, None

    # ---- Whether it works --------------------------------------------------------------------

    def served(self) -> bool:
        """Whether images are handed out now, by one web server at least."""
        return any(self._hands_out(probe) for probe in self.probes)

    def served_everywhere(self) -> bool:
        """Whether every web server hands out images now."""
        return all(self._hands_out(probe) for probe in self.probes)

    def _hands_out(self, probe: Person) -> bool:
        return probe.once("claim", "queue/claim", {"count": 1})[0] == 200

    def round_finishes(self, patience: float = PATIENCE) -> float:
        """Ask for a round and wait until it, or a later one, is done; how many seconds it took."""
        began = time.monotonic()
        wanted = until(self.ask_for_round, patience)
        while not self._done(wanted):
            if time.monotonic() - began > patience:
                raise Never(f"Round {wanted} was not done within {patience:.0f} s.")
            time.sleep(0.1)
        return time.monotonic() - began

    def ask_for_round(self) -> int | None:
        """The number of the round that will be done next; None where nobody answers."""
        status, told = self.owner(f"{self.api}/rounds", {})
        return told["id"] if status == 202 else None

    def _done(self, wanted: int) -> bool:
        status, told = self.owner(f"{self.api}/rounds")
        if status != 200:
            return False
        states = {one["id"]: one["state"] for one in told["items"]}
        if any(number >= wanted and state == "done" for number, state in states.items()):
            return True
        if states and states[max(states)] == "failed":
            self.ask_for_round()
        return False

    # ---- What it says ------------------------------------------------------------------------

    def readiness(self) -> dict[str, Any]:
        """/readyz of the first web server that answers, as a supervisor asks it: by nobody."""
        for url in self.stand.urls:
            try:
                return Browser(url).ask("/readyz")[1]
            except NO_ANSWER:
                continue
        return {}

    def line(self) -> str:
        """What the top bar of every page says of the installation."""
        status, told = self.owner("/api/v1/status")
        return told["words"] if status == 200 else ""

    def predicted(self) -> tuple[int, str]:
        """Status and code of the answer to a prediction of one picture of the pool."""
        image = self.probes[0].claim()[0]["image"]
        status, told = self.owner(f"{self.api}/predict", {"images": [image]})
        return status, (told or {}).get("code", "")


def until(condition: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """The condition's first true value. Raises Never."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise Never(f"It did not come true within {patience:.0f} s: {condition}")
