"""What the columns of somebody's table mean: said by a person, or guessed from names and cells."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from labeler.formats.record import NAMED, BadFile

PICTURES = frozenset(
    {"jpg", "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff", "avif", "heic", "jp2", "ico"}
)
SCHEMES = ("http://", "https://", "s3://", "gs://", "az://", "file://")
# Names in the order of trust, as they look after `plain`.
PATHS = (
    "file name", "filename", "image path", "image file", "file path", "filepath", "path", "file",
    "image name", "image url", "image uri", "image", "img", "url", "uri", "image gcs uri",
    "gcs file path", "source ref", "photo", "picture", "name",
)  # fmt: skip
ONE = ("label", "class", "category", "class name", "label name", "tag", "choice", "target")
SEVERAL = ("labels", "classes", "categories", "tags", "class names", "choices", "annotations")
ENDS = (" label", " class", " category", " tag")
SPLIT = ("split", "set", "subset", "ml use", "partition", "usage")
SURE = ("confidence", "probability", "prob", "score")
PEOPLE = ("annotator", "annotation id", "answered at", "worker")  # whose answers are no guesses
SEPARATORS = "|;,"
LISTS = "[,]"  # the separator of cells that hold a list in brackets, as JSON's and makesense's do
MOST = 1_000  # columns
MOST_DIFFERENT = 2 / 3  # values among the filled cells of a column that could be the label


def may_be_picture(name: str) -> bool:
    """Whether the file's name ends as a picture's, or has no ending."""
    ending = PurePosixPath(name).suffix.lower().removeprefix(".")
    return ending in PICTURES or not ending


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what. Names are the header's, or "1", "2", … where there is none."""

    path: str = ""
    labels: tuple[str, ...] = ()
    split: str = ""
    confidence: str = ""  # with it the labels are a model's guesses
    separator: str = ""  # between the labels in a cell, or LISTS; "" where a cell holds one
    delimiter: str = ""  # between cells; "" is found out
    header: bool = True

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Columns":
        """From the shape of an import's options["columns"]. Raises BadFile."""
        labels = told.get("labels") or []
        each = [labels] if isinstance(labels, str) else labels
        words = {key: told.get(key) or "" for key in ("path", "split", "confidence", "separator")}
        words["delimiter"] = told.get("delimiter") or ""
        if not isinstance(each, list | tuple) or not all(
            isinstance(name, str) for name in (*each, *words.values())
        ):
            raise BadFile("The columns are not named by text.", "Name each column by its header.")
        named = [name for name in (words["path"], *each) if name]
        header = told.get("header", not all(name.isdigit() for name in named))
        return cls(labels=tuple(name for name in each if name), header=bool(header), **words)

    def as_dict(self) -> dict[str, Any]:
        """In the shape of an import's options["columns"]."""
        return asdict(self) | {"labels": list(self.labels)}


def plain(name: str) -> str:
    """The column's name as the words above are written."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").replace(".", " ").split())


def is_path(cell: str) -> bool:
    """Whether the cell looks like a picture's path or address."""
    cell = cell.strip().casefold()
    if cell.startswith(SCHEMES):
        return len(cell.split()) == 1
    return PurePosixPath(cell).suffix[1:] in PICTURES


def names(first: Sequence[str], *, header: bool) -> list[str]:
    """The columns' names: the first row's, each once, or their numbers."""
    found: dict[str, None] = {}
    for number, cell in enumerate(first, 1):
        name = cell.strip() if header else ""
        found[name if name and name not in found else str(number)] = None
    return list(found)


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns rather than an image."""
    if not rows or any(map(is_path, rows[0])):
        return False
    known = {*PATHS, *ONE, *SEVERAL, *SPLIT}
    return any(plain(cell) in known for cell in rows[0]) or any(
        is_path(cell) for row in rows[1:] for cell in row
    )


def names_files(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a column of the table names files, by its name or by what most rows hold."""
    seen = rows[:20]
    with_path = sum(any(map(is_path, row[:MOST])) for row in seen)
    named = any(plain(cell) in PATHS[:-1] for cell in rows[0][:MOST])
    return named or with_path * 2 >= len(seen)


