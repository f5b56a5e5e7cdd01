"""`manage.py import_pool PROJECT SOURCE…`: bring images in, with their labels, from a terminal."""

import json
import sys
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from tqdm import tqdm

from labeler.pools import decisions, importing, imports, plan_words, reports, starting
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.projects.models import Project
from labeler.work import leases

POLL_SECONDS = 0.5
REFUSALS_SHOWN = 20
INTERRUPTED = 130
ROLES = ("path", "label", "split", "confidence", "separator", "delimiter")


class Command(BaseCommand):
    """Imports each source in this process, with the rights of whoever calls it."""

    help = (
        "Import images: each SOURCE is a folder, a zip or tar archive, an s3://, gs:// or az:// "
        "address, or, with --urls, a text file of https addresses."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's number or exact name")
        parser.add_argument("sources", nargs="+", metavar="SOURCE", help="where the images are")
        parser.add_argument("--urls", action="store_true", help="SOURCE lists https addresses")
        parser.add_argument(
            "--folders",
            choices=Import.Folders.values,
            default="ignore",
            help="what the names of folders mean (default: ignore)",
        )
        parser.add_argument(
            "--in-place", action="store_true", help="leave the originals where they are"
        )
        parser.add_argument(
            "--only-new", action="store_true", help="pass over what came from there before"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, only")
        parser.add_argument("--json", action="store_true", help="print the results as JSON")
        self._about_manifests(parser)

    def _about_manifests(self, parser: ArgumentParser) -> None:
        told = parser.add_argument_group("manifests")
        told.add_argument("--manifest", default="", metavar="FILE", help="its name in SOURCE")
        told.add_argument("--format", default="", help="how to read it; found out by itself")
        told.add_argument(
            "--label", action="append", default=[], metavar="OLD=NEW",
            help="what a name becomes; nothing after = leaves its answers out; add:NAME adds one",
        )  # fmt: skip
        told.add_argument(
            "--unknown", choices=("add", "leave"), default="",
            help="what becomes of names that are no label (default: they are added)",
        )  # fmt: skip
        told.add_argument(
            "--column", action="append", default=[], metavar="ROLE=NAME",
            help=f"a column of a table; ROLE is one of {', '.join(ROLES)}",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        for source in options["sources"]:  # before the first one starts
            if is_here(source, options) and not Path(source).exists():
                raise CommandError(f"There is no folder or archive at {source}.")
        try:
            decided = decided_by(project, options)
        except ImportRefused as refused:
            raise CommandError(refused.message) from refused
        done = [self._import(project, source, decided, options) for source in options["sources"]]
        if options["json"]:
            told = [plan_of(imp) if options["dry_run"] else summary(imp) for imp in done]
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        if not all(came_to_something(imp, dry=options["dry_run"]) for imp in done):
            sys.exit(1)

    def _import(self, project: Project, source: str, decided: Any, options: Any) -> Import:
        imp = self._start(project, source, decided, options)
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
        if options["dry_run"]:
            _stop(imp)
        if not options["json"]:
            self._foretell(imp) if options["dry_run"] else self._tell(imp)
        return imp

    def _start(self, project: Project, source: str, decided: Any, options: Any) -> Import:
        asked = {
            "project": project, "user": project.created_by, "folders": options["folders"],
            "manifest": options["manifest"], "format": options["format"], "options": decided,
            "dry_run": options["dry_run"],
        }  # fmt: skip
        try:
            with ExitStack() as opened, transaction.atomic():
                # Taken at once: a worker may not be allowed to read it.
                if options["urls"]:
                    listed = opened.enter_context(Path(source).open("rb"))
                    imp = starting.addresses([], [(Path(source).name, listed)], **asked)
                else:
                    asked |= {"in_place": options["in_place"], "anywhere": True}
                    imp = starting.place(source, **asked)
                claimed = leases.claim(Import, imp.pk)
                assert claimed
                return claimed
        except ImportRefused as refused:
            raise CommandError(refused.message) from refused

    def _foretell(self, imp: Import) -> None:
        if not imp.plan:
            self.stderr.write(f"{imp.title}: {imp.error}")
            return
        title = imp.plan.get("title") or "pictures only"
        self.stdout.write(f"{imp.plan.get('manifest') or imp.title}: {title}")
        for line in (plan_words.outlook(imp.plan), *plan_words.details(imp.plan)):
            self.stdout.write(f"  {line}")
        for each in imp.plan.get("problems", []):
            place = f"line {each['line']}: " if each["line"] else ""
            self.stderr.write(f"  {place}{each['reason']} {each['remedy']}")
        if error := imp.plan.get("error"):
            self.stderr.write(f"  {error} {imp.plan.get('remedy', '')}")
        self.stdout.write("Nothing was stored.")

    def _tell(self, imp: Import) -> None:
        labels = f", {imp.labels_added:,} labels came along" if imp.labels_added else ""
        self.stdout.write(
            f"Import {imp.number}: {imp.read:,} read = {imp.added:,} added + {imp.duplicates:,} "
            f"already here + {imp.refused:,} refused{labels}."
        )
        if known := imp.cursor.get("known"):
            self.stdout.write(f"{known:,} files were passed over: they came in before.")
        if imp.state != Import.State.DONE:
            self.stderr.write(f"Import {imp.number} {imp.state}. {imp.error}")
        for line in reports.refusals(imp)[:REFUSALS_SHOWN]:
            self.stderr.write(f"  {line.name}: {line.reason} {line.remedy}")
        if imp.refused > REFUSALS_SHOWN:
            self.stderr.write("  … the Import page lists the rest.")


def is_here(source: str, options: dict[str, Any]) -> bool:
    """Whether the source is a path of this machine."""
    return options["urls"] or starting.source_of(source) == Import.Source.FOLDER


def decided_by(project: Project, given: dict[str, Any]) -> dict[str, Any]:
    """Import.options as the arguments say. Raises CommandError, ImportRefused."""
    options: dict[str, Any] = {"only_new": given["only_new"]}
    if given["unknown"]:
        options["unknown"] = given["unknown"]
    if labels := [_pair(each, "--label") for each in given["label"]]:
        options["labels"] = {old: decisions.called(project, old, new) for old, new in labels}
    if columns := [_pair(each, "--column") for each in given["column"]]:
        options["columns"] = _columns(columns)
    return options


def _pair(text: str, argument: str) -> tuple[str, str]:
    left, between, right = text.rpartition("=") if argument == "--label" else text.partition("=")
    if not between or not left:
        raise CommandError(f"Write {argument} as two names with = between them, not {text!r}.")
    return left, right


def _columns(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    wrong = next((role for role, _ in pairs if role not in ROLES), None)
    if wrong:
        raise CommandError(f"A column cannot be {wrong!r}; it can be {', '.join(ROLES)}.")
    told: dict[str, Any] = {role: name for role, name in pairs if role != "label"}
    return told | {"labels": [name for role, name in pairs if role == "label"]}


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


def plan_of(imp: Import) -> dict[str, Any]:
    """What a dry run found, for a program."""
    return {"number": imp.number, "path": imp.path, "error": imp.error, "plan": imp.plan}


def came_to_something(imp: Import, *, dry: bool = False) -> bool:
    """Whether the import ended well and at least one image is in the pool through it.

    A dry run ended well where the manifest could be read.
    """
    if dry:
        return bool(imp.plan) and not imp.plan.get("error") and not imp.error
    return (
        imp.state == Import.State.DONE
        and imp.added + imp.duplicates + imp.cursor.get("known", 0) > 0
    )
