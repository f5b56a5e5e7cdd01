"""What must be true whatever broke, read off the history and the database alone.

The pools here ask one person per image. At the end everybody has answered all that was left.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.faults.history import Event
from tests.faults.stored import Stored

HELD = 590.0  # seconds an image is surely held for whom it was given to: ten minutes, less a margin
EXPECTED = {  # statuses that a person may meet while things break; 503 says "try again"
    "claim": {200, 503},
    "answer": {200, 201, 409, 503},
}


@dataclass(frozen=True)
class Broken:
    """A promise that was broken: which, when (seconds; None where no moment is known), and how."""

    kind: str
    at: float | None
    what: str


def check(events: Iterable[Event], stored: Stored) -> list[Broken]:
    """Every broken promise; an empty list is what everybody wants to see."""
    events = sorted(events, key=lambda event: event["t"])
    return [
        *_answers_kept(events, stored),
        *_nothing_invented(events, stored),
        *_held_once(events),
        *_pool_whole(events, stored),
        *_polite(events),
        *_rounds(stored),
    ]


def acknowledged(events: Iterable[Event]) -> dict[str, Event]:
    """UUID → the first event in which the server said that it has the answer."""
    found: dict[str, Event] = {}
    for event in events:
        if event["op"] == "answer" and event.get("status") in (200, 201):
            found.setdefault(event["uuid"], event)
    return found


def _answers_kept(events: list[Event], stored: Stored) -> Iterator[Broken]:
    """acknowledged ⊆ stored, each once, and word for word as it was sent."""
    rows = Counter(answer.uuid for answer in stored.answers)
    by_uuid = {answer.uuid: answer for answer in stored.answers}
    for uuid, event in acknowledged(events).items():
        if not rows[uuid]:
            yield Broken("lost", event["t"], f"{uuid} was acknowledged and is gone")
        elif rows[uuid] > 1:
            yield Broken("doubled", event["t"], f"{uuid} is stored {rows[uuid]} times")
        elif not _same(event, by_uuid[uuid]):
            yield Broken("changed", event["t"], f"{uuid} is stored as {by_uuid[uuid]}")


def _same(event: Event, kept) -> bool:
    said = (event["image"], event["item"], event["user"], (event["label"],))
    return said == (kept.image, kept.item, kept.user, kept.labels) and kept.current


def _nothing_invented(events: list[Event], stored: Stored) -> Iterator[Broken]:
    """Nothing is stored that nobody sent, or that was refused."""
    sent = {event["uuid"]: event["t"] for event in events if event["op"] == "answer"}
    known = acknowledged(events)
    refused = {e["uuid"] for e in events if e["op"] == "answer" and e.get("status") == 409}
    for answer in stored.answers:
        if answer.uuid not in sent:
            yield Broken("invented", None, f"{answer} was sent by nobody")
        elif answer.uuid in refused and answer.uuid not in known:
            yield Broken("invented", sent[answer.uuid], f"{answer} had been refused")


def _held_once(events: list[Event]) -> Iterator[Broken]:
    """An image given to one person is given to nobody else as long as it is held, or ever after
    it was answered."""
    holder: dict[int, tuple[int, float]] = {}
    for event in events:
        for item, image in event.get("items", ()):
            user, since = holder.get(image, (event["user"], event["t"]))
            if user != event["user"] and event["t"] - since < HELD:
                what = f"image {image} (item {item}) of {user} was given to {event['user']}"
                yield Broken("held twice", event["t"], what)
            holder[image] = (event["user"], event["t"])


def _pool_whole(events: list[Event], stored: Stored) -> Iterator[Broken]:
    """Every image of the pool has one answer that counts, and nothing is asked any more."""
    at = {event["image"]: event["t"] for event in events if event["op"] == "answer"}
    counted = Counter(answer.image for answer in stored.answers if answer.current)
    for image in stored.images:
        if counted[image] > 1:
            yield Broken("doubled", at.get(image), f"image {image} has {counted[image]} answers")
        elif not counted[image]:
            yield Broken("left out", at.get(image), f"image {image} was never answered")
        elif stored.images[image] != "labeled":
            yield Broken("left out", at.get(image), f"image {image} is {stored.images[image]}")


def _polite(events: list[Event]) -> Iterator[Broken]:
    """Nobody saw an error page: what could not be done just now was answered with 503."""
    for event in events:
        if event["do"] == "told" and event["status"] not in EXPECTED[event["op"]]:
            what = f"{event['op']} was told {event['status']} {event.get('said', '')}"
            yield Broken("error", event["t"], what)


def _rounds(stored: Stored) -> Iterator[Broken]:
    """One version per round that is done, none of a round that is not; nothing hangs."""
    made = Counter(round_ for _, round_ in stored.versions)
    for number, state, _, error in stored.rounds:
        if made[number] > 1 or (made[number] and state != "done"):
            yield Broken("round", None, f"round {number}, {state}, left {made[number]} versions")
        if state in ("due", "running"):
            yield Broken("round", None, f"round {number} is still {state}: {error}")
    for number, times in Counter(number for number, *_ in stored.rounds).items():
        if times > 1:
            yield Broken("round", None, f"round {number} is there {times} times")
