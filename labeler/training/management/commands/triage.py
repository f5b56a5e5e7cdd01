"""`manage.py triage PROJECT FOLDER --to OUT`: sort new pictures by what the model says of them."""

import json
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from labeler.pools.management.commands.import_pool import find_project
from labeler.training import sorted_folders
from labeler.training.sorted_folders import PUT, SortedFolder
from labeler.training.verdicts import UNREADABLE, Judge, NoModel, Rule, Verdict
from labeler.training.versions import ModelDamaged
from ml import triage
from ml.backbones import WeightsMissing
from ml.features import FeaturesDamaged

SHOWN = 20  # unreadable files that are named
DONE = {"copy": "copied", "link": "linked", "move": "moved"}
WORDS = {triage.ASK: sorted_folders.UNCERTAIN, triage.REJECT: sorted_folders.REJECTED}


class Command(BaseCommand):
    help = "Sort a folder of new pictures into uncertain/, LABEL/ and rejected/, with a table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("project", metavar="PROJECT", help="the project's number or exact name")
        add("folder", metavar="FOLDER", type=Path, help="pictures, at any depth")
        add("--to", metavar="OUT", type=Path, required=True, help="the folder to sort into")
        add("--accept", type=float, default=0.0, metavar="P",
            help="ask where the best label's probability is below (default: 0)")  # fmt: skip
        add("--reject", type=float, default=0.0, metavar="P",
            help="reject where the best label's probability is below (default: 0)")  # fmt: skip
        add("--margin", type=float, default=triage.MARGIN, metavar="P",
            help=f"ask where the two best differ by less (default: {triage.MARGIN})")  # fmt: skip
        how = parser.add_mutually_exclusive_group()
        for name in PUT:
            how.add_argument(f"--{name}", dest="put", action="store_const", const=name,
                             help=f"each picture is {DONE[name]}")  # fmt: skip
        parser.set_defaults(put="copy")
        add("--json", action="store_true", help="say in JSON what was done")

    def handle(self, *args: Any, **options: Any) -> None:
        project, folder, out = find_project(options["project"]), options["folder"], options["to"]
        if not folder.is_dir():
            raise CommandError(f"There is no folder at {folder}.")
        if folder.resolve().is_relative_to(out.resolve()):
            raise CommandError(f"{folder} lies in {out}. Sort into a folder beside it.")
        rule = Rule(options["accept"], options["reject"], options["margin"])
        try:
            judge = Judge(project, rule)
            files = sorted_folders.pictures(folder, but=out)
            if not files:
                raise CommandError(f"{folder} holds no files.")
            sorted_to = SortedFolder(
                out, folder, judge.names, judge.version.number, options["put"]
            )  # fmt: skip
            with sorted_to:
                verdicts = self._sort(judge, files, sorted_to)
        except (NoModel, ModelDamaged, FeaturesDamaged, WeightsMissing, ValueError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename or out}: {error.strerror or error}") from error
        self._tell(judge, verdicts, sorted_to, folder, options)
        if verdicts.all_unreadable:
            raise CommandError(f"None of the files in {folder} is a picture that can be read.")

    def _sort(self, judge: Judge, files: list[Path], to: SortedFolder) -> "Counted":
        counted = Counted()
        with tqdm(desc="Triage", total=len(files), unit=" images", file=self.stderr,
                  disable=None) as bar:  # fmt: skip
            for verdict in judge.verdicts(files):
                counted.add(to.take(verdict))
                bar.update()
        return counted

    def _tell(
        self, judge: Judge, counted: "Counted", to: SortedFolder, folder: Path, options: Any
    ) -> None:
        unreadable = [
            {"file": shown(each.file.relative_to(folder.absolute())), "reason": each.reason}
            for each in counted.unreadable
        ]
        if options["json"]:
            told = {
                "model_version": judge.version.number, "images": counted.n, **counted.as_dict(),
                "unreadable": unreadable, "scores": shown(to.table),
            }  # fmt: skip
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        self.stdout.write(
            f"Version {judge.version.number} judged {counted.n:,} files, {DONE[options['put']]} "
            f"to {shown(options['to'])}:"
        )
        self.stdout.write(counted.table(judge.names))
        for each in unreadable[:SHOWN]:
            self.stderr.write(f"{each['file']}: {each['reason']}")
        if len(unreadable) > SHOWN:
            self.stderr.write(f"… and {len(unreadable) - SHOWN:,} more; the table names them all.")
        self.stdout.write(f"Scores: {shown(to.table)}")


class Counted:
    """How many pictures got which verdict."""

    def __init__(self) -> None:
        self.decisions: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self.unreadable: list[Verdict] = []

    def add(self, verdict: Verdict) -> None:
        self.decisions[verdict.decision] += 1
        self.labels.update(verdict.labels)
        if verdict.decision == UNREADABLE:
            self.unreadable.append(verdict)

    @property
    def n(self) -> int:
        return self.decisions.total()

    @property
    def all_unreadable(self) -> bool:
        return len(self.unreadable) == self.n

    def as_dict(self) -> dict[str, Any]:
        return {
            "uncertain": self.decisions[triage.ASK], "accepted": dict(self.labels),
            "rejected": self.decisions[triage.REJECT],
        }  # fmt: skip

    def table(self, names: list[str]) -> str:
        """A line per label and decision; a picture of two labels counts in both lines."""
        rows = [(name, self.labels[name]) for name in names]
        rows += [(word, self.decisions[decision]) for decision, word in WORDS.items()]
        rows += [(UNREADABLE, len(self.unreadable))]
        width = max(len(name) for name, _ in rows)
        return "\n".join(
            f"  {name:<{width}} {n:>8,} {100 * n / max(1, self.n):>6.1f} %" for name, n in rows
        )


def shown(path: Path) -> str:
    """The path as text that any terminal takes, whatever bytes its name is made of."""
    return str(path).encode(errors="backslashreplace").decode()
