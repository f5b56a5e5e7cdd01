"""`manage.py simulate PROJECT`: how fast would the model have learned, strategy by strategy?"""

import json
from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from labeler.pools.management.commands.import_pool import find_project
from labeler.projects.models import Project
from labeler.training import scratch, truths, waiting
from labeler.training.simulation import Figures, Point, Simulation
from labeler.training.truths import NoTruth, Truths
from ml.strategies import ALL

LEGEND = """
answers   all answers of the perfect annotator; "trained" without those on audit images
answered  accuracy on the audit images answered so far (what a dashboard would show), 95 % interval
audit     the whole audit sample with its known truth; never trained on: the fairest comparison
pool      every image with known truth, those trained on included
P, R      precision and recall, each the mean over labels
"""


class Command(BaseCommand):
    """Works on scratch copies through the real queue, workers and database."""

    help = "A perfect annotator labels the project's pool; prints figures per strategy."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("project", help="the project's number or exact name")
        truth = "CSV or JSON Lines with name and label (default: the hidden truth)"
        add("--truth", type=Path, metavar="FILE", help=truth)
        strategy = "may be given several times (default: the project's)"
        add("--strategy", action="append", choices=ALL, help=strategy)
        add("--budget", type=int, default=300, help="answers (default: 300)")
        add("--batch", type=int, default=20, help="answers between two rounds (default: 20)")
        add("--workers", action="store_true", help="start own workers meanwhile")
        add("--json", action="store_true", help="print the figures as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        strategies = list(dict.fromkeys([*(options["strategy"] or [project.strategy]), "random"]))
        if options["budget"] < 1 or options["batch"] < 1:
            raise CommandError("Give --budget and --batch numbers from 1 up.")
        try:
            known = self._truths(project, options["truth"])
            with waiting.own_workers() if options["workers"] else nullcontext():
                waiting.need_workers()
                self._wait_for_embeddings(project)
                curves = {s: self._curve(project, s, known, options) for s in strategies}
        except (NoTruth, waiting.NobodyWorks) as error:
            raise CommandError(str(error)) from error
        self._tell(project, curves, as_json=options["json"])

    def _truths(self, project: Project, file: Path | None) -> Truths:
        known = truths.from_file(project, file) if file else truths.hidden(project)
        if len(known) < project.next_row:
            self.stderr.write(
                f"The truth of {len(known):,} of {project.next_row:,} images is known; "
                "the others are skipped and not measured."
            )
        return known

    def _wait_for_embeddings(self, project: Project) -> None:
        with tqdm(desc="Embedding", unit=" images", file=self.stderr, disable=None) as bar:

            def watch(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            waiting.for_embeddings(project, watch)

    def _curve(
        self, project: Project, strategy: str, known: Truths, options: dict[str, Any]
    ) -> list[Point]:
        twin = scratch.copy(project, strategy)
        budget, points = options["budget"], []
        try:
            with tqdm(desc=strategy, total=budget, unit=" answers", file=self.stderr,
                      disable=None) as bar:  # fmt: skip
                for point in Simulation(twin, known).run(budget=budget, batch=options["batch"]):
                    points.append(point)
                    bar.update(point.answers - bar.n)
        finally:
            scratch.remove(twin)
        return points

    def _tell(self, project: Project, curves: dict[str, list[Point]], *, as_json: bool) -> None:
        if as_json:
            said = {s: [point.as_dict() for point in curve] for s, curve in curves.items()}
            self.stdout.write(json.dumps({"project": project.pk, "strategies": said}))
            return
        self.stdout.write(table(curves))
        self.stdout.write(LEGEND)


def table(curves: dict[str, list[Point]]) -> str:
    """The strategies side by side, a line per number of answers."""
    heads = [f"{s:^66}" for s in curves]
    columns = (
        f"{'trained':>8}{'answered':>18}{'audit':>7}{'P':>6}{'R':>6}{'pool':>7}{'P':>6}{'R':>6}"
    )
    lines = [f"{'':>8} | " + " | ".join(heads)]
    lines.append(f"{'answers':>8} | " + " | ".join(f"{columns:<66}" for _ in curves))
    by_answers = {s: {point.answers: point for point in curve} for s, curve in curves.items()}
    for answers in sorted({n for curve in by_answers.values() for n in curve}):
        cells = [_cell(curve.get(answers)) for curve in by_answers.values()]
        lines.append(f"{answers:>8} | " + " | ".join(f"{cell:<66}" for cell in cells))
    return "\n".join(line.rstrip() for line in lines)


def _cell(point: Point | None) -> str:
    if point is None:
        return "no model yet"
    seen = point.answered
    answered = "–" if seen.accuracy is None else (
        f"{_percent(seen.accuracy)} {_percent(seen.low)}–{_percent(seen.high)}"
    )  # fmt: skip
    return f"{point.trained:>8}{answered:>18}{_three(point.audit)}{_three(point.pool)}"


def _three(figures: Figures) -> str:
    return (
        f"{_percent(figures.accuracy):>7}{_percent(figures.precision):>6}"
        f"{_percent(figures.recall):>6}"
    )


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
