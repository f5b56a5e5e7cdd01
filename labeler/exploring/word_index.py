"""Which rows of many hold a piece of text: an index of their words, in files read in place.

Files: `text.bin`, every row's line; `starts.npy`, where each begins; `words.bin`, the different
words of all lines between line ends; `word_starts.npy`; `posts.npy`, the rows that have each word,
one word after the other; `post_starts.npy`; `by_name.npy`, the rows by their file names.
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
PIECE = re.compile(r"\w+")
WORD = re.compile(r"[^\w\s]?\w+")  # with the sign before it: ".jpg" is found as it stands
SAMPLE = 100_000  # bytes looked at to know which of a word's are rare
MOST_READ = 50_000  # lines read one by one; of more, the whole text is looked through at once
AT_ONCE = 20_000  # rows between two notes
NAMES = ("starts", "words", "word_starts", "posts", "post_starts", "by_name")

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class WordIndex:
    """The lines of rows 0 … n-1."""

    text: Bytes
    starts: Ints  # (n + 1,)
    words: Bytes  # a line end, then each word with one after it
    word_starts: Ints  # of each word's line end before it
    posts: npt.NDArray[np.int32]
    post_starts: Ints
    by_name: npt.NDArray[np.int32]  # (n,)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def line(self, row: int) -> bytes:
        return self.text[self.starts[row] : self.starts[row + 1]].tobytes()

    def name(self, row: int) -> bytes:
        return self.line(row).split(PART, 1)[0]

    def having(self, text: str, among: Bools) -> Bools:
        """(n,) which of these lines hold the text, which has no spaces."""
        keep = among.copy()
        pieces = [match.span() for match in PIECE.finditer(text)]
        for start, end in pieces:
            sign = text[start - 1 : start] if start else ""
            keep &= self._with_word(sign + text[start:end], start > 0, end < len(text))
        if is_word(text):
            return keep
        return self._truly(text.encode(), keep)

    def _with_word(self, piece: str, begins: bool, ends: bool) -> Bools:
        """Which rows have a word with this piece in it; that begins or ends with it, if asked."""
        wanted = END * begins + piece.encode() + END * ends
        at = _places(self.words, wanted)
        found = np.zeros(len(self.word_starts), dtype=bool)
        found[np.searchsorted(self.word_starts, at, side="right") - 1] = True
        keep = np.zeros(len(self), dtype=bool)
        keep[self._rows(found)] = True
        return keep

    def _rows(self, found: Bools) -> npt.NDArray[np.int32]:
        """The rows that have one of these words, some of them several times."""
        numbers, bounds = np.flatnonzero(found), self.post_starts
        if len(numbers) < 1_000:
            parts = [self.posts[bounds[n] : bounds[n + 1]] for n in numbers.tolist()]
            return np.concatenate([np.zeros(0, np.int32), *parts])
        return np.asarray(self.posts[np.repeat(found, np.diff(bounds))])

    def _truly(self, wanted: bytes, maybe: Bools) -> Bools:
        """Those of the rows whose lines hold it."""
        rows = np.flatnonzero(maybe)
        keep = np.zeros(len(self), dtype=bool)
        if len(rows) > MOST_READ:
            at = _places(self.text, wanted)
            keep[np.searchsorted(self.starts, at, side="right") - 1] = True
            return keep & maybe
        text, starts, ends = self.text.data, self.starts[rows], self.starts[rows + 1]
        lines = zip(starts.tolist(), ends.tolist(), strict=True)
        held = [wanted in bytes(text[start:end]) for start, end in lines]
        keep[rows[np.array(held, dtype=bool)]] = True
        return keep


def is_word(text: str) -> bool:
    """Whether it can lie in one word only: then no line needs to be read for it."""
    return bool(WORD.fullmatch(text))


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
    words, numbers, counts = _taken_apart(lines, note)
    rows = np.repeat(np.arange(len(lines), dtype=np.int32), counts)
    prepared.write(into, "posts", rows[np.argsort(numbers, kind="stable")])
    prepared.write(into, "post_starts", _sums(np.bincount(numbers, minlength=len(words))))
    coded = [word.encode() for word in words]
    whole = END + b"".join(word + END for word in coded)
    prepared.write(into, "words", np.frombuffer(whole, dtype=np.uint8))
    prepared.write(into, "word_starts", _sums([len(word) + 1 for word in coded])[:-1])
    names = [line.split(PART, 1)[0] for line in lines]
    by_name = sorted(range(len(names)), key=names.__getitem__)
    prepared.write(into, "by_name", np.array(by_name, dtype=np.int32))


def _taken_apart(
    lines: list[bytes], note: Callable[[int, int], None]
) -> tuple[list[str], npt.NDArray[np.int32], Ints]:
    """The different words, the number of each row's words, row by row, and how many it has."""
    known: defaultdict[str, int] = defaultdict()
    known.default_factory = known.__len__
    parts, counts = [], np.zeros(len(lines), dtype=np.int64)
    for first in range(0, len(lines), AT_ONCE):
        note(first, len(lines))
        each = [set(WORD.findall(li.decode("utf-8", "replace"))) for li in lines[first:][:AT_ONCE]]
        counts[first : first + len(each)] = [len(words) for words in each]
        numbers = [known[word] for words in each for word in words]
        parts.append(np.array(numbers, dtype=np.int32))
    return list(known), np.concatenate(parts), counts


def _sums(lengths: Any) -> Ints:
    """Where parts of these lengths begin, and where the last one ends."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.asarray(lengths, np.int64))])
