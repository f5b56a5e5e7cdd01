"""A large batch prediction in pieces: rows of work of their own, which all workers take.

The batch itself is running meanwhile and nobody holds it. Whoever finishes the last piece
finishes the batch. Its figures grow with every chunk, whoever judges it.
"""

import time
from datetime import timedelta
from functools import partial

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from labeler.pools import staging
from labeler.pools.refusing import ImportFailed
from labeler.serving import chunks, held, judged, material, orders, results
from labeler.serving.chunks import Chunk, Stretch
from labeler.serving.loaded import Loaded
from labeler.serving.material import Mark
from labeler.serving.models import BatchPiece, BatchPrediction
from labeler.serving.results import Row
from labeler.work import leases
from labeler.work.kinds import CHORES, KINDS
from labeler.work.messages import nudge

ROWS = 512  # some seconds of work; an archive is one piece, however many it holds
TURN_SECONDS = 30.0  # then other work that waits has a turn

State = BatchPrediction.State


def spread(batch: BatchPrediction, marks: list[Mark]) -> None:
    """Cut the batch at the marks and let go of it; any worker takes the pieces."""
    ends = [*(mark.row for mark in marks[1:]), batch.total or 0]
    rows = [
        BatchPiece(of=batch, number=mark.row, rows=end - mark.row, at=mark.at)
        for mark, end in zip(marks, ends, strict=True)
    ]
    with leases.publishing(batch):
        BatchPiece.objects.bulk_create(rows, batch_size=500)
        leases.rest(batch, State.RUNNING)
    nudge(orders.PIECE)


def go_on(batch: BatchPrediction) -> bool:
    """Let the pieces that are not done be taken again; False where there are none at all."""
    mine = BatchPiece.objects.filter(of=batch)
    if not mine.exists():
        return False
    with leases.publishing(batch):
        mine.filter(state__in=(State.FAILED, State.CANCELLED)).update(
            state=State.DUE, attempts=0, not_before=None, finished_at=None, error=""
        )
        leases.rest(batch, State.RUNNING)
        _close(batch)
    nudge(orders.PIECE)
    return True


def run(piece: BatchPiece) -> None:
    """Judge what is left of a claimed piece. Raises LeaseLost; whatever a retry may heal."""
    batch = piece.of
    if batch.state != State.RUNNING:  # cancelled, or failed elsewhere
        leases.finish(piece, State.CANCELLED)
        return
    try:
        _judge(batch, piece, held.model(batch, piece))
    except ImportFailed as error:
        _end(batch, piece, str(error))
    except OSError as error:
        _end(batch, piece, words(error))


def _end(batch: BatchPrediction, piece: BatchPiece, why: str) -> None:
    leases.finish(piece, State.FAILED, error=why)
    _fail(batch, why)
    held.let_go()


def words(error: OSError) -> str:
    """What to tell the people who wait where a disk or a store failed."""
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}. Put that right, then press Try again."


def _judge(batch: BatchPrediction, piece: BatchPiece, loaded: Loaded) -> None:
    line, member = piece.at
    first, left = piece.number + piece.done, piece.rows - piece.done
    stretch = Stretch((line, member), first, left, chunks.beating(piece))
    until = time.monotonic() + TURN_SECONDS
    for chunk in chunks.of(batch, loaded, stretch):
        rows, thumbs = judged.rows_of(batch, chunk, loaded, stretch.beat)
        results.write(
            batch, rows, thumbs, number=chunk.first, by=piece,
            then=partial(_note, piece, chunk, rows),
        )  # fmt: skip
        if time.monotonic() > until and piece.done < piece.rows and others_wait(but=orders.PIECE):
            leases.yield_back(piece, not_before=Now() + timedelta(seconds=1))
            return
    with leases.publishing(piece):
        leases.finish(piece)
        is_over = _close(_locked(batch.pk))
    if is_over:
        staging.clear(material.key(batch.pk))
    if not leases.due(BatchPiece).filter(of=batch).exists():
        held.let_go()


def others_wait(*, but: str = "") -> bool:
    """Whether other chores are due; `but` names a kind that does not count."""
    kinds = [kind for kind in KINDS.values() if kind.queue == CHORES and kind.name != but]
    return any(leases.due(kind.model).exists() for kind in kinds)


def _note(piece: BatchPiece, chunk: Chunk, rows: list[Row]) -> None:
    """The piece's position and the batch's figures, in the transaction that adds the part."""
    batch = _locked(piece.of_id)
    if batch.state != State.RUNNING:
        raise leases.LeaseLost(f"{batch} is no longer running")
    BatchPrediction.objects.filter(pk=batch.pk).update(**judged.added(batch, rows))
    done = piece.done + len(rows)
    leases.renew(piece, at=chunk.after, done=done, attempts=0)


def _locked(pk: int) -> BatchPrediction:
    return BatchPrediction.objects.select_for_update(no_key=True).get(pk=pk)


def _close(batch: BatchPrediction) -> bool:
    """Finish the batch if no piece is left; whether it is over."""
    if BatchPiece.objects.filter(of=batch).exclude(state=State.DONE).exists():
        return False
    running = BatchPrediction.objects.filter(pk=batch.pk, state=State.RUNNING)
    return bool(running.update(state=State.DONE, finished_at=Now(), error="", total=batch.read))


def _fail(batch: BatchPrediction, why: str) -> None:
    running = BatchPrediction.objects.filter(pk=batch.pk, state=State.RUNNING)
    running.update(state=State.FAILED, finished_at=Now(), lease_until=None, error=why)


def find() -> None:
    """Let a batch fail whose piece failed: it killed its workers, or failed at every try."""
    failed = BatchPiece.objects.filter(of=OuterRef("pk"), state=State.FAILED)
    for batch in BatchPrediction.objects.filter(Exists(failed), state=State.RUNNING):
        piece = batch.pieces.filter(state=State.FAILED).order_by("number").first()
        _fail(batch, piece.error if piece else "")
