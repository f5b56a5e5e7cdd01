"""One supervisor per data folder: two would start two web servers and four workers on it."""

import fcntl
import json
import os
import time
from pathlib import Path

from labeler.supervisor.refusing import CannotStart

PATIENCE = 15.0  # seconds for the children of a supervisor that was killed to end


class Lock:
    """Held while its file is open here, or in the process that ends orphans."""

    def __init__(self, folder: Path) -> None:
        """Take the folder. Raises CannotStart where another supervisor works on it."""
        self._path = folder / "up.lock"
        self._file = self._path.open("a+", encoding="utf-8")
        deadline = time.monotonic() + PATIENCE
        while not self._taken():
            holder = self._holder()
            if _lives(holder.get("pid", 0)) or time.monotonic() > deadline:
                self._file.close()
                raise CannotStart(_words(folder, holder))
            time.sleep(0.1)

    def fileno(self) -> int:
        return self._file.fileno()

    def sign(self, address: str) -> None:
        """Write down who holds the folder, for the next one who asks."""
        self._file.truncate(0)
        json.dump({"pid": os.getpid(), "address": address}, self._file)
        self._file.flush()

    def release(self) -> None:
        self._file.truncate(0)
        self._file.close()

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> dict[str, object]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _lives(pid: object) -> bool:
    if not isinstance(pid, int) or pid < 1:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _words(folder: Path, holder: dict[str, object]) -> str:
    where = f" at {holder['address']}" if holder.get("address") else ""
    process = f" (process {holder['pid']})" if holder.get("pid") else ""
    return (
        f"Labeler already runs on the data folder {folder}{where}{process}. Stop that one with "
        "Ctrl-C, or give this one another folder and port: "
        "LABELER_DATA=other LABELER_PORT=8001 make run"
    )
