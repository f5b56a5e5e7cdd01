"""Saying no: to one file, or to a whole import."""

from dataclasses import dataclass


class ImportRefused(Exception):
    """The import was not started, or the file not taken: bad input. Nothing has changed.

    code: a word for programs; message: what is wrong and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ImportFailed(Exception):
    """The import cannot go on. What came in stays; the text says what to do."""


@dataclass(frozen=True)
class Refused:
    """Why a file does not come in, and what a person can do."""

    code: str
    reason: str
    remedy: str
