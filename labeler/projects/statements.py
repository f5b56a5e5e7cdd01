"""Database queries that run for every label, put into words once.

Django takes ten times as long to word a query as SQLite takes to answer it. A statement is a
function that gives a queryset; it is called once per shape, and its SQL is kept:

    @statement
    def _held(project: int, user: int, *, shared: bool) -> QuerySet[QueueItem]: ...

    items = _held(project.pk, user.pk, shared=False)  # a list

Positional arguments are values: row ids, UUIDs, texts, or tuples of ids, which the function may
only hand on to the queryset. Keyword arguments are the shape, which it may look at. It must look at
nothing else: what it reads from a setting, a row or a clock would be kept with the SQL.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesListIterable,
    get_related_populators,
)
from django.db.models.sql import UpdateQuery

Row = TypeVar("Row")
Database = BaseDatabaseWrapper

FIRST_MARK = -(2**62) + 12_345  # no row has such an id


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the SQL a value goes: its number among the values."""

    number: int


@dataclass(frozen=True, slots=True)
class _Worded:
    """SQL with its parameters, some of them places; `build` makes rows of what it brings."""

    sql: str
    parameters: tuple[Any, ...]
    build: Callable[[Database, list[Any]], list[Any]]

    def bound(self, database: Database, values: tuple[Any, ...]) -> list[Any]:
        flat = _flat(database, values)
        return [flat[p.number] if type(p) is _Place else p for p in self.parameters]


class _Kept:
    """What statements and changes share: the words kept per shape and database."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self.ask = ask
        self.worded: dict[Hashable, _Worded] = {}
        self.__doc__ = ask.__doc__

    def _find(self, database: Database, values: tuple[Any, ...], shape: dict[str, Any]) -> _Worded:
        lengths = tuple(len(v) if isinstance(v, tuple) else -1 for v in values)
        key = (database.vendor, lengths, *shape.values(), *shape)
        found = self.worded.get(key)
        if found is None:
            found = self.worded[key] = self._word(database, _marks(values), shape)
        return found

    def _word(self, database: Database, marks: tuple[Any, ...], shape: dict[str, Any]) -> _Worded:
        raise NotImplementedError


class Statement(_Kept, Generic[Row]):
    """A queryset's SQL, kept. Call it for its rows."""

    def __call__(self, *values: Any, **shape: Any) -> list[Row]:
        database = connections[DEFAULT_DB_ALIAS]
        worded = self._find(database, values, shape)
        with database.cursor() as cursor:
            cursor.execute(worded.sql, worded.bound(database, values))
            return worded.build(database, cursor.fetchall())

    def first(self, *values: Any, **shape: Any) -> Row | None:
        """The first row, or None."""
        return next(iter(self(*values, **shape)), None)

    def count(self, *values: Any, **shape: Any) -> int:
        """How many rows there are; for a queryset of plain values."""
        database = connections[DEFAULT_DB_ALIAS]
        worded = self._find(database, values, shape)
        with database.cursor() as cursor:
            words = f"SELECT COUNT(*) FROM ({worded.sql}) counted"  # noqa: S608 - Django's own words
            cursor.execute(words, worded.bound(database, values))
            return int(cursor.fetchone()[0])

    def _word(self, database: Database, marks: tuple[Any, ...], shape: dict[str, Any]) -> _Worded:
        rows = self.ask(*marks, **shape)
        compiler = rows.query.get_compiler(connection=database)
        sql, parameters = compiler.as_sql(with_col_aliases=False)
        places = _with_places(parameters, _flat(database, marks))
        return _Worded(sql, places, _builder(rows, compiler))


class Change(_Kept):
    """An update's SQL, kept. Its function gives the rows, and the new values by field."""

    def __call__(self, *values: Any, **shape: Any) -> int:
        database = connections[DEFAULT_DB_ALIAS]
        worded = self._find(database, values, shape)
        with database.cursor() as cursor:
            cursor.execute(worded.sql, worded.bound(database, values))
            return int(cursor.rowcount)

    def _word(self, database: Database, marks: tuple[Any, ...], shape: dict[str, Any]) -> _Worded:
        rows, new = self.ask(*marks, **shape)
        query = rows.query.chain(UpdateQuery)
        query.add_update_values(new)
        query.clear_ordering(force=True)
        query.clear_select_clause()
        sql, parameters = query.get_compiler(connection=database).as_sql()
        places = _with_places(parameters, _flat(database, marks))
        return _Worded(sql, places, lambda database, rows: rows)


def statement(ask: Callable[..., "QuerySet[Any, Row]"]) -> Statement[Row]:
    """The statement of a function that gives a queryset."""
    return Statement(ask)


