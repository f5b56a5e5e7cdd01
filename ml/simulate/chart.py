"""Learning curves as a drawing: one SVG file, without a library, in light and in dark."""

from collections.abc import Sequence
from html import escape

import numpy as np

from ml.simulate.curves import Band, Bands, names

WIDTH, HEIGHT = 720, 440
LEFT, TOP, BOTTOM = 64, 40, 56
LETTER = 7  # pixels of a letter in the legend, about
# Okabe and Ito (2008), colours that most colour-blind people tell apart; black left out, for it
# vanishes on a dark page. More curves than colours get dashes.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#8a8a8a")
DASHES = ("", "7 4", "2 3", "9 3 2 3")
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #222 }
  .paper { fill: #fff } .grid { stroke: #ddd } .axis { stroke: #666 }
  .curve { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #eee } .paper { fill: #16181c } .grid { stroke: #3a3d44 } .axis { stroke: #aaa }
  }
"""


def svg(found: Bands, title: str) -> str:
    """Return the drawing of accuracy against labels, each curve with its interval.

    Raises: ValueError where there is no curve.
    """
    if not found:
        raise ValueError("there is no curve to draw")
    called = names(list(found))
    legend = 40 + LETTER * max(len(name) for name in called.values())
    frame = _Frame(list(found.values()))
    parts = [*_grid(frame), *_axes(frame)]
    for number, curve in enumerate(found.values()):  # below all lines, paler where there are many
        parts.append(_band(frame, curve, number, min(0.18, 0.6 / len(found))))
    for number, (run, curve) in enumerate(found.items()):
        parts += [_curve(frame, curve, number), *_entry(called[run], number)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + legend} {_height(found)}" '
        f'role="img" aria-label="{escape(title)}">\n<style>{STYLE}</style>\n'
        f'<rect class="paper" width="100%" height="100%"/>\n'
        f'<text x="{LEFT}" y="24">{escape(title)}</text>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _height(found: Bands) -> int:
    return max(HEIGHT, TOP + 22 * len(found) + 10)


class _Frame:
    """Where a label count and an accuracy lie on the paper."""

    def __init__(self, curves: Sequence[Sequence[Band]]) -> None:
        every = [band for curve in curves for band in curve]
        heights = np.array([band.accuracy for band in every])
        self.x_ticks = _ticks(min(b.labels for b in every), max(b.labels for b in every))
        self.y_ticks = _ticks(float(np.nanmin(heights)), float(np.nanmax(heights)))

    def x(self, labels: float) -> float:
        low, high = self.x_ticks[0], self.x_ticks[-1]
        return round(LEFT + (labels - low) / (high - low) * (WIDTH - LEFT - 16), 1)

    def y(self, share: float) -> float:
        low, high = self.y_ticks[0], self.y_ticks[-1]
        return round(HEIGHT - BOTTOM - (share - low) / (high - low) * (HEIGHT - BOTTOM - TOP), 1)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers, about six, that reach from `low` or less to `high` or more."""
    rough = max(high - low, 1e-6 * max(1.0, abs(high))) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(next(power * round_ for round_ in (1, 2, 5, 10) if power * round_ >= rough))
    first, last = int(np.floor(low / step + 1e-9)), int(np.ceil(high / step - 1e-9))
    return [round(step * number, 10) for number in range(first, max(last, first + 1) + 1)]


def _grid(frame: _Frame) -> list[str]:
    parts = []
    for share in frame.y_ticks:
        y = frame.y(share)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 16}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{100 * share:.4g}</text>')
    for labels in frame.x_ticks:
        x = frame.x(labels)
        parts.append(
            f'<text x="{x}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{labels:g}</text>'
        )
    return parts


def _axes(frame: _Frame) -> list[str]:
    foot, end = HEIGHT - BOTTOM, WIDTH - 16
    middle = (TOP + foot) / 2
    return [
        f'<path class="axis" fill="none" d="M{LEFT} {TOP}V{foot}H{end}"/>',
        f'<text x="{(LEFT + end) / 2}" y="{HEIGHT - 12}" text-anchor="middle">labels</text>',
        f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">'
        "accuracy on the test part, %</text>",
    ]


def _curve(frame: _Frame, curve: Sequence[Band], number: int) -> str:
    points = " ".join(f"{frame.x(b.labels)},{frame.y(b.accuracy[0])}" for b in curve)
    dot = ""
    if len(curve) == 1:  # a line of one point is invisible
        x, y = points.split(",")
        dot = f'<circle cx="{x}" cy="{y}" r="3" fill="{_colour(number)}"/>'
    return f'<polyline class="curve" {_stroke(number)} points="{points}"/>{dot}'


def _band(frame: _Frame, curve: Sequence[Band], number: int, opacity: float) -> str:
    known = [band for band in curve if not np.isnan(band.accuracy[1])]
    if not known:
        return ""
    above = [f"{frame.x(b.labels)},{frame.y(b.accuracy[2])}" for b in known]
    below = [f"{frame.x(b.labels)},{frame.y(b.accuracy[1])}" for b in reversed(known)]
    return (
        f'<polygon fill="{_colour(number)}" opacity="{opacity:.2f}" '
        f'points="{" ".join(above)} {" ".join(below)}"/>'
    )


def _entry(name: str, number: int) -> list[str]:
    y = TOP + 22 * number
    return [
        f'<line class="curve" {_stroke(number)} x1="{WIDTH}" x2="{WIDTH + 24}" y1="{y}" y2="{y}"/>',
        f'<text x="{WIDTH + 32}" y="{y + 4}">{escape(name)}</text>',
    ]


def _stroke(number: int) -> str:
    dash = DASHES[number // len(COLOURS) % len(DASHES)]
    return f'stroke="{_colour(number)}"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
