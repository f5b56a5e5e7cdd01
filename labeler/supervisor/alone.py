"""One process at a time prepares an installation, on whatever host it runs."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import OperationalError, connection

from labeler.supervisor.refusing import CannotStart, database_away

NUMBER = 0x6C61_6265_6C65_72  # of the lock among the database's advisory locks: "labeler"
PATIENCE = 900.0  # seconds; a migration of a large database takes minutes


@contextmanager
def alone() -> Iterator[None]:
    """Wait for whoever prepares the same installation. Raises CannotStart after a quarter hour.

    The lock ends with its holder: it is PostgreSQL's, or that of a file in the data folder.
    """
    if connection.vendor == "postgresql":
        _wait(_advised)
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [NUMBER])
        return
    with (settings.DATA / "prepare.lock").open("w") as file:
        _wait(lambda: _locked(file.fileno()))
        yield


def _wait(has_it: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not has_it():
        if time.monotonic() > deadline:
            raise CannotStart(
                "Another process has been preparing this installation for a quarter of an hour. "
                "See what it waits for, or end it, then start again."
            )
        time.sleep(0.2)


def _advised() -> bool:
    """Asked again and again: a lock that is waited for meets lock_timeout."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [NUMBER])
            return bool(cursor.fetchone()[0])
    except OperationalError as error:
        raise database_away(error) from error


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
