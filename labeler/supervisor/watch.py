"""The supervisor's loop: relay what the children say, start again what died, stop all together."""

import contextlib
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from labeler.supervisor import orphans
from labeler.supervisor.children import Child
from labeler.supervisor.programs import Program

Say = Callable[[str], None]
TICK = 0.2  # seconds
GRACE = 8.0  # seconds the children have to end by themselves
STOPPERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Holds the programs; `lock` stays held until the last child is gone, whatever happens."""

    def __init__(self, programs: Sequence[Program], *, say: Say, lock: int) -> None:
        self._say = say
        self._children = [Child(program) for program in programs]
        self._width = max(len(program.name) for program in programs)
        self._selector = selectors.DefaultSelector()
        self._stops = 0
        self._ender = _ender(lock)

    @property
    def stopping(self) -> bool:
        return self._stops > 0

    def __enter__(self) -> "Supervisor":
        for number in STOPPERS:
            signal.signal(number, self._stop)
        for child in self._children:
            self._start(child)
        return self

    def __exit__(self, *_: object) -> None:
        self._end_all()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1

    def turn(self) -> None:
        """One look at everything; returns after at most a tick."""
        self._relay(TICK)
        for child in self._children:
            if child.process is None and time.monotonic() >= child.next_start:
                self._start(child)
            elif child.process is not None and child.has_ended():
                self._forget(child)
                self._say(child.bury())

    def _start(self, child: Child) -> None:
        child.start()
        self._selector.register(child.output, selectors.EVENT_READ, child)
        self._note(f"+{child.group}")

    def _forget(self, child: Child) -> None:
        for line in child.lines():
            self._print(child, line)
        with contextlib.suppress(KeyError):  # not there: its output ended before it did
            self._selector.unregister(child.output)
        self._note(f"-{child.group}")

    def _relay(self, timeout: float) -> None:
        if not self._selector.get_map():
            time.sleep(timeout)
            return
        for key, _ in self._selector.select(timeout):
            for line in key.data.lines():
                self._print(key.data, line)
            if key.data.said_all:
                self._selector.unregister(key.fd)

    def _print(self, child: Child, line: str) -> None:
        if line.startswith("{"):  # JSON, for a program: it stays what it is
            self._say(line)
        elif line.strip():
            self._say(f"{child.name:<{self._width}} | {line}")

    def _note(self, line: str) -> None:
        assert self._ender.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._ender.stdin.write(f"{line}\n".encode())
            self._ender.stdin.flush()

    def _end_all(self) -> None:
        """Ask every child to end, wait, kill what is left. A second Ctrl-C does not wait."""
        asked = self._stops
        for child in self._children:
            child.ask_to_end()
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and self._stops <= max(asked, 1):
            if all(child.has_ended() for child in self._children):
                break
            self._relay(TICK)
        for child in self._children:
            if child.process is not None:
                child.kill()
                child.process.wait()
                self._forget(child)
        assert self._ender.stdin is not None
        self._ender.stdin.close()
        self._ender.wait()


def _ender(lock: int) -> "subprocess.Popen[bytes]":
    script = Path(orphans.__file__)
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-I", "-S", str(script)],
        stdin=subprocess.PIPE,
        start_new_session=True,
        pass_fds=(lock,),
    )
