"""What is told about the span at hand, if there is one. Costs nothing where tracing is off."""

from collections.abc import Callable

Teller = Callable[[dict[str, object]], None]

_teller: Teller | None = None


def register(teller: Teller) -> None:
    """Called once, when tracing begins."""
    global _teller
    _teller = teller


def tell(**facts: object) -> None:
    """Add facts to the span at hand, under `labeler.NAME`."""
    if _teller is not None:
        _teller(facts)
