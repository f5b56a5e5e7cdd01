"""What a look at one thing found."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from labeler.logs import secret

State = Literal["ok", "warn", "bad"]


@dataclass(frozen=True)
class Finding:
    """`name` is the check's, `words` what it saw, `remedy` what to do where it is not ok."""

    name: str
    state: State
    words: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


Check = Callable[[], Iterable[Finding]]


def ok(name: str, words: str) -> Finding:
    return Finding(name, "ok", words)


def warn(name: str, words: str, remedy: str) -> Finding:
    return Finding(name, "warn", words, remedy)


def bad(name: str, words: str, remedy: str) -> Finding:
    return Finding(name, "bad", words, remedy)


def made(name: str, check: Check, remedy: str) -> list[Finding]:
    """What the check finds; a check that breaks has found something, too."""
    try:
        return list(check())
    except Exception as error:  # whatever the part's library raises
        told = secret.line(f"{type(error).__name__}: {error}", 300)
        return [bad(name, told, remedy)]