def change(ask: "Callable[..., tuple[QuerySet[Any], dict[str, Any]]]") -> Change:
    """The update of a function that gives a queryset and its new values."""
    return Change(ask)


def insert(row: Model) -> None:
    """Insert the row and give it its id, as `save` does, but with words kept. Sends no signals."""
    database = connections[DEFAULT_DB_ALIAS]
    fields, sql = _insertion(type(row), database)
    values = [
        field.get_db_prep_save(field.pre_save(row, True), connection=database) for field in fields
    ]
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        returns = database.features.can_return_columns_from_insert
        row.pk = cursor.fetchone()[0] if returns else cursor.lastrowid
    row._state.adding, row._state.db = False, database.alias


_insertions: dict[Any, tuple[list[Any], str]] = {}


def _insertion(kind: type[Model], database: Database) -> tuple[list[Any], str]:
    key = kind, database.vendor
    if key not in _insertions:
        quoted = database.ops.quote_name
        fields = [field for field in kind._meta.local_concrete_fields if not field.primary_key]
        columns = ", ".join(quoted(field.column or field.name) for field in fields)
        words = ", ".join(["%s"] * len(fields))
        sql = f"INSERT INTO {quoted(kind._meta.db_table)} ({columns}) VALUES ({words})"  # noqa: S608
        if database.features.can_return_columns_from_insert:
            sql += f" RETURNING {quoted(kind._meta.pk.column or 'id')}"
        _insertions[key] = fields, sql
    return _insertions[key]


# Marks ------------------------------------------------------------------------------------


def _marks(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Values like these that no row has, each its own: what stands for them in Django's words."""
    numbers = count(FIRST_MARK)

    def mark(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(mark(each) for each in value)
        if isinstance(value, UUID):
            return UUID(int=-next(numbers))
        if type(value) is int:
            return next(numbers)
        if type(value) is str:
            return f"value {next(numbers)}"
        raise TypeError(f"A statement's values are ids, UUIDs and texts, not {value!r}.")

    return tuple(mark(value) for value in values)


def _flat(database: Database, values: tuple[Any, ...]) -> list[Any]:
    """The values one by one, as the database takes them."""
    flat: list[Any] = []
    for value in values:
        if isinstance(value, tuple):
            flat.extend(value)
        elif isinstance(value, UUID) and not database.features.has_native_uuid_field:
            flat.append(value.hex)
        else:
            flat.append(value)
    return flat


def _with_places(parameters: Sequence[Any], marks: list[Any]) -> tuple[Any, ...]:
    """The parameters with places where the marks are. Each mark must be there."""
    number = {mark: place for place, mark in enumerate(marks)}
    is_mark = (isinstance(p, int | str | UUID) and p in number for p in parameters)
    found = tuple(
        _Place(number[p]) if marked else p for p, marked in zip(parameters, is_mark, strict=True)
    )
    if len({p.number for p in found if type(p) is _Place}) < len(number):
        raise TypeError("Django's words leave out one of the statement's values.")
    return found


# Rows -------------------------------------------------------------------------------------


def _builder(rows: "QuerySet[Any]", compiler: Any) -> Callable[[Database, list[Any]], list[Any]]:
    """What makes models, tuples or single values of the database's rows, as the queryset would."""
    kind = rows._iterable_class  # type: ignore[attr-defined]
    make = _MAKERS[kind](compiler)
    columns = [column for column, *_ in compiler.select[: compiler.col_count]]
    converters = [
        (place, converter, column)
        for place, (found, column) in compiler.get_converters(columns).items()
        for converter in found
    ]

    def build(database: Database, fetched: list[Any]) -> list[Any]:
        made = []
        for each in fetched:
            row = list(each)
            for place, convert, column in converters:
                row[place] = convert(row[place], column, database)
            made.append(make(row))
        return made

    return build


def _model(compiler: Any) -> Callable[[list[Any]], Any]:
    kind = compiler.klass_info["model"]
    places = compiler.klass_info["select_fields"]
    first, end = places[0], places[-1] + 1
    names = [column.target.attname for column, *_ in compiler.select[first:end]]
    related = get_related_populators(  # type: ignore[call-arg]
        compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS
    )
    extra = list((compiler.annotation_col_map or {}).items())

    def make(row: list[Any]) -> Any:
        found = kind.from_db(DEFAULT_DB_ALIAS, names, row[first:end])
        for other in related:
            other.populate(row, found)
        for name, place in extra:
            setattr(found, name, row[place])
        return found

    return make


_MAKERS: dict[Any, Callable[[Any], Callable[[list[Any]], Any]]] = {
    ModelIterable: _model,
    ValuesListIterable: lambda compiler: tuple,
    FlatValuesListIterable: lambda compiler: lambda row: row[0],
}
