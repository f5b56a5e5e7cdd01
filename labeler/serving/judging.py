"""Working on a batch prediction: list the pictures, judge them chunk by chunk.

A large one is cut into pieces, for all workers at once (`pieces`); a small one is worked on here.
Every chunk's rows are stored together with the position after it. A worker that dies leaves a row
whose lease runs out; the next one goes on at the position.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import OperationalError
from django.db.models.functions import Now

from labeler.pools import staging
from labeler.pools.refusing import ImportFailed
from labeler.pools.remote import addresses
from labeler.serving import chunks, held, judged, material, orders, pieces, results
from labeler.serving.chunks import Chunk
from labeler.serving.loaded import Loaded
from labeler.serving.material import Mark
from labeler.serving.models import BatchPrediction
from labeler.work import leases
from labeler.work.messages import nudge

TURN_SECONDS = 30.0  # then other work that waits has a turn

Watcher = Callable[[BatchPrediction], None]


def run(
    batch: BatchPrediction, *, watch: Watcher = lambda batch: None, patient: bool = True
) -> None:
    """Work on a claimed batch until it is done, has failed, or others want a turn.

    `watch` is called after each chunk. `patient`: give the row back where other work waits.
    Raises LeaseLost where it was cancelled or taken over.
    """
    try:
        if pieces.go_on(batch):
            return
        loaded = held.model(batch, batch)
        marks = _count(batch, loaded)
        if patient and len(marks) > 1:
            pieces.spread(batch, marks)
        elif _judge_all(batch, loaded, watch, patient):
            leases.finish(batch, total=batch.read, error="")
            staging.clear(material.key(batch.pk))
            held.let_go()
    except ImportFailed as error:
        leases.finish(batch, BatchPrediction.State.FAILED, error=str(error))
    except OperationalError as error:
        leases.retry(batch, f"The database did not take it: {error}", seconds=5)
    except OSError as error:
        leases.finish(batch, BatchPrediction.State.FAILED, error=pieces.words(error))


# ---- Looking ----------------------------------------------------------------------------------


def _count(batch: BatchPrediction, loaded: Loaded) -> list[Mark]:
    """List what there is and settle the total; where pieces of it may begin, the first time."""
    beat, cursor = chunks.beating(batch), batch.cursor
    if batch.total is not None:
        return []
    if not cursor.get("listed"):
        cursor |= {"until": material.last_image(batch)}
        if len(loaded.names) <= judged.SCORES:
            cursor |= {"names": loaded.names}
        material.list_files(batch, beat)
        shown = [addresses.shown(place) for place in batch.places]  # the index has them whole
        leases.renew(batch, cursor=cursor | {"listed": True}, places=shown, sealed=True)
    total, marks = material.count(batch, beat, every=pieces.ROWS)
    if not total:
        raise ImportFailed("There was no picture to judge. Name a place that holds some.")
    leases.renew(batch, total=total)
    return marks


# ---- Judging ----------------------------------------------------------------------------------


def _judge_all(batch: BatchPrediction, loaded: Loaded, watch: Watcher, patient: bool) -> bool:
    """Judge the chunks from the position on; False where the row was given back half-way."""
    until = time.monotonic() + TURN_SECONDS
    for chunk in chunks.of(batch, loaded):
        _store(batch, chunk, loaded)
        watch(batch)
        if patient and time.monotonic() > until and pieces.others_wait():
            # Behind those that wait by now: the oldest row is taken first.
            leases.yield_back(batch, not_before=Now() + timedelta(seconds=1))
            nudge(orders.KIND)
            return False
    return True


def _store(batch: BatchPrediction, chunk: Chunk, loaded: Loaded) -> None:
    """Judge the chunk's pictures and store their rows with the position after them."""
    rows, thumbs = judged.rows_of(batch, chunk, loaded, chunks.beating(batch))
    number = batch.cursor.get("parts", 0)
    cursor = batch.cursor | {"at": chunk.after, "parts": number + 1}
    facts = judged.added(batch, rows) | {"cursor": cursor, "attempts": 0}
    results.write(batch, rows, thumbs, number=number, by=batch, then=partial(_note, batch, facts))


def _note(batch: BatchPrediction, facts: dict[str, Any]) -> None:
    """It moves on: only a chunk that kills its workers counts against it."""
    leases.renew(batch, **facts)
