"""What the rows of a manifest, or the folders, tell of one picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """Of one picture. `answers`: the different sets of labels that rows gave it, as written."""

    answers: tuple[tuple[str, ...], ...] = ()  # () within: none of the labels fits
    split: str = ""
    guesses: tuple[tuple[str, float], ...] = ()
    version: str = ""  # of the model that guessed
    address: str = ""  # where the picture came from, if a row names an address
    where: str = ""  # "labels.csv, line 418"
    rows: int = 0  # how many of the manifest tell of it


NOTHING = Told()
