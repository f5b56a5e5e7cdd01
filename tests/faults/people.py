"""Annotators as the browser is one: each claims, thinks, answers, and sends an answer again, with
its UUID, until the server says that it has it.

    python -m tests.faults.people SPEC.json

SPEC: {"people": [{user, session, url}], "project", "labels", "history", "stop", "think", "seed"}.
They go on until the file `stop` exists, then answer all that is left of the pool, and leave.
"""

import json
import random
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from tests.faults.browser import NO_ANSWER, Browser
from tests.faults.history import History

PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds before the same is sent again
AT_ONCE = 50  # images taken at once when all that is left is answered


class Person:
    """One annotator in one browser. Thinks up to `think` seconds about an image."""

    def __init__(self, spec: dict[str, Any], one: dict[str, Any], history: History) -> None:
        self.user, self.labels = one["user"], spec["labels"]
        self.think, self.stop = spec["think"], Path(spec["stop"])
        self.api = f"/api/v1/projects/{spec['project']}"
        self.chance = random.Random(f"{spec['seed']} {self.user}")
        self.history, self.browser = history, Browser(one["url"], one["session"])

    def live(self) -> None:
        """Label one image after the other until the stop file is there, then all that is left."""
        while not self.stop.exists():
            items = self.claim()
            if not items:
                time.sleep(PAUSE)
            for item in items:
                time.sleep(self.chance.uniform(0, self.think))
                self.answer(item)
        self.finish()

    def finish(self) -> None:
        """Answer all that is left, a UUID for each image."""
        while items := self.claim(AT_ONCE):
            for item in items:
                self.answer(item)

    def claim(self, count: int = 1) -> list[dict[str, Any]]:
        """Images to answer, once the server answers at all."""
        _, told = self.insist("claim", "queue/claim", {"count": count})
        return told.get("items", [])

    def answer(self, item: dict[str, Any]) -> int:
        """Send an answer until it is taken or refused; the last status."""
        row = int(item["name"].removesuffix(".jpg"))
        label = self.labels[row % len(self.labels)]
        body = {"uuid": str(uuid.uuid4()), "item": item["item"], "elapsed_ms": 1, "labels": [label]}
        facts = {"uuid": body["uuid"], "item": item["item"], "image": item["image"], "label": label}
        return self.insist("answer", "annotations", body, **facts)[0]

    def insist(self, op: str, path: str, body: dict, **facts: Any) -> tuple[int, Any]:
        """Send the same until what comes back is more than passing trouble."""
        pause = PAUSE
        while True:
            status, told = self.once(op, path, body, **facts)
            if 0 < status < 500 and status != 429:
                return status, told
            time.sleep(self.chance.uniform(0, pause))
            pause = min(2 * pause, LONGEST_PAUSE)

    def once(self, op: str, path: str, body: dict, **facts: Any) -> tuple[int, Any]:
        """(status, answer), noted before and after; (0, None) where no answer came."""
        self.history.note(op, "ask", user=self.user, **facts)
        try:
            status, told = self.browser.ask(f"{self.api}/{path}", body)
        except NO_ANSWER as error:
            self.history.note(op, "lost", user=self.user, why=type(error).__name__, **facts)
            return 0, None
        if status >= 400:
            facts["said"] = told.get("code", "")
        elif op == "claim":
            facts["items"] = [[one["item"], one["image"]] for one in told["items"]]
        self.history.note(op, "told", user=self.user, status=status, **facts)
        return status, told


def main(spec: dict[str, Any]) -> None:
    """Everybody at once, a thread each, until the last one leaves."""
    history = History(Path(spec["history"]))
    people = [Person(spec, one, history) for one in spec["people"]]
    threads = [threading.Thread(target=person.live) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
