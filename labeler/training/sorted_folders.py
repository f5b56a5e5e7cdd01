"""A folder of pictures sorted by verdict: uncertain/, <label>/ and rejected/, and a table.

Nothing that exists is ever overwritten: a name that is taken gets a number. The table grows
with each picture, so that a run that is killed has told of all it did.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from labeler.labeling import entry_names, tables
from labeler.training.verdicts import UNREADABLE, Verdict
from ml import triage

UNCERTAIN, REJECTED = "uncertain", "rejected"
TABLE = "scores.csv"
COLUMNS = ("file", "decision", "label", "sorted_to", "reason", "model_version")
SCORE = "score: "  # before a label's name, which thus is no other column and no formula
LONGEST_STEM = 200  # bytes, where a number must find room


def pictures(folder: Path, *, but: Path) -> list[Path]:
    """Every file below the folder, in order of name; hidden ones and those below `but` are not.

    Folders that are links are not entered. What is no picture, the judge will say.
    Raises: OSError for a folder that cannot be listed.
    """
    return sorted(_walked(folder.absolute(), but.absolute()))


def _stop(error: OSError) -> None:
    raise error


def _walked(folder: Path, but: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder, onerror=_stop):
        here = Path(place)
        folders[:] = [name for name in folders if name[0] != "." and here / name != but]
        for name in files:
            # Not what waits for a writer, or has no end: pipes, devices.
            if name[0] != "." and ((here / name).is_file() or not (here / name).exists()):
                yield here / name


class SortedFolder:
    """Where pictures go. `put` is one of PUT; labels: all that a picture can get.

    Raises: OSError where the folder cannot be written to.
    """

    def __init__(
        self, place: Path, source: Path, labels: Iterable[str], version: int, put: str
    ) -> None:
        labels = list(labels)
        # The first come first: a label that is called as they are gets a marked name.
        self._of_label = entry_names.folders([UNCERTAIN, REJECTED, *labels])
        self._source, self._place, self._version, self._put = source.absolute(), place, version, put
        self._columns = (*COLUMNS, *(SCORE + label for label in labels))
        self._taken: dict[Path, int] = {}
        place.mkdir(parents=True, exist_ok=True)
        self.table, self._file = self._begun()

    def __enter__(self) -> "SortedFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def take(self, verdict: Verdict) -> Verdict:
        """Put the picture where it belongs and note it; returns the verdict, UNREADABLE if the
        file went away meanwhile. Raises: OSError where OUT cannot be written to."""
        try:
            put = self._all_put(verdict)
        except FileNotFoundError:
            if verdict.file.exists():
                raise
            verdict, put = Verdict(verdict.file, UNREADABLE, reason="It went away meanwhile."), []
        self._note(verdict, put)
        return verdict

    def _all_put(self, verdict: Verdict) -> list[Path]:
        """Below each of its labels; a file that is moved leaves its place last."""
        folders = [self._place / name for name in self._folders(verdict)]
        ways = [PUT["copy" if self._put == "move" else self._put]] * len(folders)
        if folders:
            ways[-1] = PUT[self._put]
        return [
            self._put_one(way, verdict.file, folder)
            for way, folder in zip(ways, folders, strict=True)
        ]

    def _folders(self, verdict: Verdict) -> list[str]:
        if verdict.decision == triage.ACCEPT:
            return [self._of_label[label] for label in verdict.labels]
        return {triage.ASK: [UNCERTAIN], triage.REJECT: [REJECTED]}.get(verdict.decision, [])

    def _put_one(self, way: Callable[[Path, Path], None], file: Path, folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        for to in self._free(folder / file.name):
            try:
                way(file, to)
            except FileExistsError:
                continue
            return to
        raise AssertionError("there is always another number")

    def _free(self, wanted: Path) -> Iterator[Path]:
        """The name itself, then with -2, -3, … before its ending."""
        stem = wanted.stem.encode(errors="surrogateescape")[:LONGEST_STEM]
        short = stem.decode(errors="ignore")
        while True:
            number = self._taken[wanted] = self._taken.get(wanted, 0) + 1
            yield wanted if number == 1 else wanted.with_name(f"{short}-{number}{wanted.suffix}")

    # The table ---------------------------------------------------------------------------

    def _begun(self) -> tuple[Path, IO[str]]:
        for path in self._free(self._place / TABLE):
            try:
                file = path.open("x", encoding="utf-8", errors="backslashreplace", newline="")
            except FileExistsError:
                continue
            file.writelines(tables.csv_lines([], self._columns))
            return path, file
        raise AssertionError("there is always another number")

    def _note(self, verdict: Verdict, put: list[Path]) -> None:
        row: dict[str, Any] = dict.fromkeys(self._columns)
        row |= {
            "file": str(verdict.file.relative_to(self._source)),
            "decision": verdict.decision,
            "label": list(verdict.labels),
            "sorted_to": [str(path.relative_to(self._place)) for path in put],
            "reason": verdict.reason,
            "model_version": self._version,
        }
        scores = zip(self._columns[len(COLUMNS) :], verdict.scores, strict=False)
        self._file.writelines(list(tables.csv_lines([row | dict(scores)], self._columns))[1:])
        self._file.flush()


# Ways to put a file, none of which replaces another ----------------------------------------


def _copy(file: Path, to: Path) -> None:
    with file.open("rb") as read, to.open("xb") as write:
        try:
            shutil.copyfileobj(read, write)
        except OSError:
            to.unlink()
            raise
    shutil.copystat(file, to)


def _link(file: Path, to: Path) -> None:
    to.symlink_to(file.resolve())


def _move(file: Path, to: Path) -> None:
    try:
        if file.is_symlink():
            raise OSError("a link's own file stays where it is")
        os.link(file, to)
    except FileExistsError:
        raise
    except OSError:  # another disk, or one that knows no second name
        _copy(file, to)
    file.unlink()


PUT: dict[str, Callable[[Path, Path], None]] = {"copy": _copy, "link": _link, "move": _move}
