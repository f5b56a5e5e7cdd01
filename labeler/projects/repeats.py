"""Requests that are safe to send again: the first answer to an Idempotency-Key is kept for a day.

The answer is stored in the transaction that does the work: either both are there, or neither.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from labeler.projects.models import Repeat, User

KEPT = timedelta(days=1)
LONGEST_KEY = 255


class OtherRequest(Exception):
    """The key was sent before, with something else."""


class UnderWay(Exception):
    """The same request is being answered right now."""


@dataclass(frozen=True)
class Answered:
    """What was answered: a status and the body as text."""

    status: int
    body: str


def digest_of(*parts: object) -> str:
    """One digest of all the parts, in order."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def begin(user: User, key: str, request: str) -> Repeat | Answered:
    """The answer that `key` has already; else a row that the same transaction gives its answer.

    A caller with the same key waits here for the first one's transaction. Raises: OtherRequest,
    and UnderWay if that takes longer than the database lets anybody wait.
    """
    Repeat.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    try:
        with transaction.atomic():
            return Repeat.objects.create(user=user, digest=key, request=request)
    except IntegrityError:
        kept = Repeat.objects.get(user=user, digest=key)
    except DatabaseError as error:
        raise UnderWay from error
    if kept.request != request:
        raise OtherRequest
    return Answered(kept.status, kept.answer)


def keep(row: Repeat, status: int, body: str) -> None:
    """Keep the answer."""
    row.status, row.answer = status, body
    row.save(update_fields=["status", "answer"])
