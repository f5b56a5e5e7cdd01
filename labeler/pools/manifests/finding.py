"""Which of an import's files is the manifest: by its name's ending and its first bytes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings

from labeler.formats import registry, tables
from labeler.formats.record import NAMED, BadFile
from labeler.pools import names, sources, staging, whole_files
from labeler.pools.archive_refusals import TOO_MANY_BYTES
from labeler.pools.archives import Unreadable
from labeler.pools.manifests.options import TABLE
from labeler.pools.models import Import
from labeler.pools.refusing import ImportFailed
from labeler.pools.sources import Entry

ENDINGS = frozenset(
    {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".manifest", ".xml", ".xlsx", ".parquet"}
)
MOST_FETCHED = 50  # that lie elsewhere
MOST = 500  # that look like one: beyond, they belong to their pictures and are none
USUAL = ("metadata", "labels", "annotations", "manifest", "_annotations", "data", "dataset")
_SPLIT_WORDS = "|".join(sorted((word for word in NAMED if word != "unassigned"), key=len)[::-1])
_SPLIT = re.compile(rf"(?<![a-z])({_SPLIT_WORDS})\d*(?![a-z])")
_SHARD = re.compile(r"\d+-of-\d+")


@dataclass(frozen=True)
class Candidate:
    """A file that may be the manifest, lying at `file`."""

    position: tuple[int, int]
    name: str  # archive/folder/file, as given
    file: Path
    format: str  # a key of registry.FORMATS, "table"; "" where nothing was recognised

    @property
    def folder(self) -> str:
        return self.name.replace("\\", "/").rpartition("/")[0]

    @property
    def split(self) -> str:
        """The split that its folders or its name speak of: `test/metadata.csv`, `val.json`."""
        *folders, last = self.name.casefold().replace("\\", "/").split("/")
        named = [NAMED.get(folder, "") for folder in reversed(folders)]
        word = _SPLIT.search(PurePosixPath(last).stem)
        return next((split for split in named if split), NAMED[word[1]] if word else "")

    @property
    def series(self) -> tuple[str, str]:
        """What several files that belong together have in common."""
        path = PurePosixPath(self.name.casefold().replace("\\", "/"))
        stem = _SHARD.sub("", _SPLIT.sub("", path.stem)).strip("-_. ")
        return self.format, "" if path.suffix == ".parquet" else stem + path.suffix

    @property
    def order(self) -> tuple[bool, bool, int, str]:
        """Formats of other tools first, then usual names, then what lies on top."""
        stem = PurePosixPath(self.name.casefold()).name.partition(".")[0]
        return self.format in (TABLE, ""), stem not in USUAL, self.name.count("/"), self.name


@dataclass(frozen=True)
class Choice:
    """What is read as the manifest, and what only looks like one."""

    used: tuple[Candidate, ...] = ()
    others: tuple[Candidate, ...] = ()

    @property
    def format(self) -> str:
        return self.used[0].format if self.used else ""


def name_of(entry: Entry) -> str:
    """The entry's name among all: archive/folder/file, as given."""
    return f"{entry.inside}/{entry.name}" if entry.inside else entry.name


def may_be_one(entry: Entry, wanted: str) -> bool:
    """Whether its name promises a manifest. `wanted`: its name, where somebody gave it."""
    if entry.refused and not (entry.copy and entry.refused == TOO_MANY_BYTES):
        return False
    named = bool(wanted) and is_named(name_of(entry), wanted)
    return named or PurePosixPath(entry.name.lower()).suffix in ENDINGS


def candidate(imp: Import, entry: Entry, wanted: str) -> Candidate | None:
    """The entry as a candidate, by its first bytes, or None where it is nothing known."""
    name = name_of(entry)
    try:
        file = _here(imp, entry)
        with sources.open_plain(file) as opened:
            found = registry.recognise(opened.read(registry.HEAD), entry.name) or ""
    except Unreadable:
        return None  # its turn comes with the others, and its reason then
    named = bool(wanted) and is_named(name, wanted)
    return Candidate(entry.position, name, file, found) if found or named else None


def _here(imp: Import, entry: Entry) -> Path:
    """Where the file lies: as staged, or brought beside from its archive or its address."""
    if entry.staged:
        most = settings.MAX_ARCHIVE_BYTES
        return sources.fetched(imp.pk, entry.position[0], entry.staged, most=most).path
    line, member = entry.position
    file = staging.folder(imp.pk) / f"manifest-{line}-{member}"
    with whole_files.writing(file) as target:
        if entry.copy:
            entry.copy(target)
        else:
            target.write(entry.read())
    return file


def is_named(name: str, wanted: str) -> bool:
    """Whether somebody who wrote `wanted` means the file `name`."""
    plain = names.clean(name).replace("\\", "/")
    meant = names.clean(wanted.strip()).replace(" › ", "/").replace("\\", "/")
    return plain == meant or plain.endswith(f"/{meant}")


def choose(found: Iterable[Candidate], *, manifest: str, format: str, alone: bool) -> Choice:
    """The manifest among the candidates, with those that belong to it.

    manifest, format: as somebody wished, or "". alone: nobody will look at the choice, so where
    several could be meant none is. Raises ImportFailed where the named manifest is not there.
    """
    known = sorted(found, key=lambda each: each.order)
    if manifest:
        return _named(known, manifest, format)
    known = [each for each in known if each.format]
    if format:
        fitting = [each for each in known if each.format == format] or known
        return _group(known, fitting[0], format) if fitting else Choice()
    if alone:
        known = [each for each in known if _is_usable(each)]
    groups = list(dict.fromkeys(each.series for each in known))
    same_kind = [s for s in groups if (s[0] == TABLE) == (groups[0][0] == TABLE)]
    if not groups or (alone and len(same_kind) > 1):
        return Choice(others=tuple(known))
    return _group(known, known[0], "")


def _named(known: list[Candidate], manifest: str, format: str) -> Choice:
    meant = [each for each in known if is_named(each.name, manifest)]
    if not meant:
        raise ImportFailed(
            f"There is no manifest “{manifest[:200]}” among the files. Name one that is, or none."
        )
    first = _as(meant[0], format)
    rest = [each for each in known if each not in meant and each.format]
    return Choice((first,), tuple(rest))


def _group(known: list[Candidate], first: Candidate, format: str) -> Choice:
    used = tuple(_as(each, format) for each in known if each.series == first.series)
    return Choice(used, tuple(each for each in known if each.series != first.series))


def _as(each: Candidate, format: str) -> Candidate:
    key = format or each.format or TABLE
    return Candidate(each.position, each.name, each.file, key)


def _is_usable(each: Candidate) -> bool:
    """Whether a table that nobody was asked about has a column that names files."""
    if each.format != TABLE:
        return True
    try:
        with each.file.open("rb") as file:
            return tables.preview(file, each.name).guess is not None
    except (BadFile, OSError):
        return True  # a broken manifest is reported as one
