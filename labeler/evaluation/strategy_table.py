"""The newest comparison of strategies, laid out for a page."""

from dataclasses import dataclass
from typing import Any

from labeler.evaluation import studies
from labeler.evaluation.models import Study
from labeler.projects import choices
from labeler.projects.models import Project

Row = dict[str, float]


@dataclass(frozen=True)
class StrategyRow:
    """A strategy: macro F1 halfway and at the end, its mean height, and that against random."""

    name: str
    title: str
    halfway: Row
    end: Row
    area: Row
    gain: Row | None
    own: bool  # the project asks by it

    @property
    def verdict(self) -> str:
        """better or worse than random order, or "" where the interval reaches 0."""
        if self.gain is None or self.gain["low"] <= 0 <= self.gain["high"]:
            return ""
        return "better" if self.gain["low"] > 0 else "worse"


@dataclass(frozen=True)
class Compared:
    """The study and its strategies, the highest mean first."""

    study: Study
    rows: tuple[StrategyRow, ...]

    @property
    def chart(self) -> dict[str, Any]:
        """Columns for the chart: label counts, and a line with its interval per strategy."""
        told = {row.name: row.title for row in self.rows}
        curves = {each["strategy"]: each["points"] for each in self.study.facts["curves"]}
        return {
            "labels": [p["labels"] for p in next(iter(curves.values()))],
            "lines": [
                {
                    "name": title,
                    "random": name == "random",
                    **{key: [p[key] for p in curves[name]] for key in ("value", "low", "high")},
                }
                for name, title in told.items()
            ],
        }


def newest(project: Project) -> Compared | None:
    """The newest answered comparison."""
    study = studies.newest(project, "strategies")
    if study is None or not study.facts.get("curves"):
        return None
    rows = [_row(each, project.strategy) for each in study.facts["curves"]]
    return Compared(study, tuple(sorted(rows, key=lambda row: -row.area["value"])))


def _row(each: dict[str, Any], own: str) -> StrategyRow:
    points = each["points"]
    return StrategyRow(
        name=each["strategy"],
        title=str(choices.called(choices.STRATEGIES, each["strategy"])),
        halfway=points[len(points) // 2],
        end=points[-1],
        area=each["area"],
        gain=each["gain"],
        own=each["strategy"] == own,
    )
