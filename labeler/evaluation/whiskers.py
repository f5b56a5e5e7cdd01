"""Where a figure's dot and whisker lie on their axis, in percent of its width."""

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from labeler.evaluation.measures import Measure
from labeler.projects.templatetags.look import percent

# A template takes ten times as long, and a page may show hundreds.
DRAWN = (
    '<svg class="dw{}" role="img" aria-label="{}"><line class="gl" x1="0" x2="100%" y1="50%" '
    'y2="50%"/><line class="target" x1="{}" x2="{}" y1="-8" y2="36"/>{}<line class="wh" x1="{}" '
    'x2="{}" y1="50%" y2="50%"/><circle class="dot" cx="{}" cy="50%" r="5.5"/></svg>'
)
BEFORE = '<circle class="prev" cx="{}" cy="50%" r="4"/>'


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
        return [self._mark(tick) for tick in self.ticks]

    def few_marks(self) -> list[dict[str, str]]:
        """Both ends and the middle, where there is little room."""
        return [self._mark(tick) for tick in (self.start, (self.start + self.end) / 2, self.end)]

    def _mark(self, tick: float) -> dict[str, str]:
        anchor = "start" if tick <= self.start else "end" if tick >= self.end else "middle"
        return {
            "x": self.at(tick),
            "share": f"{tick:.1f}",
            "percent": f"{100 * tick:.0f}",
            "anchor": anchor,
        }


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


def drawn(found: Whisker, what: str) -> SafeString:
    """The dot with its whisker; `what` it measures is read out with the figures."""
    words = _("%(what)s %(value)s, between %(low)s and %(high)s") % {
        "what": what,
        "value": percent(found.measure.value),
        "low": percent(found.measure.low),
        "high": percent(found.measure.high),
    }
    below, low = (_("; surely below the target"), " low") if found.surely_below else ("", "")
    before = format_html(BEFORE, found.previous) if found.previous else ""
    target = found.target
    return format_html(
        DRAWN, low, words + below, target, target, before, found.low, found.high, found.dot
    )


@dataclass(frozen=True)
class ChangeAxis:
    """An axis of changes with nothing in its middle: worse to the left, better to the right."""

    end: float  # in points / 100

    @classmethod
    def for_widest(cls, widest: float) -> "ChangeAxis":
        """The smallest round axis that holds a change as large as `widest`."""
        return cls(next(end for end in (0.05, 0.1, 0.2, 0.5, 1.0) if widest <= end or end == 1.0))

    def at(self, value: float) -> str:
        """The place of a change: "53.3%"; beyond the ends it stays at the end."""
        part = (value + self.end) / (2 * self.end)
        return f"{100 * min(1.0, max(0.0, part)):.1f}%"

    def whisker(self, change: Measure) -> Whisker:
        """Lay a change out; red only if the whole interval is a fall."""
        return Whisker(
            measure=change,
            dot=self.at(change.value),
            low=self.at(change.low),
            high=self.at(change.high),
            target=self.at(0.0),
            previous=None,
            surely_below=change.high < 0,
        )
