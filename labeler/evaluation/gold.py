"""How people do on gold images, laid out for a page: rows with dot and whisker."""

from dataclasses import dataclass

from labeler.evaluation.measures import Measure, share
from labeler.evaluation.whiskers import Axis, Whisker, axis_for, whisker
from labeler.labeling import gold
from labeler.labeling.gold import Checked
from labeler.projects.models import Project, User

FEW = 5  # answers below which a share says nothing


@dataclass(frozen=True)
class Row:
    """One person: how often the known answer was given, with a 95 % Wilson interval."""

    name: str
    checked: Checked
    share: Measure | None  # None: too few answers
    whisker: Whisker | None


@dataclass(frozen=True)
class Table:
    """Everybody who was asked, on one axis; by name, since this is no league table."""

    axis: Axis
    rows: tuple[Row, ...]


def of_person(project: Project, user: User) -> tuple[Checked, Measure | None]:
    """How the person herself did; the share is None while there are too few answers."""
    checked = gold.of_person(project, user)
    return checked, _share(checked)


def table(project: Project) -> Table:
    """Everybody's rows."""
    found = gold.by_person(project)
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=found)}
    shares = {pk: _share(checked) for pk, checked in found.items()}
    axis = axis_for(min((each.low for each in shares.values() if each), default=0.5))
    rows = [
        Row(names[pk], checked, shares[pk], _dot(shares[pk], axis)) for pk, checked in found.items()
    ]
    return Table(axis, tuple(sorted(rows, key=lambda row: row.name.casefold())))


def _share(checked: Checked) -> Measure | None:
    return share(checked.right, checked.answered) if checked.answered >= FEW else None


def _dot(measure: Measure | None, axis: Axis) -> Whisker | None:
    return whisker(measure, axis, 0.0) if measure else None
