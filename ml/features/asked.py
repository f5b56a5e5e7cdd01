"""What a name asks of a network: "NETWORK[@LAYER+LAYER][,grey][,PIXELS]"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

LAST = "last"  # what the network's classifier sees
LEAST, MOST = 16, 2048  # pixels of a side


@dataclass(frozen=True)
class Asked:
    """The parts of a name. Empty, False or None stands for what the network has by itself.

    layers: in the order of the vector. side: pixels. more: words that only some sets know.
    """

    network: str
    layers: tuple[str, ...] = ()
    grey: bool = False
    side: int | None = None
    more: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.network or not all(self.layers):
            raise ValueError("a network and each of its layers need a name")
        if len(set(self.layers)) < len(self.layers):
            raise ValueError(f"each layer is named once, got {'+'.join(self.layers)}")
        if self.side is not None and not LEAST <= self.side <= MOST:
            raise ValueError(f"a side has from {LEAST} to {MOST} pixels, got {self.side}")

    @classmethod
    def read(cls, told: str, *, known: Sequence[str] = ()) -> Self:
        """Return the parts of "NETWORK[@LAYER+LAYER][,WORD]".

        known: beginnings of further words that the set understands.
        Raises: ValueError for any other word.
        """
        network, *words = told.split(",")
        network, at, layers = network.partition("@")
        sides = [int(word) for word in words if word.isascii() and word.isdigit()]
        more = tuple(word for word in words if any(word.startswith(one) for one in known))
        for word in words:
            if word != "grey" and word not in more and not (word.isascii() and word.isdigit()):
                raise ValueError(f"{word!r} is neither grey nor a number of pixels")
        if len(sides) > 1 or len(set(words)) < len(words):
            raise ValueError(f"{','.join(words)!r} says the same thing twice")
        wanted = tuple(layers.split("+")) if at else ()
        return cls(network, wanted, "grey" in words, sides[0] if sides else None, more)

    def written(self) -> str:
        """Return the shortest text that reads as these parts."""
        layers = f"@{'+'.join(self.layers)}" if self.layers else ""
        words = ["grey"] * self.grey + [str(self.side)] * (self.side is not None) + [*self.more]
        return self.network + layers + "".join(f",{word}" for word in words)
