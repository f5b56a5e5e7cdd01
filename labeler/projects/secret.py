"""Random secrets for links and tokens. The database keeps their hashes only."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import TypeVar

from django.db.models import Q, QuerySet
from django.utils import timezone

from labeler.projects.models import Secret

S = TypeVar("S", bound=Secret)
LONGEST = 200


def new() -> str:
    """256 random bits, fit for an address and a header."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored. The secret is random, so a plain hash is enough and look-up is by hash.

    Comparing hashes leaks nothing about the secret through time.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def is_one(words: str) -> bool:
    """Whether it may be a secret at all, and so worth asking the database about."""
    return 0 < len(words) <= LONGEST and words.isascii()


def valid(kind: type[S], secret: str) -> "QuerySet[S]":
    """The row of this secret, if it is neither expired nor used; else nothing."""
    alive = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    if not is_one(secret):
        return kind._default_manager.none()
    return kind._default_manager.filter(alive, digest=digest(secret), used_at=None)


def use(rows: "QuerySet[S]", related: Iterable[str] = ()) -> S | None:
    """Use up the row: exactly one of many simultaneous callers gets it, the others get None."""
    row = rows.select_related(*related).first()
    if row is None:
        return None
    # By the row alone: were another table in the condition, PostgreSQL would look at `used_at` in a
    # subselect, which several callers at once would pass.
    unused = type(row)._default_manager.filter(pk=row.pk, used_at=None)
    return row if unused.update(used_at=timezone.now()) else None


def in_days(days: float) -> "timezone.datetime":  # type: ignore[name-defined]
    """The moment `days` from now."""
    return timezone.now() + timedelta(days=days)
