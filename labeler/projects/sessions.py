"""Who is signed in: Django's sessions in the database, asked in few words.

Every request reads its session and its person, so both are plain look-ups. What makes a session
valid is Django's: its signature, its end, and the hash of the person's password.
"""

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from labeler.projects.models import User
from labeler.projects.statements import statement

FIND = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


def stored(key: str) -> str | None:
    """What the living session with this key holds, signed; None where there is none."""
    if not key.isalnum():  # no key of ours; a NUL would upset PostgreSQL
        return None
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(FIND, [key, now])
        found = cursor.fetchone()
    return found[0] if found else None


@lru_cache(4096)
def _read(told: bytes | str) -> dict[str, Any]:
    return db.SessionStore().decode(told)


class SessionStore(db.SessionStore):
    """Django's store of sessions; `settings.SESSION_ENGINE` names this module."""

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """What a signed text holds. It follows from the text alone, so it is worked out once."""
        return dict(_read(session_data))

    def _get_session_from_db(self) -> Any:
        found = stored(str(self.session_key))
        if found is None:
            self._session_key = None
            return None
        return SimpleNamespace(session_data=found)


@statement
def _person(user: int) -> "QuerySet[User]":
    return User.objects.filter(pk=user)


class Backend(ModelBackend):
    """Names and passwords as Django checks them."""

    def get_user(self, user_id: int) -> User | None:
        """The active person with this id."""
        user = _person.first(int(user_id))
        return user if user and self.user_can_authenticate(user) else None
