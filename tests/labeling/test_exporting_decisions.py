"""The decision log: every answer with what was known when it was given."""

import csv
import io
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from labeler.labeling import annotations, exporting, queue
from labeler.labeling.selection import Selection
from labeler.projects.models import Label, Project


@pytest.fixture
def decided(ranked, annotator, reviewer, answer):
    """An answer, one that is undone, and one that a reviewer mends."""
    Project.objects.filter(pk=ranked.pk).update(audit_share=0)
    ranked.audit_share = 0
    items = queue.claim(project=ranked, user=annotator, count=3)
    answer(annotator, items[0], "rust", elapsed_ms=640)
    undone = answer(annotator, items[1], "mildew")
    annotations.undo(project=ranked, user=annotator, uuid=undone.annotation.uuid)
    mended = answer(annotator, items[2], "rust")
    label = Label.objects.get(project=ranked, name="healthy")
    annotations.review(
        project=ranked, user=reviewer, image=mended.annotation.image, uuid=uuid4(),
        label_ids=[label.pk],
    )  # fmt: skip
    return ranked


def test_the_log_holds_the_whole_history(decided):
    text = b"".join(exporting.FORMATS["decisions.csv"].pieces(decided)).decode()
    told = list(csv.DictReader(io.StringIO(text)))
    assert [(r["person"], r["kind"], r["labels"], r["current"]) for r in told] == [
        ("annotator", "labels", "rust", "yes"),
        ("annotator", "labels", "mildew", "no"),
        ("annotator", "undo", "", "no"),
        ("annotator", "labels", "rust", "no"),
        ("reviewer", "labels", "healthy", "yes"),
    ]
    first, _, undo, *_ = told
    assert (first["strategy"], first["score"], first["rank"]) == ("margin", "0.9", "0")
    assert (first["model_version"], first["elapsed_ms"]) == ("3", "640")
    assert (first["suggestion_shown"], first["suggestion"]) == ("yes", "rust")
    assert first["suggestion_confidence"] == "0.5"
    assert undo["supersedes"] == told[1]["answer"]
    assert len(first["sha256"]) == 64


def test_the_log_as_parquet_holds_the_same_with_types(decided):
    data = b"".join(exporting.FORMATS["decisions.parquet"].pieces(decided))
    table = pq.read_table(io.BytesIO(data)).to_pylist()
    assert [row["labels"] for row in table] == [["rust"], ["mildew"], [], ["rust"], ["healthy"]]
    assert table[0]["suggestion_shown"] is True
    assert table[0]["elapsed_ms"] == 640
    assert table[0]["answered_at"].tzinfo is not None


def test_the_log_of_one_person(decided, reviewer):
    data = exporting.FORMATS["decisions.csv"].pieces(decided, Selection(people=(reviewer.pk,)))
    assert len(b"".join(data).splitlines()) == 2
