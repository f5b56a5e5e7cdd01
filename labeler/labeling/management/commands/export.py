"""manage.py export PROJECT --format csv --to labels.csv"""

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from labeler.labeling import exporting, extent, selection
from labeler.labeling.selection import BadSelection, Selection
from labeler.projects.models import Label, Project

FLAGS = ("yes", "no")


class Command(BaseCommand):
    help = "Write what a project holds to a file: answers, labels with or without images, the log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", metavar="PROJECT", help="its number or its exact name")
        parser.add_argument("--format", choices=exporting.FORMATS, default="csv")
        parser.add_argument("--to", metavar="PATH", required=True, help="a file, or - for stdout")
        parser.add_argument("--images", action="store_true", help="take the images along")
        parser.add_argument("--label", action="append", default=[], metavar="NAME",
                            help="only with this label; may be repeated")  # fmt: skip
        parser.add_argument("--split", action="append", default=[], choices=selection.SPLITS,
                            help="only in this split; may be repeated")  # fmt: skip
        parser.add_argument("--reviewed", choices=FLAGS, help="settled by a reviewer")
        parser.add_argument("--audit", choices=FLAGS, help="in the audit sample")
        parser.add_argument("--person", action="append", default=[], metavar="USERNAME",
                            help="only the answers of this person; may be repeated")  # fmt: skip
        parser.add_argument("--answers", default=selection.PEOPLE, choices=selection.WHOSE,
                            help="model: on images that nobody labeled; accepted: people's and "
                            "what was accepted from the model")  # fmt: skip
        parser.add_argument("--confidence-from", metavar="P", help="how sure the model is, 0 to 1")
        parser.add_argument("--confidence-to", metavar="P")
        parser.add_argument("--json", action="store_true", help="say in JSON what was written")

    def handle(self, *args: Any, **options: Any) -> None:
        project = found(options["project"])
        format = exporting.FORMATS[options["format"]]
        images = options["images"] or format.images == "always"
        try:
            chosen = _chosen(project, options)
            pieces = format.pieces(project, chosen, images=images)
        except (BadSelection, exporting.NotPossible) as error:
            raise CommandError(str(error)) from error
        if options["to"] == "-":
            _print(pieces)
            return
        path = Path(options["to"])
        written = _write(path, pieces, options["json"])
        held = extent.of(project, chosen, format, images=images)
        done = {"project": project.pk, "format": format.key, "path": str(path), "bytes": written,
                "entries": held.entries}  # fmt: skip
        what = "images" if format.rows == "images" else "answers"
        words = f"{held.entries:,} {what} of {project.name} written to {path}, {written:,} bytes."
        self.stdout.write(json.dumps(done) if options["json"] else words)


def _chosen(project: Project, options: dict[str, Any]) -> Selection:
    """The filters. Names of labels and people become ids. Raises BadSelection, CommandError."""
    labels = dict(Label.objects.filter(project=project).values_list("name", "pk"))
    people = dict(selection.answerers(project).values_list("username", "pk"))
    told = {
        "labels": [_id(labels, name, "label") for name in options["label"]],
        "people": [_id(people, name, "person who answered here") for name in options["person"]],
        "splits": options["split"],
    }
    for name in ("reviewed", "audit", "answers", "confidence_from", "confidence_to"):
        told[name] = [options[name]] if options[name] else []
    return selection.parsed(project, told)


def _id(known: dict[str, int], name: str, what: str) -> str:
    if name not in known:
        raise CommandError(f"There is no {what} {name!r}. Known: {', '.join(known) or 'none'}.")
    return str(known[name])


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


def _write(path: Path, pieces: Iterator[bytes], quiet: bool) -> int:
    """Write beside and rename, so that a file that is there is whole. Gives its bytes."""
    beside = path.with_name(f"{path.name}.part")
    try:
        with (
            beside.open("wb") as file,
            tqdm(unit="B", unit_scale=True, disable=quiet or None) as bar,
        ):
            for piece in pieces:
                bar.update(file.write(piece))
            size = file.tell()
        beside.replace(path)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        raise
    return size


def _print(pieces: Iterator[bytes]) -> None:
    out = getattr(sys.stdout, "buffer", None)
    try:
        for piece in pieces:
            if out is None:  # somebody catches what is printed, as text
                sys.stdout.write(piece.decode())
            else:
                out.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