def guess(
    rows: Sequence[Sequence[str]], delimiter: str, header: bool | None = None
) -> Columns | None:
    """What the columns seem to mean, from the first rows; None where none names files.

    header: whether the first row holds their names; None is found out.
    """
    header = has_header(rows) if header is None else header
    cells = _cells(rows, header=header)
    path = _path(cells)
    if not path:
        return None
    rest = {name: held for name, held in cells.items() if name != path}
    split = _split(rest, header=header)
    labels = _labels({name: held for name, held in rest.items() if name != split}, header=header)
    return Columns(
        path, labels, split, _confidence(rest, labels), _separator(cells, labels), delimiter, header
    )


def _cells(rows: Sequence[Sequence[str]], *, header: bool) -> dict[str, list[str]]:
    """By column, the cells of the first rows."""
    wide = max(map(len, rows), default=0)
    first = list(rows[0]) + [""] * (0 if header else wide - len(rows[0])) if rows else []
    body = rows[1:] if header else rows
    return {
        name: [row[place].strip() if place < len(row) else "" for row in body]
        for place, name in enumerate(names(first, header=header))
    }


def likely_label(rows: Sequence[Sequence[str]], told: Columns) -> str:
    """The column that could be the label where none is said to be: few values, which come again.

    Words come before numbers. "" where no column is like that.
    """
    fit = {}
    for name, held in _cells(rows, header=told.header).items():
        filled = [cell for cell in held if cell]
        few = 2 <= len(set(filled)) <= len(filled) * MOST_DIFFERENT
        if few and name not in (told.path, told.split, told.confidence):
            fit[name] = (all(map(_is_number, filled)), len(set(filled)))
    return "" if told.labels else min(fit, key=lambda name: fit[name], default="")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _named(cells: dict[str, list[str]], words: Sequence[str]) -> list[str]:
    known = {name: plain(name) for name in cells}
    return [name for word in words for name in known if known[name] == word]


def _path(cells: dict[str, list[str]]) -> str:
    counted = {name: sum(map(is_path, held)) for name, held in cells.items()}
    known = _named(cells, PATHS)
    best = max((*known, *cells), key=lambda name: counted[name], default="")
    if best and counted[best]:
        return best
    return known[0] if known else ""


def _split(rest: dict[str, list[str]], *, header: bool) -> str:
    if header:
        return next(iter(_named(rest, SPLIT)), "")
    return next((name for name, held in rest.items() if all(map(_is_split, held))), "")


def _is_split(cell: str) -> bool:
    return cell.casefold() in NAMED


def _labels(rest: dict[str, list[str]], *, header: bool) -> tuple[str, ...]:
    if not header:
        return tuple(name for name, held in rest.items() if not all(map(_is_share, held)))
    found = _named(rest, (*ONE, *SEVERAL))[:1]
    numbered = [name for name in rest if plain(name).rstrip("0123456789 ") in ONE]
    if len(numbered) > 1 and any(name[-1].isdigit() for name in numbered):
        return tuple(numbered)
    return tuple(found or numbered or [name for name in rest if plain(name).endswith(ENDS)][:1])


def _is_share(cell: str) -> bool:
    return _is_number(cell or "0") and 0 <= float(cell or 0) <= 1


def _confidence(rest: dict[str, list[str]], labels: tuple[str, ...]) -> str:
    if not labels or _named(rest, PEOPLE):
        return ""
    known = [name for name in _named(rest, SURE) if name not in labels]
    return next((name for name in known if all(map(_is_share, rest[name]))), "")


def _separator(cells: dict[str, list[str]], labels: tuple[str, ...]) -> str:
    """What stands between labels: anything where the column is plural, else a frequent bar."""
    if len(labels) != 1:
        return ""
    held = [cell for cell in cells[labels[0]] if cell]
    if held and all(cell.startswith("[") and cell.endswith("]") for cell in held):
        return LISTS
    often = Counter(letter for cell in held for letter in set(cell) if letter in SEPARATORS)
    if plain(labels[0]) in SEVERAL:
        return next((each for each in SEPARATORS if often[each]), "|")
    return "|" if often["|"] > max(1, len(held) // 10) else ""
