"""`manage.py restore FILE`: make an empty installation into the one a backup was taken of."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeler.backups import restoring, shown
from labeler.backups.archive import BadBackup
from labeler.backups.restoring import NotEmpty


class Command(BaseCommand):
    help = "Bring a backup back into an empty installation, on SQLite or PostgreSQL."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what `backup` wrote")
        parser.add_argument("--check", action="store_true", help="compare hashes, store nothing")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        work = restoring.check if options["check"] else restoring.restore
        try:
            with shown.bar(file.name) as bar:
                found = work(file, lambda _name, size: bar.update(size))
        except (BadBackup, NotEmpty) as refused:
            raise CommandError(str(refused)) from refused
        except OSError as error:
            raise CommandError(f"{file} cannot be restored: {error}.") from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found)))
        elif options["check"]:
            self.stdout.write(f"{file} is whole: {found.files:,} files as they were written.")
        else:
            self.stdout.write(
                f"Restored {found.rows:,} rows and {found.files:,} files. Start it: `make run`."
            )
