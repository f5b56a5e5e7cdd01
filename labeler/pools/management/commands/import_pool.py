"""`manage.py import_pool PROJECT SOURCE…`: bring folders and archives in, from a terminal."""

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from tqdm import tqdm

from labeler.pools import importing, imports
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.projects.models import Project
from labeler.work import leases

POLL_SECONDS = 0.5
REFUSALS_SHOWN = 20
INTERRUPTED = 130


class Command(BaseCommand):
    """Imports each source in this process, with the rights of whoever calls it."""

    help = "Import images: each SOURCE is a folder or a zip or tar archive."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's number or exact name")
        parser.add_argument("sources", nargs="+", metavar="SOURCE", help="a folder or an archive")
        parser.add_argument(
            "--folders",
            choices=Import.Folders.values,
            default="ignore",
            help="what the names of folders mean (default: ignore)",
        )
        parser.add_argument("--json", action="store_true", help="print the results as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        for source in options["sources"]:  # before the first one starts
            if not Path(source).exists():
                raise CommandError(f"There is no folder or archive at {source}.")
        done = [self._import(project, source, options) for source in options["sources"]]
        if options["json"]:
            self.stdout.write(json.dumps([summary(imp) for imp in done], ensure_ascii=False))
        if not all(came_to_something(imp) for imp in done):
            sys.exit(1)

    def _import(self, project: Project, source: str, options: dict[str, Any]) -> Import:
        imp = self._start(project, source, options["folders"])
        words = f"Import {imp.number}: {imp.title}"
        with tqdm(desc=words, unit=" files", file=self.stderr, disable=None) as bar:
            try:
                work(imp, bar)
            except KeyboardInterrupt:
                _stop(imp)
                bar.close()
                self.stderr.write(
                    f"Stopped. {imp.added:,} images came in; the same command brings the rest."
                )
                sys.exit(INTERRUPTED)
        if not options["json"]:
            self._tell(imp)
        return imp

    def _start(self, project: Project, source: str, folders: str) -> Import:
        try:
            with transaction.atomic():  # taken at once: a worker may not be allowed to read it
                imp = imports.start(
                    project=project, user=project.created_by, source="folder", path=source,
                    folders=folders, anywhere=True,
                )  # fmt: skip
                claimed = leases.claim(Import, imp.pk)
                assert claimed
                return claimed
        except ImportRefused as refused:
            raise CommandError(refused.message) from refused

    def _tell(self, imp: Import) -> None:
        labels = f", {imp.labels_added:,} labels came along" if imp.labels_added else ""
        self.stdout.write(
            f"Import {imp.number}: {imp.read:,} read = {imp.added:,} added + {imp.duplicates:,} "
            f"already here + {imp.refused:,} refused{labels}."
        )
        if imp.state != Import.State.DONE:
            self.stderr.write(f"Import {imp.number} {imp.state}. {imp.error}")
        for line in imp.refusals.order_by("pk")[:REFUSALS_SHOWN]:
            self.stderr.write(f"  {line.name}: {line.reason} {line.remedy}")
        if imp.refused > REFUSALS_SHOWN:
            self.stderr.write("  … the Import page lists the rest.")


def find_project(wanted: str) -> Project:
    """The project with that number, or else that exact name. Raises CommandError."""
    by_name = list(Project.objects.filter(name=wanted)[:5])
    by_number = _by_number(wanted)
    found = {project.pk: project for project in [*by_number, *by_name]}
    if not found:
        raise CommandError(f"There is no project with the number or name {wanted!r}.")
    if len(found) > 1:
        which = ", ".join(f"{pk} ({project.name})" for pk, project in sorted(found.items()))
        raise CommandError(f"{wanted!r} fits several projects: {which}. Give the number.")
    return next(iter(found.values()))


def _by_number(wanted: str) -> list[Project]:
    if not wanted.isascii() or not wanted.isdecimal() or int(wanted) >= 2**63:
        return []
    return list(Project.objects.filter(pk=int(wanted)))


def work(imp: Import, bar: Any) -> None:
    """Work on the import here. Where a worker has taken it over, watch that one."""

    def watch(now: Import) -> None:
        bar.total = now.total
        bar.update(now.read - bar.n)

    mine: Import | None = imp
    while imp.is_open:
        try:
            if mine:
                importing.run(mine, watch=watch, patient=False)
        except leases.LeaseLost:
            pass
        imp.refresh_from_db()
        watch(imp)
        if imp.is_open:
            time.sleep(POLL_SECONDS)
            mine = leases.claim(Import, imp.pk)


def _stop(imp: Import) -> None:
    try:
        imports.cancel(imp)
    except ImportRefused:  # it was over already
        imp.refresh_from_db()


def summary(imp: Import) -> dict[str, Any]:
    """The result for a program."""
    counts = ("number", "state", "total", "added", "duplicates", "refused", "labels_added")
    found = {name: getattr(imp, name) for name in counts}
    return found | {"path": imp.path, "error": imp.error}


def came_to_something(imp: Import) -> bool:
    """Whether the import ended well and at least one image is in the pool through it."""
    return imp.state == Import.State.DONE and imp.added + imp.duplicates > 0
