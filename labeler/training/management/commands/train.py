"""`manage.py train PROJECT`: ask for a round and wait for the model it leaves."""

import json
import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from labeler.pools.management.commands.import_pool import find_project
from labeler.training import rounds, waiting
from labeler.training.models import ModelVersion, Round


class Command(BaseCommand):
    """The round runs in a worker, as if somebody had pressed "Train now"."""

    help = "Train a project now and wait for it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's number or exact name")
        parser.add_argument("--workers", action="store_true", help="start own workers meanwhile")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        try:
            with waiting.own_workers() if options["workers"] else nullcontext():
                waiting.need_workers()
                done = self._wait(rounds.ask(project, Round.Reason.ASKED))
        except waiting.NobodyWorks as nobody:
            raise CommandError(str(nobody)) from nobody
        self._tell(done, as_json=options["json"])
        if done.state != Round.State.DONE:
            sys.exit(1)

    def _wait(self, asked: Round) -> Round:
        with tqdm(desc=f"Round {asked.number}", unit=" images", file=self.stderr,
                  disable=None) as bar:  # fmt: skip

            def watch(now: Round) -> None:
                bar.set_postfix_str(now.phase or "waiting")
                bar.total = now.total or None
                bar.update(now.done - bar.n)

            return waiting.for_round(asked, watch)

    def _tell(self, done: Round, *, as_json: bool) -> None:
        version = ModelVersion.objects.filter(round=done).first()
        facts = {
            "round": done.number, "state": done.state, "error": done.error,
            "model_version": version and version.number, "n_labels": done.n_labels,
            "seconds": done.timings,
        }  # fmt: skip
        if as_json:
            self.stdout.write(json.dumps(facts))
        elif version:
            self.stdout.write(
                f"Round {done.number} left model version {version.number}, learned from "
                f"{done.n_labels:,} answers in {done.timings.get('all', 0):.1f} s."
            )
        else:
            self.stderr.write(f"Round {done.number} {done.state}. {done.error}")
