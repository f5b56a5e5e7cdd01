"""What the label page's form sends when there is no script: one button, one meaning."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict


@dataclass(frozen=True)
class PlainAnswer:
    """A press of one of the form's buttons. The form carries a fresh UUID, so that the same
    page sent twice is one answer."""

    uuid: str
    item: str
    labels: tuple[str, ...]
    none: bool  # multi-label: "none of these", or "save" with nothing ticked
    skip: str
    undo: str

    @property
    def answers(self) -> bool:
        return bool(self.labels or self.none or self.skip)

    def as_sent(self) -> dict[str, Any]:
        """As the API would get it; what is no number stays text and is refused by name."""
        sent: dict[str, Any] = {"uuid": self.uuid, "item": _number(self.item)}
        if self.skip:
            return sent | {"skip": self.skip}
        return sent | {"labels": [] if self.none else [_number(pk) for pk in self.labels]}


def wanted(post: QueryDict) -> PlainAnswer:
    """The button that was pressed and what stood in the form. A skip leaves ticks aside."""
    return PlainAnswer(
        uuid=post.get("uuid", ""),
        item=post.get("item", ""),
        labels=tuple(post.getlist("label")),
        none="none" in post or ("save" in post and not post.getlist("label")),
        skip=post.get("skip", ""),
        undo=post.get("undo", ""),
    )


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text
