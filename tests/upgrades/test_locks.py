"""R25: nobody waits for a lock on the answers while a newer version changes the tables."""

import re

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer anyway"),
]
# What people write to while they label.
BUSY = "labeling_annotation", "labeling_queueitem"
# Migrations of `labeling` below this number were written before the first release: no table of that
# time was ever large. From here on an index of a busy table is built CONCURRENTLY.
FIRST = 10
# Short locks whatever the size of the table: catalogue entries only. A check is added NOT VALID and
# validated afterwards, an index is built CONCURRENTLY (django.contrib.postgres.operations).
SLOW = (
    r"ALTER COLUMN \S+ TYPE", r"SET NOT NULL", r"^CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)",
    r"ADD CONSTRAINT (?!.*NOT VALID)",
)  # fmt: skip


def slow(statement: str) -> bool:
    """Whether the statement reads or writes a whole busy table under a lock."""
    touches = any(f'"{table}"' in statement for table in BUSY)
    begins = re.match(r"(ALTER TABLE|CREATE (UNIQUE )?INDEX)", statement)
    return bool(touches and begins and any(re.search(part, statement) for part in SLOW))


def test_no_migration_holds_a_lock_while_it_goes_through_the_answers():
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    state, found = executor._create_project_state(), {}
    for migration, _ in plan:
        if migration.app_label != "labeling":  # the tables' own app; others cannot reach them
            migration.mutate_state(state, preserve=False)
            continue
        with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
            state = migration.apply(state, editor, collect_sql=True)
        held = [line for line in editor.collected_sql if slow(line)]
        if held and int(migration.name[:4]) >= FIRST:
            found[migration.name] = held
    assert found == {}


@pytest.mark.parametrize(
    ("statement", "is_slow"),
    [
        ('CREATE INDEX "a" ON "labeling_annotation" ("image_id")', True),
        ('CREATE INDEX CONCURRENTLY "a" ON "labeling_annotation" ("image_id")', False),
        ('ALTER TABLE "labeling_annotation" ALTER COLUMN "kind" TYPE text', True),
        ('ALTER TABLE "labeling_queueitem" ADD COLUMN "x" integer NULL', False),
        ('CREATE INDEX "a" ON "pools_image" ("row")', False),
    ],
)
def test_the_check_tells_them_apart(statement, is_slow):
    assert slow(statement) is is_slow
