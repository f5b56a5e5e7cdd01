"""A few files of one import that come in together, or not at all."""

import hashlib
from dataclasses import dataclass, field

from labeler.pools import folder_labels, names
from labeler.pools.archives import Unreadable
from labeler.pools.decoding import Decoded
from labeler.pools.refusing import Refused
from labeler.pools.sources import Entry


@dataclass
class File:
    """A file that could be read."""

    entry: Entry
    sha256: str
    data: bytes
    label: str  # what its folder is called, where that matters

    @property
    def name(self) -> str:
        return names.clean(self.entry.name)


@dataclass
class Chunk:
    """What is known so far about a few files of one import."""

    files: list[File] = field(default_factory=list)
    refused: list[tuple[str, Refused]] = field(default_factory=list)
    decoded: dict[str, Decoded] = field(default_factory=dict)  # by hash
    bytes: int = 0
    after: tuple[int, int] = (0, 0)  # where the next chunk starts

    def __len__(self) -> int:
        return len(self.files) + len(self.refused)

    def take(self, entry: Entry, *, with_label: bool) -> None:
        """Read one file, or note why it does not come in."""
        self.after = (entry.position[0], entry.position[1] + 1)
        try:
            data = b"" if entry.refused else entry.read()
        except Unreadable as error:
            entry = entry._replace(refused=error.refused)
        if entry.refused:
            self.refuse(entry, entry.refused)
            return
        label = folder_labels.folder_name(entry.name) if with_label else ""
        self.files.append(File(entry, hashlib.sha256(data).hexdigest(), data, label))
        self.bytes += len(data)

    def refuse(self, entry: Entry, refused: Refused) -> None:
        self.refused.append((names.clean(entry.shown), refused))

    def drop(self, unwanted: "dict[str, Refused]") -> None:
        """Refuse the files with these hashes."""
        for file in self.files:
            if file.sha256 in unwanted:
                self.refuse(file.entry, unwanted[file.sha256])
        self.files = [file for file in self.files if file.sha256 not in unwanted]
