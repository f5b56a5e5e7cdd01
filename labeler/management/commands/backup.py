"""`manage.py backup --to FILE`: the whole installation in one file, while it runs."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeler.backups import shown, taking
from labeler.version import VERSION


class Command(BaseCommand):
    help = "Write everything that is needed to bring this installation back into one file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", required=True, type=Path, help="the file; it must not exist")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, to: Path, **options: Any) -> None:
        if to.exists():
            raise CommandError(f"{to} is there already. Name a new file.")
        if not to.parent.is_dir():
            raise CommandError(f"The folder {to.parent} is not there. Make it first.")
        try:
            with shown.bar("Backup") as bar:
                taken = taking.take(to, VERSION, lambda _name, size: bar.update(size))
        except OSError as error:
            raise CommandError(f"The backup could not be written: {error}.") from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(taken)))
        else:
            self.stdout.write(
                f"{to}: {taken.rows:,} rows, {taken.files:,} files, "
                f"{taken.bytes / 2**20:,.0f} MiB. "
                "It holds password hashes and the key that signs sessions: keep it as safe."
            )
        if taken.missing_count:
            self.stderr.write(
                f"{taken.missing_count:,} originals are named in the database and cannot be found, "
                f"such as {taken.missing[0]}. Everything else is in the backup."
            )
            sys.exit(1)
