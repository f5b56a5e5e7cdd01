"""Which rows of many hold a piece of text: an index of their words, in files read in place.

Every word is kept with the signs on both sides of it, and with the space before it where there is
one: of `visit-13/leaf 2` the words are ` visit-`, `-13/`, `/leaf` and ` 2`. So whatever lies in one
word is found among the different words alone, and what spans several is found by which word
follows which. No line is read.

Files: `text.bin`, every row's line; `starts.npy`, where each begins; `words.bin`, the different
words in their order between line ends; `word_starts.npy`; `said.npy`, the number of every word of
all lines, one line after the other; `of_row.npy`, the row of each; `firsts.npy`, where each row
begins in these two; `posts.npy`, the places in them of each word, one word after the other;
`post_starts.npy`; `by_name.npy`, the rows by their file names.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.exploring import prepared

END, PART = b"\n", b"\x1f"  # after each row; between its name and its facts
PIECE = re.compile(r"([^\w\s]*\w+)(?=([^\w\s]*))")
WORD = re.compile(r"(\s?[^\w\s]*\w+)(?=([^\w\s]*))|(\s[^\w\s]+)(?=\s)")
SAMPLE = 100_000  # bytes looked at to know which of a word's are rare
MANY = 0.1  # of all: of more, each one is looked at, which is quicker than to gather them
AT_ONCE = 20_000  # rows between two notes
NAMES = (
    "starts",
    "words",
    "word_starts",
    "said",
    "of_row",
    "firsts",
    "posts",
    "post_starts",
    "by_name",
)

Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class WordIndex:
    """The lines of rows 0 … n-1."""

    text: Bytes
    starts: Ints  # (n + 1,)
    words: Bytes  # a line end, then each word with one after it
    word_starts: Ints  # of each word's line end before it
    said: Places
    of_row: Places
    firsts: Ints  # (n + 1,), where each row begins in these two
    posts: Places
    post_starts: Ints
    by_name: Places  # (n,)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def line(self, row: int) -> bytes:
        return self.text[self.starts[row] : self.starts[row + 1]].tobytes()

    def name(self, row: int) -> bytes:
        return self.line(row).split(PART, 1)[0]

    def having(self, text: str, among: Bools) -> Bools:
        """(n,) which of these lines hold the text, which has no spaces."""
        pieces = ["".join(match.groups()) for match in PIECE.finditer(text)] or [text]
        last = len(pieces) - 1
        runs = [self._with(each, at > 0, at < last) for at, each in enumerate(pieces)]
        return self._rows(runs) & among

    def _with(self, piece: str, begins: bool, ends: bool) -> "Run":
        """The words with this piece in them; that begin or end with it, if asked."""
        wanted = piece.encode("utf-8", "replace")
        if begins:
            return Run(self._first(wanted), self._first(wanted + (END if ends else b"\xff")))
        if len(wanted) == 1 and not ends:  # a sign that most words may have: no list of places
            found = np.logical_or.reduceat(self.words == wanted[0], self.word_starts)
        else:
            found = self._words_at(_places(self.words, wanted + END * ends))
        return Run(0, len(self.word_starts), np.asarray(found))

    def _words_at(self, at: Ints) -> Bools:
        """Which words lie at these places of `words`."""
        if len(at) > MANY * len(self.word_starts):
            marked = np.zeros(len(self.words), dtype=bool)
            marked[at] = True
            return np.asarray(np.logical_or.reduceat(marked, self.word_starts))
        found = np.zeros(len(self.word_starts), dtype=bool)
        found[np.searchsorted(self.word_starts, at, side="right") - 1] = True
        return found

    def _first(self, wanted: bytes) -> int:
        """How many words come before this one in their order."""
        low, high = 0, len(self.word_starts)
        while low < high:
            middle = (low + high) // 2
            start = self.word_starts[middle] + 1
            longest = self.words[start : start + len(wanted) + 1].tobytes()
            if longest.split(END, 1)[0] < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def _rows(self, runs: list["Run"]) -> Bools:
        """Which rows have a word of each run after one of the run before: looked for where the
        rarest of them are."""
        counts = [self._often(run) for run in runs]
        rarest = counts.index(min(counts))
        if counts[rarest] > MANY * len(self.said):
            return self._everywhere(runs)
        places = self._places(runs[rarest]) - rarest
        places = places[(places >= 0) & (places + len(runs) <= len(self.said))]
        for at, run in enumerate(runs):
            if at != rarest:
                places = places[run.has(self.said[places + at])]
        keep = np.zeros(len(self), dtype=bool)
        keep[self.of_row[places]] = True
        return keep

    def _everywhere(self, runs: list["Run"]) -> Bools:
        """The same, where each of them is in many places."""
        good = runs[0].has(self.said)
        for at, run in enumerate(runs[1:], 1):
            good[:-at] &= run.has(self.said[at:])
            good[-at:] = False
        first, end = self.firsts[:-1], self.firsts[1:]
        keep = np.logical_or.reduceat(np.append(good, False), first)
        return np.asarray(keep & (end > first))  # there are rows without a word

    def _often(self, run: "Run") -> int:
        bounds = self.post_starts
        if run.found is None:
            return int(bounds[run.high] - bounds[run.low])
        return int(np.diff(bounds)[run.found].sum())

    def _places(self, run: "Run") -> Places:
        """Where these words are."""
        bounds = self.post_starts
        if run.found is None:
            return self.posts[bounds[run.low] : bounds[run.high]]
        numbers = np.flatnonzero(run.found)
        first, counts = bounds[numbers], bounds[numbers + 1] - bounds[numbers]
        skipped = np.repeat(first - (np.cumsum(counts) - counts), counts)
        return np.asarray(self.posts[skipped + np.arange(len(skipped))])


@dataclass(frozen=True)
class Run:
    """Words by their numbers: from low until before high, or those that are marked."""

    low: int
    high: int
    found: Bools | None = None

    def has(self, numbers: Places) -> Bools:
        if self.found is not None:
            return np.asarray(self.found[numbers])
        return (numbers >= self.low) & (numbers < self.high)


def _places(text: Bytes, wanted: bytes) -> Ints:
    """Where it is: places of its rarest byte, thinned out by the others."""
    if len(text) < len(wanted):
        return np.zeros(0, dtype=np.int64)
    often = np.bincount(text[:: len(text) // SAMPLE + 1], minlength=256)
    order = sorted(range(len(wanted)), key=lambda i: int(often[wanted[i]]))
    rarest = order[0]
    at = np.flatnonzero(text == wanted[rarest]) - rarest
    at = at[(at >= 0) & (at + len(wanted) <= len(text))]
    for i in order[1:]:
        at = at[text[at + i] == wanted[i]]
    return np.asarray(at, dtype=np.int64)


def read(folder: Path) -> WordIndex:
    """The index in the folder. Raises FileNotFoundError, ValueError."""
    found: dict[str, Any] = {name: prepared.read(folder, name) for name in NAMES}
    text = np.memmap(folder / "text.bin", dtype=np.uint8, mode="r")
    return WordIndex(text, **found)


def write(lines: list[bytes], into: Path, note: Callable[[int, int], None]) -> None:
    """Index the lines, each with its line end, of rows 0 … n-1. There is one at least."""
    (into / "text.bin").write_bytes(b"".join(lines))
    prepared.write(into, "starts", _sums([len(line) for line in lines]))
    words, said, counts = _taken_apart(lines, note)
    prepared.write(into, "said", said)
    prepared.write(into, "firsts", _sums(counts))
    prepared.write(into, "of_row", np.repeat(np.arange(len(lines), dtype=np.int32), counts))
    prepared.write(into, "posts", np.argsort(said, kind="stable").astype(np.int32))
    prepared.write(into, "post_starts", _sums(np.bincount(said, minlength=len(words))))
    whole = END + b"".join(word + END for word in words)
    prepared.write(into, "words", np.frombuffer(whole, dtype=np.uint8))
    prepared.write(into, "word_starts", _sums([len(word) + 1 for word in words])[:-1])
    names = [line.split(PART, 1)[0] for line in lines]
    by_name = sorted(range(len(names)), key=names.__getitem__)
    prepared.write(into, "by_name", np.array(by_name, dtype=np.int32))


def _taken_apart(
    lines: list[bytes], note: Callable[[int, int], None]
) -> tuple[list[bytes], Places, Ints]:
    """The different words in order, the number of each word of the lines, and how many each has."""
    known: defaultdict[str, int] = defaultdict()
    known.default_factory = known.__len__
    parts, counts = [], np.zeros(len(lines), dtype=np.int64)
    for first in range(0, len(lines), AT_ONCE):
        note(first, len(lines))
        each = [WORD.findall(" " + li.decode("utf-8", "replace")) for li in lines[first:][:AT_ONCE]]
        counts[first : first + len(each)] = [len(words) for words in each]
        numbers = [known[word + after or alone] for words in each for word, after, alone in words]
        parts.append(np.array(numbers, dtype=np.int32))
    coded = [word.encode() for word in known]
    order = sorted(range(len(coded)), key=coded.__getitem__)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return [coded[at] for at in order], rank[np.concatenate(parts)], counts


def _sums(lengths: Any) -> Ints:
    """Where parts of these lengths begin, and where the last one ends."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.asarray(lengths, np.int64))])
