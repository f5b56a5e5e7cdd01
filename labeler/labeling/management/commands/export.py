"""manage.py export PROJECT --format csv --to labels.csv"""

import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from labeler.labeling import exporting
from labeler.projects.models import Project


class Command(BaseCommand):
    help = "Write the answers of a project to a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", metavar="PROJECT", help="its number or its exact name")
        parser.add_argument("--format", choices=exporting.FORMATS, default="csv")
        parser.add_argument("--to", metavar="PATH", required=True, help="a file, or - for stdout")
        parser.add_argument("--json", action="store_true", help="say in JSON what was written")

    def handle(self, *args: Any, **options: Any) -> None:
        project = found(options["project"])
        format = exporting.FORMATS[options["format"]]
        if options["to"] == "-":
            _print(format.lines(project))
            return
        path = Path(options["to"])
        answers = _write(path, format.lines(project), exporting.count(project), options["json"])
        answers -= format.key == "csv"  # the header
        done = {"project": project.pk, "format": format.key, "path": str(path), "answers": answers}
        words = f"{answers:,} answers of {project.name} written to {path}."
        self.stdout.write(json.dumps(done) if options["json"] else words)


def found(wanted: str) -> Project:
    """The project with this number or exact name. Raises CommandError."""
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        by_number = Project.objects.filter(pk=int(wanted)).first()
        if by_number:
            return by_number
    by_name = list(Project.objects.filter(name=wanted)[:2])
    if len(by_name) == 2:
        raise CommandError(f"Two projects are called {wanted!r}. Give the project's number.")
    if not by_name:
        raise CommandError(f"There is no project {wanted!r}. Give its number or its exact name.")
    return by_name[0]


def _write(path: Path, lines: Any, total: int, quiet: bool) -> int:
    """Write beside and rename, so that a file that is there is whole."""
    beside = path.with_name(f"{path.name}.part")
    written = 0
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            for line in tqdm(lines, total=total, unit=" answers", disable=quiet or None):
                file.write(line)
                written += 1
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    return written


def _print(lines: Any) -> None:
    try:
        for line in lines:
            sys.stdout.write(line)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
