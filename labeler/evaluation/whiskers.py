"""Where a figure's dot and whisker lie on their axis, in percent of its width."""

from dataclasses import dataclass

from labeler.evaluation.measures import Measure


@dataclass(frozen=True)
class Axis:
    """A stretch of [0, 1], with its ticks."""

    start: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> str:
        """The place of a value: "74.0%"; beyond the ends it stays at the end."""
        part = (value - self.start) / (self.end - self.start)
        return f"{100 * min(1.0, max(0.0, part)):.1f}%"

    def marks(self) -> list[dict[str, str]]:
        """Ticks with their place, words and how the words are anchored."""
        return [
            {"x": self.at(tick), "share": f"{tick:.1f}", "percent": f"{100 * tick:.0f}",
             "anchor": _anchor(tick, self)}
            for tick in self.ticks
        ]  # fmt: skip


def _anchor(tick: float, axis: Axis) -> str:
    return "start" if tick <= axis.start else "end" if tick >= axis.end else "middle"


WHOLE = Axis(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))
STARTS = (0.9, 0.8, 0.7, 0.5)


def axis_for(lowest: float) -> Axis:
    """An axis that starts on a round number at or below `lowest` and ends at 1."""
    if lowest >= 0.5:
        return Axis(0.5, 1.0, (0.5, 0.6, 0.7, 0.8, 0.9, 1.0))
    return Axis(0.0, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0))


@dataclass(frozen=True)
class Whisker:
    """A dot with its whisker, the last version's hollow dot, and the target."""

    measure: Measure
    dot: str
    low: str
    high: str
    target: str
    previous: str | None
    surely_below: bool  # red only if the whole interval lies below the target


def whisker(measure: Measure, axis: Axis, target: float, previous: float | None = None) -> Whisker:
    """Lay a figure out on the axis."""
    return Whisker(
        measure=measure,
        dot=axis.at(measure.value),
        low=axis.at(measure.low),
        high=axis.at(measure.high),
        target=axis.at(target),
        previous=None if previous is None else axis.at(previous),
        surely_below=measure.high < target,
    )
