"""A large batch prediction is cut into pieces, which any worker takes, in any order."""

import pytest

from labeler.serving import judging, orders, pieces, results
from labeler.serving.models import BatchPiece, BatchPrediction
from labeler.training import versions
from labeler.work import leases
from tests.pools.conftest import zipped
from tests.serving.taught import ROWS, send, stripes, teach, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def taught(project, monkeypatch):
    teach(project)
    monkeypatch.setattr(pieces, "ROWS", 3)
    monkeypatch.setattr("labeler.serving.chunks.FILES", 2)
    return project


def cut(batch):
    """What the worker does that takes the batch itself."""
    judging.run(leases.claim(BatchPrediction, batch.pk))
    batch.refresh_from_db()
    return list(batch.pieces.order_by("number"))


def judge(piece):
    row = leases.claim(BatchPiece, piece.pk)
    pieces.run(row)
    row.refresh_from_db()
    return row


def told(batch):
    batch.refresh_from_db()
    return batch.state, [row["name"] for row in results.rows(batch)]


def judgements(batch):
    """What is said of each; scores may differ in the last digit with who is judged beside."""
    return [(row["name"], row.get("labels"), "error" in row) for row in results.rows(batch)]


def names(count):
    return [name for name, _ in stripes(count)]


def test_rows_come_in_order_whoever_judges_first(taught, admin):
    batch = send(taught, admin, [*stripes(7), ("zz.png", b"no picture")])
    made = cut(batch)
    assert [(piece.number, piece.rows) for piece in made] == [(0, 3), (3, 3), (6, 2)]
    assert (batch.state, batch.lease_until, leases.claim(BatchPrediction)) == (
        "running",
        None,
        None,
    )
    for piece in (made[2], made[0]):
        judge(piece)
    assert told(batch) == ("running", [*names(3), "106.png", "zz.png"])
    judge(made[1])
    assert told(batch) == ("done", [*names(7), "zz.png"])
    assert (batch.judged, batch.refused, batch.total) == (7, 1, 8)
    assert sum(batch.counts.values()) + batch.unknown == 7
    alone = work(send(taught, admin, [*stripes(7), ("zz.png", b"no picture")]))
    assert judgements(alone) == judgements(batch)
    assert alone.counts == batch.counts


def test_the_pool_is_cut_too_and_an_archive_is_one_piece(taught, admin):
    pool = orders.of_pool(taught, admin)
    for piece in reversed(cut(pool)):
        judge(piece)
    state, found = told(pool)
    assert (state, len(found), len(set(found))) == ("done", ROWS, ROWS)
    archive = send(taught, admin, [("a.zip", zipped(stripes(9))), *stripes(4, 200)])
    assert [piece.rows for piece in cut(archive)] == [9, 3, 1]


def test_a_worker_that_dies_costs_no_row_and_doubles_none(taught, admin, monkeypatch):
    batch = send(taught, admin, stripes(6))
    first, second = cut(batch)
    late = leases.claim(BatchPiece, first.pk)
    write = results.write

    def overtaken(*arguments, **named):
        monkeypatch.setattr(results, "write", write)
        BatchPiece.objects.filter(pk=first.pk).update(state="due", lease_until=None)
        judge(first)
        write(*arguments, **named)

    monkeypatch.setattr(results, "write", overtaken)
    with pytest.raises(leases.LeaseLost):
        pieces.run(late)
    judge(second)
    assert told(batch) == ("done", names(6))


def test_a_long_piece_gives_way_and_goes_on(taught, admin, monkeypatch):
    monkeypatch.setattr(pieces, "TURN_SECONDS", 0.0)
    batch = send(taught, admin, stripes(6))
    first, second = cut(batch)
    send(taught, admin, stripes(1))
    row = judge(first)
    assert (row.state, row.done, row.attempts) == ("due", 2, 0)
    BatchPiece.objects.filter(pk=first.pk).update(not_before=None)
    BatchPrediction.objects.exclude(pk=batch.pk).delete()
    judge(second)
    judge(first)
    assert told(batch) == ("done", names(6))


def test_a_cancelled_one_stops_at_the_next_chunk(taught, admin):
    batch = send(taught, admin, stripes(6))
    first, second = cut(batch)
    judge(second)
    orders.cancel(batch)
    assert judge(first).state == "cancelled"
    assert told(batch) == ("cancelled", names(6)[3:])


def test_a_failed_one_goes_on_where_it_stopped(taught, admin, monkeypatch):
    batch = send(taught, admin, stripes(6))
    first, second = cut(batch)
    judge(first)
    with monkeypatch.context() as broken:

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        broken.setattr("labeler.pools.storage.save_many", full)
        assert judge(second).state == "failed"
    batch.refresh_from_db()
    assert (batch.state, "No space left" in batch.error) == ("failed", True)
    orders.again(batch)
    assert [piece.state for piece in cut(batch)] == ["done", "due"]
    judge(second)
    assert told(batch) == ("done", names(6))


def test_a_piece_that_kills_its_workers_fails_its_batch(taught, admin):
    batch = send(taught, admin, stripes(6))
    first, _ = cut(batch)
    for _ in range(leases.MOST_ATTEMPTS):
        assert leases.claim(BatchPiece, first.pk)
        BatchPiece.objects.filter(pk=first.pk).update(lease_until="2000-01-01T00:00Z")
    assert leases.claim(BatchPiece, first.pk) is None
    pieces.find()
    batch.refresh_from_db()
    assert (batch.state, "died" in batch.error) == ("failed", True)


def test_a_model_that_is_gone_fails_the_whole(taught, admin):
    batch = send(taught, admin, stripes(6))
    first, second = cut(batch)
    versions.serving(taught).delete()
    assert judge(first).state == "failed"
    assert judge(second).state == "cancelled"
    batch.refresh_from_db()
    assert (batch.state, "was deleted" in batch.error) == ("failed", True)
