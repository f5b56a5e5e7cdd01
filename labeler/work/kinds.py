"""The kinds of background work. Upper floors register theirs; this floor knows only names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from labeler.work.models import LeasedWork


@dataclass(frozen=True)
class Kind:
    """A kind of work: which rows, which queue, and the function that works on a claimed row.

    `find` makes rows for work that is due but has no row yet (a label without a round, an image
    without an embedding); the sweep calls it, so a lost message costs only time.
    """

    name: str
    model: type[LeasedWork]
    queue: str  # ROUNDS or CHORES
    run: Callable[..., None]  # (row: LeasedWork) -> None; ends with leases.finish/retry/yield_back
    find: Callable[[], None] = lambda: None
    # Further fields that begin anew when somebody repeats a row that failed.
    afresh: Mapping[str, object] = field(default_factory=dict)


ROUNDS = "rounds"  # short, and somebody waits for it
CHORES = "chores"  # imports, embeddings: long, in the background

KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Called from an app's `ready`; the same kind twice is a mistake."""
    if kind.name in KINDS:
        raise ValueError(f"The kind of work {kind.name!r} is registered twice.")
    KINDS[kind.name] = kind
