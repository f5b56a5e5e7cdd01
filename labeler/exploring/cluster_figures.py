"""The two small charts by which a person chooses a number of clusters."""

from dataclasses import dataclass
from typing import Any

HIGH = 100.0  # of the square that a line is drawn in


@dataclass(frozen=True)
class Line:
    """Figures by number of clusters, as points of a line in a square of 100, and the one named."""

    points: str
    k: int  # the number that this figure speaks for
    value: float  # its figure
    x: str  # its place, "34.5%"
    y: str


@dataclass(frozen=True)
class Charts:
    """What each number of clusters comes to. rows: (k, spread, silhouette)."""

    spread: Line
    silhouette: Line
    rows: list[tuple[int, float, float]]
    few: int
    many: int


def charts(counts: dict[str, Any]) -> Charts | None:
    """The charts of a survey's `counts`; None where fewer than two numbers were compared."""
    if len(counts.get("k", ())) < 2:
        return None
    first = counts["inertia"][0] or 1.0
    spread = [value / first for value in counts["inertia"]]
    return Charts(
        spread=_line(counts["k"], spread, counts["by_elbow"], low=0.0),
        silhouette=_line(counts["k"], counts["silhouette"], counts["by_silhouette"]),
        rows=list(zip(counts["k"], spread, counts["silhouette"], strict=True)),
        few=counts["k"][0],
        many=counts["k"][-1],
    )


def _line(numbers: list[int], values: list[float], named: int, low: float | None = None) -> Line:
    bottom, top = min(values) if low is None else low, max(values)
    height = (top - bottom) or 1.0
    across = [HIGH * (k - numbers[0]) / (numbers[-1] - numbers[0]) for k in numbers]
    down = [HIGH * (1 - (value - bottom) / height) for value in values]
    points = " ".join(f"{x:.2f},{y:.2f}" for x, y in zip(across, down, strict=True))
    at = numbers.index(named)
    return Line(points, named, values[at], f"{across[at]:.1f}%", f"{down[at]:.1f}%")
