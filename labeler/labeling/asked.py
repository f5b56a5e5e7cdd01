"""Numbers in addresses and forms, which may hold anything."""

from collections.abc import Iterable
from uuid import UUID, uuid4

LARGEST = 2**63 - 1


def number(text: str | None) -> int | None:
    """A positive whole number that fits into an id, or None."""
    plain = text is not None and text.isascii() and text.isdigit() and len(text) < 20
    found = int(text) if plain and text else 0
    return found if 0 < found <= LARGEST else None


def numbers(texts: Iterable[str], most: int) -> list[int]:
    """The first `most` of them that are numbers, each once."""
    found = dict.fromkeys(number(text) for text in texts)
    return [each for each in found if each is not None][:most]


def uuid_of(text: str | None) -> UUID:
    """The UUID that a form carries; a fresh one where it carries none."""
    try:
        return UUID(text or "")
    except ValueError:
        return uuid4()
