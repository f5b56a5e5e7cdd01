"""A child process: started in a group of its own, its lines relayed, started again when it dies."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator

from labeler.supervisor.orphans import send
from labeler.supervisor.programs import Program

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before a start; doubled after each quick death
STEADY = 60.0  # a child that lived this many seconds starts afresh with the first pause
LONGEST_LINE = 64 * 1024


class Child:
    """One program of the installation, and the process that runs it now, if one does."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.next_start = 0.0
        self._pause = FIRST_PAUSE
        self._started = 0.0
        self._rest = b""
        self.said_all = False

    @property
    def name(self) -> str:
        return self.program.name

    def start(self) -> None:
        """Run the program in a session of its own: Ctrl-C reaches the supervisor alone."""
        self._started, self.said_all = time.monotonic(), False
        self.process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
            self.program.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=self.program.files,
        )
        os.set_blocking(self.output, False)

    @property
    def output(self) -> int:
        assert self.process is not None and self.process.stdout is not None
        return self.process.stdout.fileno()

    @property
    def group(self) -> int:
        assert self.process is not None
        return self.process.pid

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def lines(self) -> Iterator[str]:
        """The whole lines that came since; what came of a line without its end is kept."""
        while block := self._read():
            *whole, self._rest = (self._rest + block).split(b"\n")
            if len(self._rest) > LONGEST_LINE:
                whole, self._rest = [*whole, self._rest], b""
            for line in whole:
                yield line.decode("utf-8", "replace")
        if self.said_all and self._rest:
            yield self._rest.decode("utf-8", "replace")
            self._rest = b""

    def _read(self) -> bytes:
        try:
            block = os.read(self.output, 65_536)
        except BlockingIOError:
            return b""
        self.said_all = not block
        return block

    def bury(self) -> str:
        """End what is left of its group, plan the next start, and say what happened."""
        assert self.process is not None and self.process.stdout is not None
        how = _how(self.process.wait())
        self.kill()
        self.process.stdout.close()
        self.process, self._rest = None, b""
        if time.monotonic() - self._started > STEADY:
            self._pause = FIRST_PAUSE
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        self.next_start = time.monotonic() + pause
        return f"The {self.name} ended ({how}). It starts again in {pause:.0f} s."

    def ask_to_end(self) -> None:
        """The leader ends its own workers in order."""
        if self.process is not None and not self.has_ended():
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group at once, grandchildren too."""
        if self.process is not None:
            send(self.group, signal.SIGKILL)


def _how(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
