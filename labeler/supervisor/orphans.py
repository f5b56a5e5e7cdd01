"""Ends the children of a supervisor that died without a word (`kill -9`, out of memory).

Runs as a script of its own, with the standard library alone, so that it is small. It reads the
process groups from its standard input, `+17` and `-17` a line; the end of the input means that
the supervisor is gone, and whatever group is left is ended.
"""

import os
import signal
import sys
import time

GRACE = 8.0  # seconds to end by oneself


def main() -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    end(groups)


def end(groups: set[int]) -> None:
    """Ask every group to end, and kill what has not ended in time."""
    left = {group for group in groups if send(group, signal.SIGTERM)}
    deadline = time.monotonic() + GRACE
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = {group for group in left if send(group, 0)}
    for group in left:
        send(group, signal.SIGKILL)


def send(group: int, number: int) -> bool:
    """Whether there was anybody in the group to receive the signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
