"""A real process of the stand: started, killed and started again under one name."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0  # seconds; a busy machine is slow, not wrong
WHOLE_TREE = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT}


class Process:
    """One program with its command, settings and log; `ready` asks whether it can be used."""

    def __init__(
        self, name: str, command: list[str], folder: Path, environment: dict[str, str],
        ready: Callable[[], bool] = lambda: True, *, user: str | None = None, cwd: Path = ROOT,
    ) -> None:  # fmt: skip
        self.name, self.command, self.environment = name, command, environment
        self.log_path = folder / f"{name}.log"
        self._ready, self._user, self._cwd = ready, user, cwd
        self._process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0  # by time.time()

    def start(self, **more: str) -> "Process":
        """Run it, with more environment variables where some are given; it must not be running."""
        assert not self.alive, f"{self.name} is running already"
        self.started_at = time.time()
        as_user = {"user": self._user, "group": self._user, "extra_groups": []}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, cwd=self._cwd, env=self.environment | more, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                **(as_user if self._user else {}),
            )  # fmt: skip
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def is_ready(self) -> bool:
        """Whether it lives and can be used."""
        return self.alive and self._ready()

    def wait_ready(self, patience: float = PATIENCE) -> "Process":
        """Wait until it can be used; fails with its log where it ends or takes too long."""
        deadline = time.monotonic() + patience
        while not self.is_ready():
            assert self.alive, f"{self.name} ended with {self._process.returncode}:\n{self.log()}"
            assert time.monotonic() < deadline, f"{self.name} never got ready:\n{self.log()}"
            time.sleep(0.1)
        return self

    def log(self, lines: int = 40) -> str:
        """The end of what it said."""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send the signal: to it and all below it where nobody can refuse, else to its leader.

        As a host that loses power, or as the engine that runs its container.
        """
        if self.alive:
            for pid in tree(self.pid) if number in WHOLE_TREE else [self.pid]:
                send(pid, number)

    def wait(self, patience: float = 30.0) -> int:
        """Its exit status, negative for a signal."""
        assert self._process is not None
        return self._process.wait(patience)

    def stop(self, patience: float = 20.0) -> None:
        """End it in order; kill what does not end. Safe to repeat."""
        if not self.alive:
            return
        below = tree(self.pid)
        self.kill(signal.SIGCONT)
        self.kill(signal.SIGTERM)
        try:
            self.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill(signal.SIGKILL)
            self.wait()
        for pid in below[1:]:
            if _parent(pid) == 1:
                send(pid, signal.SIGKILL)


def tree(pid: int) -> list[int]:
    """The process and all below it, whatever session they are in."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue  # it ended while we looked
    return found


def send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
