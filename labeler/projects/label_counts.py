"""How many images carry each label. The floor that keeps the answers offers the count."""

from collections.abc import Callable, Collection

from labeler.projects.models import Project

Counter = Callable[[Project, Collection[int] | None], dict[int, int]]

_counters: list[Counter] = []


def register(counter: Counter) -> None:
    """Called from an app's `ready`: (project, label ids or None for all) → {label id: images}."""
    _counters[:] = [counter]


def of(project: Project, labels: Collection[int] | None = None) -> dict[int, int]:
    """{label id: images whose standing answers say it}; a label that no image carries is absent."""
    return _counters[0](project, labels) if _counters else {}
