"""The files of an import, one after the other, always in the same order.

A position is a line of the staging index and, inside an archive, the number of the member. An
import that was interrupted goes on at its position.
"""

import errno
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from django.conf import settings

from labeler.pools import archives, names, origins, staging
from labeler.pools.archive_refusals import TOO_MANY_BYTES
from labeler.pools.archives import Unreadable
from labeler.pools.refusing import Refused
from labeler.pools.remote import ahead, reading
from labeler.pools.staging import Key, Staged


class Entry(NamedTuple):
    """One file: where it stands, what it is called, and its bytes or why it is refused."""

    position: tuple[int, int]
    name: str  # as given, not cleaned
    inside: str  # the archive's name, or ""
    read: Callable[[], bytes]  # raises Unreadable
    refused: Refused | None = None
    staged: Staged | None = None  # its line of the index; None for a member of an archive
    copy: Callable[[IO[bytes]], None] | None = None  # of a member, however large it is

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


def entries(
    import_id: Key, start: tuple[int, int] = (0, 0), *, beat: Callable[[], None] = lambda: None
) -> Iterator[Entry]:
    """The import's files from a position on. An entry must be read before the next is taken.

    Files that an earlier import of their origin has read are left out. `beat` is called while an
    archive comes in from elsewhere.
    """
    for line, file, fetch in ahead.lines(staging.listed(import_id, start[0]), _is_elsewhere):
        first = start[1] if line == start[0] else 0
        if file.refusal == origins.KNOWN:
            continue
        if archives.named_like_one(file.name) and not file.refusal:
            yield from _archive(import_id, line, file, first, beat)
        elif first == 0:
            refused = refusal_of(file) if file.refusal else None
            read = fetch or partial(_bytes_of, file.path)
            yield Entry((line, 0), file.name, "", read, refused, file)


def refusing(why: Refused) -> str:
    """`why` as a Staged.refusal, for one that no word of REFUSALS tells."""
    return json.dumps([why.code, why.reason, why.remedy])


def refusal_of(file: Staged) -> Refused:
    """Why the file is not to be opened."""
    known = REFUSALS.get(file.refusal)
    return known or Refused(*json.loads(file.refusal))


def _is_elsewhere(file: Staged) -> bool:
    """Whether it is a picture that is read from its address."""
    return bool(file.address) and not file.refusal and not archives.named_like_one(file.name)


def _archive(
    import_id: Key, line: int, file: Staged, first: int, beat: Callable[[], None]
) -> Iterator[Entry]:
    try:
        here = fetched(import_id, line, file, most=settings.MAX_ARCHIVE_BYTES, beat=beat)
    except Unreadable as error:
        if first == 0:
            yield Entry((line, 0), file.name, "", bytes, error.refused, file)
        return
    yield from _members(line, here, first)


def fetched(
    import_id: Key, line: int, file: Staged, *, most: int, beat: Callable[[], None] = lambda: None
) -> Staged:
    """An archive or manifest that may lie elsewhere, brought into the staging folder once.

    most: bytes. Raises Unreadable, OSError.
    """
    if not file.address:
        return file
    path = staging.folder(import_id) / f"fetched-{line}"
    if not path.exists():
        reading.fetch(file.address, path, most=most, beat=beat)
    return file._replace(path=path)


def _members(line: int, file: Staged, first: int) -> Iterator[Entry]:
    number = -1
    try:
        for number, member in enumerate(archives.members(file.path)):
            if number >= first:
                place = (line, number)
                yield Entry(
                    place, member.name, file.name, member.read, member.refused, copy=member.copy
                )
    except OSError as error:
        if number + 1 >= first:
            yield Entry((line, number + 1), "", file.name, bytes, _unreadable(error))
        return
    if number < first == 0:
        yield Entry((line, 0), "", file.name, bytes, REFUSALS["empty_archive"])


def _bytes_of(path: Path) -> bytes:
    """The file's bytes, if it is still the plain file that was listed."""
    with open_plain(path) as file:
        data = file.read(settings.MAX_IMAGE_BYTES + 1)
    if len(data) > settings.MAX_IMAGE_BYTES:
        raise Unreadable(TOO_MANY_BYTES)
    return data


@contextmanager
def open_plain(path: Path) -> Iterator[IO[bytes]]:
    """The file, opened for reading, if it is still the plain file that was listed.

    Raises Unreadable, also for what goes wrong while it is read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Unreadable(REFUSALS["not_a_file"])
            yield file
    except OSError as error:
        raise Unreadable(_unreadable(error)) from error


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


Sift = Callable[[Iterable[Staged]], Iterable[Staged]]


def list_server_path(import_id: Key, path: Path, sift: Sift = iter) -> None:
    """Write down what lies at `path` (a folder, or one file), as it is now. Raises OSError.

    sift: gets the files as they are found and gives back those to write down.
    """
    staging.note_all(import_id, sift(on_the_server(path)))


def on_the_server(path: Path) -> Iterator[Staged]:
    """What lies at `path` (a folder, or one file), as it is now. Raises OSError."""
    if path.is_dir():
        os.scandir(path).close()  # a closed door is an error, not an empty folder
        yield from _below(path, path)
    else:
        yield _plain(path.name, path, path.stat())


def _plain(name: str, path: Path, now: os.stat_result) -> Staged:
    """A file with its stamp: size and time of change, which tell changes without reading it."""
    refusal = "" if stat.S_ISREG(now.st_mode) else "not_a_file"
    return Staged(name, path, refusal, stamp=f"{now.st_size} {now.st_mtime_ns}")


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
            yield _found(entry, path, name)


def _found(entry: "os.DirEntry[str]", path: Path, name: str) -> Staged:
    try:
        return _plain(name, path, entry.stat(follow_symlinks=False))
    except OSError:  # gone since the folder was read
        return Staged(name, path)


def _link(top: Path, path: Path, name: str) -> Staged:
    """A link to a file below the same folder is that file; any other is refused."""
    try:
        target = path.resolve(strict=True)
        if not target.is_relative_to(top.resolve()):
            return Staged(name, path, "link_leads_out")
        there = target.stat()
    except (OSError, RuntimeError):  # nothing there, or a loop
        return Staged(name, path, "link")
    return (
        _plain(name, target, there) if stat.S_ISREG(there.st_mode) else Staged(name, target, "link")
    )
