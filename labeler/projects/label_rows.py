"""The label rows of the settings page: what was sent, read into wishes and shown again."""

from dataclasses import dataclass, field

from django.http import QueryDict

from labeler.projects.colours import PALETTE
from labeler.projects.labels import LabelsRefused, Wish, store
from labeler.projects.models import Label, Project


@dataclass
class Row:
    """One label as the page shows it."""

    label: Label
    name: str
    key: str
    colour: str
    retired: bool
    errors: list[str] = field(default_factory=list)


class LabelRows:
    """The rows of a project's labels and the names to add, with their problems."""

    def __init__(self, project: Project, sent: QueryDict | None = None) -> None:
        self.project = project
        self.sent = sent
        self.rows = [self._row(label) for label in project.labels.all()]
        self.added = sent.get("new_labels", "") if sent is not None else ""
        self.errors: list[str] = []

    def _row(self, label: Label) -> Row:
        own = PALETTE[label.mark - 1]
        if self.sent is None or f"label-{label.pk}-name" not in self.sent:
            return Row(label, label.name, label.key, label.colour or own, label.retired)
        name, key, colour = (
            self.sent.get(f"label-{label.pk}-{part}", "") for part in ("name", "key", "colour")
        )
        return Row(label, name, key, colour or own, f"label-{label.pk}-retired" in self.sent)

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

    def save(self) -> bool:
        """Store the rows; False when a rule is broken, with the reason at its row."""
        try:
            store(self.project, self.wishes())
        except LabelsRefused as refused:
            for place, words in refused.problems:
                if place is not None and place < len(self.rows):
                    self.rows[place].errors.append(words)
                else:
                    self.errors.append(words)
            return False
        return True
