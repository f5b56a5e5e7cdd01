"""The label rows of the settings page: what was sent, read into wishes and shown again."""

from dataclasses import dataclass, field

from django.db import transaction
from django.http import QueryDict

from labeler.projects import label_counts
from labeler.projects.colours import PALETTE
from labeler.projects.label_order import reorder
from labeler.projects.labels import LabelsRefused, Wish, store
from labeler.projects.models import Label, Project, User

LONGEST_NUMBER = 6


@dataclass
class Row:
    """One label as the page shows it."""

    label: Label
    name: str
    key: str
    colour: str
    retired: bool
    images: int  # that carry it
    place: int = 0  # 1, 2, … among the labels in use, as people see them; 0: retired
    wanted: int = 0  # the number that was sent for it
    errors: list[str] = field(default_factory=list)


class LabelRows:
    """The rows of a project's labels and the names to add, with their problems."""

    def __init__(
        self, project: Project, sent: QueryDict | None = None, *, user: User | None = None
    ) -> None:
        self.project, self.sent, self.user = project, sent, user
        images = label_counts.of(project)
        there = project.labels.select_related("merged_into")
        self.rows = [self._row(label, images.get(label.pk, 0)) for label in there]
        for place, row in enumerate(self.in_use, 1):
            row.place = place
            row.wanted = self._number(row) or place
        self.added = sent.get("new_labels", "") if sent is not None else ""
        self.errors: list[str] = []

    @property
    def in_use(self) -> list[Row]:
        """Labels that people may give, in their order."""
        return [row for row in self.rows if not row.label.retired]

    @property
    def put_away(self) -> list[Row]:
        """Retired and merged labels."""
        return [row for row in self.rows if row.label.retired]

    def _row(self, label: Label, images: int) -> Row:
        own = PALETTE[label.mark - 1]
        if self.sent is None or f"label-{label.pk}-name" not in self.sent:
            colour = label.colour or own
            return Row(label, label.name, label.key, colour, label.retired, images)
        name, key, colour = (
            self.sent.get(f"label-{label.pk}-{part}", "") for part in ("name", "key", "colour")
        )
        retired = f"label-{label.pk}-retired" in self.sent or label.merged_into_id is not None
        return Row(label, name, key, colour or own, retired, images)

    def _number(self, row: Row) -> int:
        """The place that was sent for the row; 0 for none, or for what is no number."""
        text = self.sent.get(f"label-{row.label.pk}-position", "") if self.sent else ""
        plain = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
        return int(text) if plain else 0

    def wishes(self) -> list[Wish]:
        """What the project's labels shall be. The place's own colour is stored as none."""
        there = [
            Wish(row.name, row.key, self._colour(row), row.label.pk, row.retired)
            for row in self.rows
        ]
        return there + [Wish(line) for line in self.added.splitlines() if line.strip()]

    @staticmethod
    def _colour(row: Row) -> str:
        same = row.colour.lower() == PALETTE[row.label.mark - 1]
        return "" if same else row.colour

    def order(self) -> list[int]:
        """The label ids as they shall stand; a retired one keeps its place.

        A label whose number grew stands behind the one that had it, one whose number fell before
        it: whoever writes 1 beside the last label means the first place.
        """

        def where(row: Row) -> tuple[int, int, int]:
            return row.wanted, (row.wanted > row.place) - (row.wanted < row.place), row.place

        moved = iter(sorted(self.in_use, key=where))
        return [(row if row.label.retired else next(moved)).label.pk for row in self.rows]

    def save(self) -> bool:
        """Store the rows; False when a rule is broken, with the reason at its row."""
        order = self.order()
        try:
            with transaction.atomic():
                store(self.project, self.wishes(), user=self.user)
                if order != [row.label.pk for row in self.rows]:
                    reorder(self.project, order, user=self.user)
        except LabelsRefused as refused:
            for place, words in refused.problems:
                if place is not None and place < len(self.rows):
                    self.rows[place].errors.append(words)
                else:
                    self.errors.append(words)
            return False
        return True
