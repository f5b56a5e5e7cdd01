"""Every row of the database as lines of JSON, which any of the databases can take back.

Written from the models of today, read back through the models as they were when the backup was
taken: migrations then bring the tables up to date.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.apps.registry import Apps
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections, models
from django.db.models import BinaryField, Field, JSONField

AT_ONCE = 1_000  # rows
# Who was signed in, what runs now and what was tried lately belong to the old installation.
LEFT_OUT = frozenset({"sessions.Session", "axes.AccessAttempt", "work.Worker"})

Model = type[models.Model]


def tables(apps: Apps, *, all_of_them: bool = False) -> list[Model]:
    """The models whose rows belong into a backup, in an order that stays."""
    found = apps.get_models(include_auto_created=True)
    kept = [m for m in found if m._meta.managed and not m._meta.proxy]
    wanted = [m for m in kept if all_of_them or m._meta.label not in LEFT_OUT]
    return sorted(wanted, key=lambda m: m._meta.label)


def lines(model: Model, using: str) -> Iterator[bytes]:
    """One line per row, the columns in the order of `columns`."""
    names = columns(model)
    rows = model._base_manager.using(using).order_by("pk").values_list(*names)
    for row in rows.iterator(chunk_size=AT_ONCE):
        yield json.dumps([_told(each) for each in row], cls=DjangoJSONEncoder).encode() + b"\n"


def columns(model: Model) -> list[str]:
    """The names of a row's values."""
    return [field.attname for field in model._meta.concrete_fields]


def load(model: Model, names: list[str], told: Iterable[bytes], using: str) -> int:
    """Insert the rows of these lines, whose values have these names; how many. Raises ValueError
    for what is no row of the model."""
    fields = _fields(model, names)
    count, batch = 0, []
    for line in told:
        batch.append(_row(model, fields, json.loads(line)))
        if len(batch) == AT_ONCE:
            count += _insert(model, batch, using)
            batch = []
    return count + _insert(model, batch, using)


def clear(found: Iterable[Model], using: str) -> None:
    """Delete what migrations and a first start have put into these tables."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for model in found:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608


def count_on(found: list[Model], using: str) -> None:
    """Let new rows be numbered after the last of these."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), found):
            cursor.execute(statement)


def _told(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return value.isoformat()  # the encoder would cut it to milliseconds
    return value


def _fields(model: Model, names: list[str]) -> list["Field[Any, Any]"]:
    there = {field.attname: field for field in model._meta.concrete_fields}
    if unknown := set(names) - set(there):
        raise ValueError(f"{model._meta.label} has no {', '.join(sorted(unknown))}.")
    for field in there.values():  # of models that nothing else uses: times stay as they were told
        field.auto_now = field.auto_now_add = False  # type: ignore[attr-defined]
    return [there[name] for name in names]


def _row(model: Model, fields: list["Field[Any, Any]"], values: list[Any]) -> models.Model:
    pairs = zip(fields, values, strict=True)
    return model(**{field.attname: _value(field, value) for field, value in pairs})


def _value(field: "Field[Any, Any]", value: Any) -> Any:
    if isinstance(field, BinaryField):
        return value and base64.b64decode(value["bytes"])
    if isinstance(field, JSONField):
        return value
    target = getattr(field, "target_field", field)  # a foreign key is like what it points to
    return target.to_python(value)


def _insert(model: Model, batch: list[models.Model], using: str) -> int:
    model._base_manager.using(using).bulk_create(batch)
    return len(batch)
