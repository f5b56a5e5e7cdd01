"""One image as a manifest tells of it, and what is wrong where it does not."""

from dataclasses import dataclass, field

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
NAMED = {
    "train": TRAIN, "training": TRAIN,
    "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION, "dev": VALIDATION,
    "test": TEST, "testing": TEST,
    "unassigned": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a manifest. `labels`: None where nobody answered, () where none fits."""

    path: str  # as the file names it: a relative path, s3://…, https://…
    labels: tuple[str, ...] | None = None
    split: str = ""  # one of SPLITS, or "" where the image belongs to none
    guesses: tuple[tuple[str, float], ...] = ()  # the model's labels and their p in [0, 1]
    model_version: str = ""
    width: int = 0  # pixels; 0 where the file does not say
    height: int = 0
    # As BadRow.line; 0 where the reader does not tell: then the number of the entry is meant.
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read. The rest of the file goes on."""

    line: int  # from 1; the number of the entry where a file has no lines
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Note(BadRow):
    """Something that was passed over in rows that are read all the same. `line`: 0 for many."""


class BadFile(ValueError):
    """The file as a whole cannot be read: why, and what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(f"{reason} {remedy}")


def share(value: object) -> float:
    """The number within [0, 1]; 0 for what is no number."""
    number = isinstance(value, int | float) and value == value
    return min(1.0, max(0.0, float(value))) if number else 0.0  # type: ignore[arg-type]


def split_of(word: str) -> str:
    """The split a word stands for. Raises KeyError for a word that is none."""
    return NAMED[word.strip().casefold()]
