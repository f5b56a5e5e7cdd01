"""What the database holds, read without the program whose promises are checked."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Answer:
    """One row of the answers. `labels` are ids."""

    uuid: str
    image: int
    item: int | None
    user: int
    labels: tuple[int, ...]
    current: bool


@dataclass(frozen=True)
class Stored:
    """A project in the database."""

    answers: list[Answer]
    images: dict[int, str]  # id → state
    asked: list[tuple[int, int]]  # (image, slot) of every open question
    rounds: list[tuple[int, str, int, str]]  # (number, state, times it was taken, error)
    versions: list[tuple[int, int]]  # (number, number of the round that made it)


ANSWERS = """
    SELECT a.id, a.uuid, a.image_id, a.item_id, a.user_id, a.current, l.label_id
    FROM labeling_annotation a LEFT JOIN labeling_annotation_labels l ON l.annotation_id = a.id
    WHERE a.project_id = {0} ORDER BY a.id
"""
IMAGES = "SELECT id, state FROM pools_image WHERE project_id = {0}"
ASKED = "SELECT image_id, slot FROM labeling_queueitem WHERE project_id = {0} AND done_at IS NULL"
ROUNDS = "SELECT number, state, lease_no, error FROM training_round WHERE project_id = {0}"
VERSIONS = """
    SELECT v.number, r.number
    FROM training_modelversion v JOIN training_round r ON r.id = v.round_id
    WHERE v.project_id = {0}
"""


def read(url: str, project: int) -> Stored:
    """All of the project, as one transaction sees it."""
    with asking(url) as ask:
        return Stored(
            answers=_answers(ask(ANSWERS.format(int(project)))),
            images=dict(ask(IMAGES.format(int(project)))),
            asked=list(ask(ASKED.format(int(project)))),
            rounds=list(ask(ROUNDS.format(int(project)))),
            versions=list(ask(VERSIONS.format(int(project)))),
        )


@contextmanager
def asking(url: str) -> Iterator[Any]:
    """A function that runs SQL and returns all rows."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)) as connection:
            yield lambda sql: connection.execute(sql).fetchall()
        return
    import psycopg2

    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        yield lambda sql: (cursor.execute(sql), cursor.fetchall())[1]


def _answers(rows: list[tuple]) -> list[Answer]:
    labels: dict[int, list[int]] = {}
    found: dict[int, tuple] = {}
    for pk, uuid, image, item, user, current, label in rows:
        found[pk] = (str(UUID(str(uuid))), image, item, user, bool(current))
        labels.setdefault(pk, []).extend([label] if label is not None else [])
    return [
        Answer(uuid, image, item, user, tuple(sorted(labels[pk])), current)
        for pk, (uuid, image, item, user, current) in found.items()
    ]


def integrity(url: str) -> str:
    """What SQLite says of its own file; "ok" for a server, which checks its pages itself."""
    if not url.startswith("sqlite"):
        return "ok"
    with asking(url) as ask:
        return "; ".join(line for (line,) in ask("PRAGMA integrity_check"))
