"""R25: a database that an older Labeler wrote is brought forward with every row in it."""

import hashlib
import os
from collections.abc import Iterator

import psycopg2
import pytest
from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from tests.upgrades.invented_rows import Row, Rows

OURS = {config.label for config in apps.get_app_configs() if config.name.startswith("labeler.")}
# What a migration took out on purpose: table → columns.
GONE = {"projects_project": {"show_suggestions"}}


@pytest.fixture
def empty(tmp_path, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    """An empty database in place of the tests' own, of the same kind."""
    known = connections["default"]
    with django_db_blocker.unblock():
        name = _made(known, str(tmp_path / "steps.sqlite3"))
        connections["default"] = type(known)({**known.settings_dict, "NAME": name}, "default")
        try:
            yield connections["default"]
        finally:
            connections["default"].close()
            connections["default"] = known
            _dropped(known, name)


def _made(known: BaseDatabaseWrapper, file: str) -> str:
    if known.vendor == "sqlite":
        return file
    name = f"labeler_steps_{os.environ.get('LABELER_TEST_DB_SUFFIX', '')}_{os.getpid()}"
    _as_maintainer(known, f'CREATE DATABASE "{name}"')
    return name


def _dropped(known: BaseDatabaseWrapper, name: str) -> None:
    if known.vendor == "postgresql":
        _as_maintainer(known, f'DROP DATABASE "{name}" WITH (FORCE)')


def _as_maintainer(known: BaseDatabaseWrapper, statement: str) -> None:
    given = {**known.get_connection_params(), "dbname": "postgres"}
    session = psycopg2.connect(
        **{k: given[k] for k in ("dbname", "host", "port", "user", "password") if given.get(k)}
    )
    session.autocommit = True
    with session.cursor() as cursor:
        cursor.execute(statement)
    session.close()


def tables(state: ProjectState) -> list[type[Row]]:
    """The tables of a state, those between two others too."""
    found = state.apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


Kept = dict[str, dict[object, dict[str, object]]]  # table → primary key → column → value


def remember(kept: Kept, rows: Rows) -> None:
    for model, row in rows.made.items():
        names = [field.attname for field in model._meta.concrete_fields]
        table = kept.setdefault(model._meta.db_table, {})
        table[row.pk] = {name: getattr(row, name) for name in names}


def digest(rows: dict[object, dict[str, object]], columns: dict[object, list[str]]) -> str:
    told = [[str(key), *(_plain(rows[key][name]) for name in columns[key])] for key in columns]
    return hashlib.sha256(repr(sorted(told, key=lambda row: str(row[0]))).encode()).hexdigest()


def _plain(value: object) -> object:
    """PostgreSQL gives bytes as a view of them."""
    return bytes(value) if isinstance(value, memoryview) else value


def compare(kept: Kept, state: ProjectState) -> None:
    """Count and hash of each table, over the columns that each row was written with."""
    for model in tables(state):
        was, table = kept[model._meta.db_table], model._meta.db_table
        now = {row[model._meta.pk.attname]: row for row in model._base_manager.values()}
        assert len(now) == len(was), table
        there = {field.attname for field in model._meta.concrete_fields}
        gone = {name for row in was.values() for name in row} - there
        assert gone == GONE.get(table, set()), table
        columns = {key: sorted(row.keys() & there) for key, row in was.items()}
        assert digest(now, columns) == digest(was, columns), table


def test_every_migration_keeps_every_row(empty):
    """One by one, each over tables that the state before it, and every earlier one, has filled."""
    executor = MigrationExecutor(empty)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    state = executor._create_project_state(with_applied_migrations=True)
    kept: Kept = {}
    for step in plan:
        if step[0].app_label in OURS:
            rows = Rows(state.apps, tables(state))
            rows.all()
            remember(kept, rows)
        state = executor.migrate([], plan=[step], state=state.clone())
    executor.loader.build_graph()
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
    rows = Rows(state.apps, tables(state))
    rows.all()  # and the newest takes new ones
    remember(kept, rows)
    compare(kept, state)
    now = [model for label in OURS for model in apps.get_app_config(label).get_models(True)]
    assert {model._meta.db_table for model in now} <= kept.keys()
    assert len(kept["labeling_annotation"]) >= 10
