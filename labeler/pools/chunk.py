"""A few files of one import that come in together, or not at all."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from labeler.pools import in_place as originals
from labeler.pools import names
from labeler.pools.archives import Unreadable
from labeler.pools.decoding import Decoded
from labeler.pools.manifests.told import NOTHING, Told
from labeler.pools.refusing import Refused
from labeler.pools.sources import Entry


@dataclass
class File:
    """A file that could be read."""

    entry: Entry
    sha256: str
    data: bytes
    folder: str = ""  # the label that its folder stands for, where that matters
    told: Told = NOTHING  # by a manifest's rows, or by its folder
    stays: bool = False  # the original lies at `place` and is not copied

    @property
    def name(self) -> str:
        return names.clean(self.entry.name)

    @property
    def place(self) -> str:
        """The path or address of a file that was listed; "" for one out of an archive."""
        staged = self.entry.staged
        return (staged.address or str(staged.path)) if staged else ""


@dataclass
class Chunk:
    """What is known so far about a few files of one import."""

    files: list[File] = field(default_factory=list)
    refused: list[tuple[str, Refused]] = field(default_factory=list)
    notes: list[tuple[str, Refused]] = field(default_factory=list)  # not counted
    answers: Iterable[tuple[str, Decoded | Refused]] = ()  # by hash, while children decode
    decoded: dict[str, Decoded] = field(default_factory=dict)  # by hash
    rows_lost: int = 0  # of a manifest: their pictures do not come in
    bytes: int = 0
    after: tuple[int, int] = (0, 0)  # where the next chunk starts

    def __len__(self) -> int:
        return len(self.files) + len(self.refused)

    def take(
        self, entry: Entry, *, told: Told = NOTHING, folder: str = "", in_place: bool = False
    ) -> None:
        """Read one file, or note why it does not come in.

        in_place: the original stays where it lies, unless that is in an archive.
        """
        self.after = (entry.position[0], entry.position[1] + 1)
        try:
            data = b"" if entry.refused else entry.read()
        except Unreadable as error:
            entry = entry._replace(refused=error.refused)
        if entry.refused:
            self.lose(entry, entry.refused, told)
            return
        sha256 = hashlib.sha256(data).hexdigest()
        file = entry.staged if in_place else None
        stays = file is not None and not file.address and originals.can_stay(file.path)
        self.files.append(File(entry, sha256, data, folder, told, stays))
        self.bytes += len(data)

    def refuse(self, entry: Entry, refused: Refused) -> None:
        self.refused.append((names.clean(entry.shown), refused))

    def lose(self, entry: Entry, refused: Refused, told: Told) -> None:
        """Refuse a file that is no picture, or did not come, and with it the rows about it."""
        self.rows_lost += told.rows
        if told.rows and entry.staged and entry.staged.address:
            shown = f"{told.where} › {entry.shown}"
            remedy = f"Send the picture with the manifest. Or: {refused.remedy}"
            self.refused.append((names.clean(shown), replace(refused, remedy=remedy)))
        else:
            self.refuse(entry, refused)

    def note(self, file: File, told: Refused) -> None:
        """Tell something of a file that comes in all the same."""
        self.notes.append((names.clean(file.entry.shown), told))

    def drop(self, unwanted: "dict[str, Refused]") -> None:
        """Refuse the files with these hashes."""
        for file in self.files:
            if file.sha256 in unwanted:
                self.lose(file.entry, unwanted[file.sha256], file.told)
        self.files = [file for file in self.files if file.sha256 not in unwanted]
