"""What has to be there before the programs start: tables, static files, an owner."""

import os
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from labeler.supervisor import bucket, owner, static_files
from labeler.supervisor.refusing import CannotStart, database_away

Step = tuple[str, Callable[[], object]]


def steps() -> list[Step]:
    """The steps in order, each with the word for it. Safe to repeat; a done step costs little."""
    return [
        ("migrations", migrate),
        ("storage", bucket.make),
        ("static files", static_files.collect),
        ("owner", owner.first),
    ]


def data_folder() -> Path:
    """The data folder, made if need be; nobody else on this machine may read it."""
    folder: Path = settings.DATA
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(
            f"The data folder {folder} cannot be made: {error.strerror}. "
            "Choose another one with LABELER_DATA."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotStart(
            f"The data folder {folder} cannot be written to. Mend its rights, "
            "or choose another one with LABELER_DATA."
        )
    return folder


def migrate() -> bool:
    """Bring the tables up to date; whether there was anything to do. Raises CannotStart."""
    try:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    except OperationalError as error:
        raise database_away(error) from error
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True
