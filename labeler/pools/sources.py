"""The files of an import, one after the other, always in the same order.

A position is a line of the staging index and, inside an archive, the number of the member. An
import that was interrupted goes on at its position.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from labeler.pools import archives, names, staging
from labeler.pools.archive_refusals import TOO_MANY_BYTES
from labeler.pools.archives import Unreadable
from labeler.pools.refusing import Refused
from labeler.pools.staging import Staged


class Entry(NamedTuple):
    """One file: where it stands, what it is called, and its bytes or why it is refused."""

    position: tuple[int, int]
    name: str  # as given, not cleaned
    inside: str  # the archive's name, or ""
    read: Callable[[], bytes]  # raises Unreadable
    refused: Refused | None = None

    @property
    def shown(self) -> str:
        """The name for a report: archive › member."""
        return " › ".join(part for part in (self.inside, self.name) if part)


REFUSALS = {
    "link_leads_out": Refused(
        "link_leads_out",
        "The link leads out of the folder.",
        "Copy the file itself into the folder.",
    ),
    "link": Refused(
        "link", "The link leads to no file.", "Copy the file or folder itself into the folder."
    ),
    "not_a_file": Refused("not_a_file", "This is no plain file.", "Nothing to do."),
    "unreadable": Refused(
        "unreadable",
        "The server has no permission to read it.",
        "Let the account that runs Labeler read it.",
    ),
    "vanished": Refused(
        "vanished", "The file was gone when its turn came.", "Put it back and import again."
    ),
    "empty_archive": Refused(
        "empty_archive", "The archive holds no files.", "Check what was packed."
    ),
}


def entries(import_id: int, start: tuple[int, int] = (0, 0)) -> Iterator[Entry]:
    """The import's files from a position on. An entry must be read before the next is taken."""
    for line, file in staging.listed(import_id, start[0]):
        first = start[1] if line == start[0] else 0
        if archives.named_like_one(file.name) and not file.refusal:
            yield from _members(line, file, first)
        elif first == 0:
            refused = REFUSALS[file.refusal] if file.refusal else None
            yield Entry((line, 0), file.name, "", partial(_bytes_of, file.path), refused)


def _members(line: int, file: Staged, first: int) -> Iterator[Entry]:
    number = -1
    try:
        for number, member in enumerate(archives.members(file.path)):
            if number >= first:
                place = (line, number)
                yield Entry(place, member.name, file.name, member.read, member.refused)
    except OSError as error:
        if number + 1 >= first:
            yield Entry((line, number + 1), "", file.name, bytes, _unreadable(error))
        return
    if number < first == 0:
        yield Entry((line, 0), "", file.name, bytes, REFUSALS["empty_archive"])


def _bytes_of(path: Path) -> bytes:
    """The file's bytes, if it is still the plain file that was listed."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Unreadable(REFUSALS["not_a_file"])
            data = file.read(settings.MAX_IMAGE_BYTES + 1)
    except OSError as error:
        raise Unreadable(_unreadable(error)) from error
    if len(data) > settings.MAX_IMAGE_BYTES:
        raise Unreadable(TOO_MANY_BYTES)
    return data


def _unreadable(error: OSError) -> Refused:
    if isinstance(error, FileNotFoundError):
        return REFUSALS["vanished"]
    if isinstance(error, PermissionError):
        return REFUSALS["unreadable"]
    if error.errno == errno.ELOOP:
        return REFUSALS["link"]
    words = error.strerror or "input/output error"
    return Refused("unreadable", f"It cannot be read: {words}.", "Check the disk it lies on.")


# ---- A folder on the server -------------------------------------------------------------------


def list_server_path(import_id: int, path: Path) -> None:
    """Write down what lies at `path` (a folder, or one file), as it is now. Raises OSError."""
    if path.is_dir():
        os.scandir(path).close()  # a closed door is an error, not an empty folder
        staging.note_all(import_id, _below(path, path))
    else:
        staging.note_all(import_id, [Staged(path.name, path)])


def _below(top: Path, folder: Path) -> Iterator[Staged]:
    try:
        found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield Staged(str(folder.relative_to(top)), folder, "unreadable")
        return
    for entry in found:
        path = Path(entry.path)
        name = str(path.relative_to(top))
        if names.is_junk(name) or names.is_junk(f"{name}/"):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(top, path)
        elif entry.is_symlink():
            yield _link(top, path, name)
        else:
            plain = entry.is_file(follow_symlinks=False)
            yield Staged(name, path, "" if plain else "not_a_file")


def _link(top: Path, path: Path, name: str) -> Staged:
    """A link to a file below the same folder is that file; any other is refused."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # nothing there, or a loop
        return Staged(name, path, "link")
    if not target.is_relative_to(top.resolve()):
        return Staged(name, path, "link_leads_out")
    return Staged(name, target, "" if target.is_file() else "link")
