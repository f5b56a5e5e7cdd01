"""A whole installation in a folder of its own, started and stopped as its owner would."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"Labeler runs at (http://\S+)")
LINK = re.compile(r"(http://\S+/sign-in/\S+)")
PATIENCE = 90.0  # seconds
FOREIGN = ("DATABASE_URL", "CELERY_BROKER_URL", "LABELER_TEST_DB_SUFFIX", "DJANGO_SETTINGS_MODULE")


def environment(data: Path, port: int = 0) -> dict[str, str]:
    """The environment of an embedded installation, whatever database the tests run on."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {**kept, "LABELER_DATA": str(data), "LABELER_PORT": str(port)}


class Installation:
    """Runs `command` (by default `manage.py up`) and listens to what it says."""

    def __init__(self, data: Path, *, port: int = 0, command: list[str] | None = None, cwd=ROOT):
        self.data, self.said = data, []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            command or [sys.executable, "manage.py", "up"],
            cwd=cwd, env=environment(data, port), text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line.rstrip())
        self._lines.put(None)

    def wait_for(self, pattern: "re.Pattern[str] | str", patience: float = PATIENCE) -> re.Match:
        """The next line that matches; fails with everything said where none comes."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                line = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                break
            if line is None:
                break
            self.said.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{pattern!r} was never said:\n" + "\n".join(self.said[-60:]))

    def ready(self, patience: float = PATIENCE) -> "Installation":
        """Wait until the link is printed."""
        self.address = self.wait_for(ADDRESS, patience)[1]
        self.link = self.wait_for(LINK)[1]
        return self

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def processes(self, having: str = "") -> dict[int, str]:
        """Every process of this installation, down to grandchildren: {number: command}."""
        mark = f"LABELER_DATA={self.data}".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    words = (folder / "cmdline").read_bytes().split(b"\0")
                    command = b" ".join(words).decode()
                    if having in command and _state(folder) != "Z":
                        found[int(folder.name)] = command
            except OSError:
                continue  # it ended while we looked
        return found

    def stop(self, number: int = signal.SIGINT, patience: float = 30) -> int:
        """Send the signal and wait for the end; the exit status. SIGINT comes as by Ctrl-C."""
        if self.process.poll() is None and number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        elif self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(patience)

    def clear(self) -> None:
        """Leave nothing behind, also after a test that failed."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(10)


def _state(folder: Path) -> str:
    return (folder / "stat").read_text().rpartition(")")[2].split()[0]


def until(condition, patience: float = 30.0):
    """The condition's first true value, or a failure."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"It never came true within {patience:.0f} s.")
