"""One writing transaction at a time in this process; the others wait in line.

SQLite lets one transaction write. Who comes meanwhile asks again after 1, 2, 5 … 100 ms, so the
last of a few threads asks for seconds while the lock is free most of the time. A lock of the
process wakes the next one at once; only other processes, such as a worker, are still asked again.
"""

import os
import threading
from functools import lru_cache

from django.db.backends.sqlite3 import base

PATIENCE = 20  # seconds; then SQLite decides, as it would without the line


class Cursor(base.SQLiteCursorWrapper):
    """A cursor that rewrites %s to SQLite's ? once per query, not at every run of it."""

    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        return (
            _converted(query)
            if param_names is None
            else super().convert_query(query, param_names=param_names)
        )


@lru_cache(maxsize=500)
def _converted(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions wait for their turn. `settings.DATABASES` names it."""

    def create_cursor(self, name: str | None = None) -> "Cursor":
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        return cursor

    turn: "threading.Lock | None" = None  # the line's lock while it is this connection's turn

    def _start_transaction_under_autocommit(self) -> None:
        self.turn = _line if _line.acquire(timeout=PATIENCE) else None
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]  # one that fails is rolled back
        self._end_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _end_turn(self) -> None:
        turn, self.turn = self.turn, None
        if turn:
            turn.release()

    __del__ = _end_turn  # a thread that died in a transaction does not hold up the others


_line = threading.Lock()


def _start_anew() -> None:
    """In a forked child nobody is in line."""
    global _line
    _line = threading.Lock()


os.register_at_fork(after_in_child=_start_anew)
