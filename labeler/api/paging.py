"""Lists come in pages. A cursor is signed, and good for one list, one user and one day."""

import hashlib
import json
from typing import Annotated, Any

from django.core import signing
from django.http import HttpRequest
from pydantic import Field

from labeler.api.errors import Refused
from labeler.api.schema import QuerySchema

SALT = "labeler.cursor"
DAY = 86_400

Limit = Annotated[int, Field(ge=1, le=200)]
Cursor = Annotated[str, Field(max_length=1_000)]


class Page(QuerySchema):
    """Which part of a list: at most `limit` rows after `cursor`."""

    limit: Limit = 50
    cursor: Cursor = ""


def scope(request: HttpRequest, filters: dict[str, Any]) -> str:
    """What a cursor belongs to: the user, the address and the filters."""
    asked = {k: v for k, v in filters.items() if k not in ("limit", "cursor")}
    told = json.dumps([request.user.pk, request.path, asked], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def cursor_for(where: str, after: Any) -> str:
    """The cursor that goes on after the row that `after` names."""
    return signing.dumps([where, after], salt=SALT)


def start_of(cursor: str, where: str) -> Any:
    """What `cursor_for` was given, or None for the first page. Raises Refused."""
    if not cursor:
        return None
    try:
        owner, after = signing.loads(cursor, salt=SALT, max_age=DAY)
    except (signing.BadSignature, ValueError) as error:
        raise _bad() from error
    if owner != where:
        raise _bad()
    return after


def _bad() -> Refused:
    words = "This cursor is not one of this list. Start again without a cursor."
    return Refused(400, "bad_cursor", words)


def by_pk(
    request: HttpRequest, rows: Any, page: Page, *, newest: bool = False
) -> tuple[list[Any], str | None]:
    """A page of a queryset in the order of its primary key, and the cursor of the next."""
    where = scope(request, page.dict())
    after = start_of(page.cursor, where)
    if after is not None:
        rows = rows.filter(**{"pk__lt" if newest else "pk__gt": after})
    found = list(rows.order_by("-pk" if newest else "pk")[: page.limit + 1])
    more = len(found) > page.limit
    found = found[: page.limit]
    return found, cursor_for(where, found[-1].pk) if more else None
