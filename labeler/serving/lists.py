"""Lists of pictures to judge: manifests of any format that imports read, or addresses on lines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from labeler.formats import registry, tables
from labeler.formats.record import BadFile, BadRow, Record
from labeler.pools import server_paths, sources
from labeler.pools.archives import Unreadable
from labeler.pools.manifests import paths
from labeler.pools.places import ELSEWHERE, LISTS, MANIFESTS
from labeler.pools.refusing import ImportFailed, ImportRefused, Refused
from labeler.pools.remote import addresses
from labeler.pools.staging import Staged

NOT_BESIDE = Refused(
    "not_beside",
    "No file of this name came with the list.",
    "Send it along, or write the whole address of the picture.",
)
NO_PATHS = Refused(
    "no_paths",
    "A list that is sent cannot name files of the server.",
    "Write addresses, or put the list on the server beside its pictures.",
)


@dataclass(frozen=True)
class Home:
    """What the paths of a list are relative to.

    folder: of the server, which holds the list; address: of the place that holds it; sent: the
    files that came with it, by their normal names. Only one of them is set.
    """

    folder: Path | None = None
    address: str = ""
    sent: frozenset[str] = field(default_factory=frozenset)
    anywhere: bool = False  # outside the allowed folders too: for the operator's command

    def find(self, name: str) -> Staged | Refused | None:
        """The picture that a row names; None where it was sent itself and has its own turn."""
        if paths.is_fetched(name):
            return Staged(addresses.name_of(name), ELSEWHERE, "", name)
        if self.address:
            return self.find(f"{self.address}/{name.removeprefix('./')}")
        if self.folder is None:
            known = paths.normal(name) in self.sent
            return None if known else NO_PATHS if Path(name).is_absolute() else NOT_BESIDE
        return self._on_the_server(self.folder / name, name)

    def _on_the_server(self, path: Path, name: str) -> Staged | Refused:
        try:
            real = server_paths.real_path(str(path), anywhere=self.anywhere)
        except ImportRefused as error:
            reason, _, remedy = error.message.partition(". ")
            return Refused(error.code, f"{reason.rstrip('.')}.", remedy or "Correct the row.")
        return Staged(name, real)


def is_one(name: str) -> bool:
    """Whether the name promises a list."""
    return name.lower().endswith((*LISTS, *MANIFESTS))


def pictures(path: Path, name: str, home: Home, beat: Callable[[], None]) -> Iterator[Staged]:
    """The pictures that the list names, one line each; rows that name none are refused.

    Raises ImportFailed where the list as a whole cannot be read.
    """
    try:
        with sources.open_plain(path) as file:
            head = file.read(registry.HEAD)
            for row in _rows(file, head, name):
                beat()
                if staged := _staged(row, name, home):
                    yield staged
    except (BadFile, Unreadable) as error:
        why = error.refused if isinstance(error, Unreadable) else error
        raise ImportFailed(f"{name}: {why.reason} {why.remedy}") from error


def _rows(file: IO[bytes], head: bytes, name: str) -> Iterator[Record | BadRow]:
    key = registry.recognise(head, name)
    if name.lower().endswith(LISTS) and key in (None, "table"):
        yield from _lines(file)
    elif key is None or key == "table":
        shown = tables.preview(file, name)
        if shown.guess is None:
            raise BadFile(
                "No column seems to name files.", "Call the column of paths or addresses “path”."
            )
        yield from tables.read(file, name, shown.guess)
    else:
        yield from registry.FORMATS[key].read(file)


def _lines(file: IO[bytes]) -> Iterator[Record | BadRow]:
    file.seek(0)
    text = file.read().decode("utf-8-sig", "replace")
    for number, address in enumerate(addresses.urls(text), 1):
        yield Record(address, line=number)


def _staged(row: Record | BadRow, name: str, home: Home) -> Staged | None:
    if isinstance(row, BadRow):
        why = sources.refusing(Refused("bad_row", row.reason, row.remedy))
        return Staged(f"{name}, line {row.line}", ELSEWHERE, why)
    found = home.find(row.path)
    if isinstance(found, Refused):
        return Staged(row.path, ELSEWHERE, sources.refusing(found))
    return found
