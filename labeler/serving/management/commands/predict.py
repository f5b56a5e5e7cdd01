"""`manage.py predict PROJECT SOURCE… --to FILE`: judge many pictures from a terminal."""

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from tqdm import tqdm

from labeler.pools import starting, whole_files
from labeler.pools.management.commands.import_pool import find_project
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.projects.models import Project
from labeler.serving import orders, result_formats, results
from labeler.serving.models import BatchPrediction
from labeler.work import leases

POLL_SECONDS = 0.5
REFUSED_SHOWN = 20
INTERRUPTED = 130


class Command(BaseCommand):
    """Judges in this process, with the rights of whoever calls it; no server needs to run."""

    help = (
        "Judge pictures with a project's model: each SOURCE is a folder, an archive, a picture, a "
        "CSV or JSONL list, an s3://, gs:// or az:// address, or an https address."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Django's own --version makes room for the model's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's number or exact name")
        parser.add_argument("sources", nargs="*", metavar="SOURCE", help="where the pictures are")
        parser.add_argument("--pool", action="store_true", help="judge the project's own images")
        parser.add_argument("--to", required=True, metavar="FILE", help="where the results go")
        parser.add_argument(
            "--format", choices=list(result_formats.FORMATS), default="csv", help="(default: csv)"
        )
        parser.add_argument(
            "--version", type=int, dest="number", metavar="N", help="(default: the one that serves)"
        )
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        if bool(options["sources"]) == options["pool"]:
            raise CommandError("Give either one or more SOURCEs, or --pool.")
        for source in options["sources"]:  # before the first one is read
            is_here = starting.source_of(source) == Import.Source.FOLDER and "://" not in source
            if is_here and not Path(source).exists():
                raise CommandError(f"There is nothing at {source}.")
        batch = self._started(project, options)
        self._judge(batch)
        target = Path(options["to"])
        self._write(batch, result_formats.FORMATS[options["format"]], target)
        self._tell(batch, target, as_json=options["json"])
        if batch.state != BatchPrediction.State.DONE or not batch.judged:
            sys.exit(1)

    def _started(self, project: Project, options: dict[str, Any]) -> BatchPrediction:
        user, number = project.created_by, options["number"]
        try:
            with transaction.atomic():
                # Taken at once: a worker may not be allowed to read it.
                if options["pool"]:
                    batch = orders.of_pool(project, user, number=number)
                else:
                    places = options["sources"]
                    batch = orders.of_places(project, user, places, number=number, anywhere=True)
                claimed = leases.claim(BatchPrediction, batch.pk)
                assert claimed
                return claimed
        except ImportRefused as refused:
            raise CommandError(refused.message) from refused
        except orders.NoModel as error:
            raise CommandError(str(error)) from error

    def _judge(self, batch: BatchPrediction) -> None:
        words = f"Version {batch.version_number}: {batch.title}"
        with tqdm(desc=words, unit=" pictures", file=self.stderr, disable=None) as bar:
            try:
                work(batch, bar)
            except KeyboardInterrupt:
                orders.cancel(batch)
                bar.close()
                self.stderr.write(f"Stopped after {batch.read:,} pictures. Nothing was written.")
                sys.exit(INTERRUPTED)

    def _write(self, batch: BatchPrediction, format: result_formats.Format, target: Path) -> None:
        try:
            with whole_files.writing(target.absolute()) as file:
                for piece in format.pieces(batch):
                    file.write(piece)
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}.") from error

    def _tell(self, batch: BatchPrediction, target: Path, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(summary(batch) | {"file": str(target)}))
            return
        self.stdout.write(
            f"{batch.read:,} pictures = {batch.judged:,} judged ({batch.unknown:,} unknown) + "
            f"{batch.refused:,} refused, by version {batch.version_number}. Results: {target}"
        )
        if batch.state != BatchPrediction.State.DONE:
            self.stderr.write(f"Batch prediction {batch.number} {batch.state}. {batch.error}")
        refused = (row for row in results.rows(batch) if "error" in row)
        for _, row in zip(range(REFUSED_SHOWN), refused, strict=False):
            why = row["error"]
            self.stderr.write(f"  {row['name']}: {why['reason']} {why['remedy']}")
        if batch.refused > REFUSED_SHOWN:
            self.stderr.write("  … the results hold the rest.")


def work(batch: BatchPrediction, bar: Any) -> None:
    """Work on the batch here. Where a worker has taken it over, watch that one."""
    from labeler.serving import judging  # loads what embeds

    def watch(now: BatchPrediction) -> None:
        bar.total = now.total
        bar.update(now.read - bar.n)

    mine: BatchPrediction | None = batch
    while batch.is_open:
        try:
            if mine:
                judging.run(mine, watch=watch, patient=False)
        except leases.LeaseLost:
            pass
        batch.refresh_from_db()
        watch(batch)
        if batch.is_open:
            time.sleep(POLL_SECONDS)
            mine = leases.claim(BatchPrediction, batch.pk)


def summary(batch: BatchPrediction) -> dict[str, Any]:
    """The result for a program."""
    counts = ("number", "state", "total", "judged", "refused", "unknown", "counts", "error")
    return {name: getattr(batch, name) for name in counts} | {"model_version": batch.version_number}
