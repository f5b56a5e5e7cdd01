"""What each version told, counted here and added to the database every few seconds.

A service that is killed loses the counts of its last seconds; no request waits for them.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Sequence

from labeler.serving.loaded import Said
from labeler.training import canary

_lock = threading.Lock()
_counts: defaultdict[int, Counter[str]] = defaultdict(Counter)


def note(version_id: int, said: Sequence[Said]) -> None:
    """One more request that this version answered."""
    with _lock:
        counts = _counts[version_id]
        counts["requests"] += 1
        counts["pictures"] += len(said)
        counts["unknown"] += sum(each.unknown for each in said)
        counts["confidence"] += sum(max(each.scores.values()) for each in said)  # type: ignore[assignment]


def flush() -> None:
    """Add what was counted since to the database."""
    with _lock:
        counted = dict(_counts)
        _counts.clear()
    for version_id, counts in counted.items():
        canary.count(
            version_id, counts["requests"], counts["pictures"], counts["confidence"],
            counts["unknown"],
        )  # fmt: skip
