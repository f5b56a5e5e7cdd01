"""What grows with a pool: no read asks more questions of the database, and none reads a big table
from end to end."""

import hashlib
import re
import uuid
from collections import Counter
from contextlib import contextmanager

import pytest
from django.db import connection

from labeler.labeling.models import Annotation, Comment, QueueItem
from labeler.pools.models import Image, ImageName, Import, Refusal
from labeler.projects.models import Project
from tests.api.calls import address, send
from tests.api.table import TABLE

pytestmark = pytest.mark.django_db

READS = sorted(key for key in TABLE if key.startswith("GET "))
BIG = {
    "pools_image", "pools_imagename", "labeling_annotation", "labeling_annotation_labels",
    "labeling_queueitem", "labeling_modelannotation", "labeling_comment",
}  # fmt: skip
TABLES = re.compile(r'(?:FROM|JOIN) "(\w+)"(?: (?!WHERE|INNER|LEFT|ON|ORDER|GROUP|LIMIT)"?(\w+))?')

WHOLE = {"GET metrics"}  # Prometheus asks now and then what waits in all projects together
NEWEST = re.compile(r'ORDER BY (?:1|"\w+"\."id") DESC LIMIT 1$')  # one row, from the end


@contextmanager
def asked():
    """The SELECTs of the block with their parameters."""
    found = []

    def note(execute, sql, params, many, context):
        if sql.lstrip().startswith("SELECT"):
            found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def read(client, key, world):
    reply = send(client, key, address(key.partition(" ")[2], world))
    if reply.streaming:
        b"".join(reply.streaming_content)
    return reply


def grow(world, annotator, first, rows):
    """So many images more: some labeled, some skipped, some asked, some of the audit sample."""
    project, label = world.project, world.label
    for row in range(first, first + rows):
        image = Image.objects.create(
            project=project, row=row, sha256=hashlib.sha256(str(row).encode()).hexdigest(),
            name=f"{row}.png", width=32, height=24, format="PNG", bytes=99, key=row / 1000,
            audit=row % 5 == 0, state=("labeled", "skipped", "open")[row % 3],
            split="test" if row % 7 == 0 else "",
        )  # fmt: skip
        ImageName.objects.create(image=image, name=f"again-{row}.png")
        if row % 3 == 2:
            QueueItem.objects.create(project=project, image=image, rank=row, strategy="random")
            continue
        given = Annotation.objects.create(
            uuid=uuid.uuid4(), project=project, image=image, user=annotator,
            audit=image.audit, **({"kind": "skip", "skip": "unsure"} if row % 3 else {}),
        )  # fmt: skip
        if not row % 3:
            given.labels.add(label)
        Comment.objects.create(
            project=project, image=image, user=annotator, uuid=uuid.uuid4(), text="Which?"
        )
    of = Import.objects.get(project=project, number=1)
    for row in range(rows):
        Refusal.objects.create(of=of, name=f"{row}.txt", code="x", reason="No.", remedy="No.")
    Project.objects.filter(pk=project.pk).update(next_row=first + rows)


def questions(client, world):
    """What each read asks."""
    found = {}
    for key in READS:
        with asked() as found[key]:
            read(client, key, world)
    return found


@pytest.mark.slow
def test_no_read_asks_more_of_a_larger_pool(world, as_user, owner, annotator):
    client = as_user(owner)
    grow(world, annotator, 4, 24)  # one of each kind at least
    questions(client, world)
    few = questions(client, world)
    grow(world, annotator, 28, 42)
    questions(client, world)
    many = questions(client, world)
    more = {
        key: list(Counter(sql for sql, _ in many[key]) - Counter(sql for sql, _ in few[key]))
        for key in READS
        if len(many[key]) > len(few[key])
    }
    assert not more


def test_no_read_scans_a_big_table(world, as_user, owner, annotator):
    grow(world, annotator, 4, 24)
    scans = {}
    for key, some in questions(as_user(owner), world).items():
        for sql, params in some if key not in WHOLE else ():
            for table in scanned(sql, params):
                scans.setdefault((table, sql), []).append(key)
    assert not scans


def scanned(sql, params):
    """The big tables of which the plan reads every row, or every entry of an index."""
    if NEWEST.search(sql):
        return set()
    tables = {alias or table: table for table, alias in TABLES.findall(sql)}
    if not BIG & set(tables.values()):
        return set()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("EXPLAIN QUERY PLAN " + sql, params)
            steps = [re.match(r"SCAN (\w+)", row[3]) for row in cursor.fetchall()]
            names = [step[1] for step in steps if step]
        else:
            cursor.execute("SET LOCAL enable_seqscan = off")  # ten rows are read faster plainly
            cursor.execute("EXPLAIN " + sql, params)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            names = re.findall(r"Seq Scan on (\w+)", plan)
    return BIG & {tables.get(name, name) for name in names}
