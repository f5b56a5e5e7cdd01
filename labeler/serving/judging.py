"""Working on a batch prediction: list the pictures, judge them chunk by chunk.

Every chunk's rows are stored together with the position after it. A worker that dies leaves a row
whose lease runs out; the next one goes on at the position.
"""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import OperationalError
from django.db.models.functions import Now

from labeler.pools import names, staging
from labeler.pools.refusing import ImportFailed, Refused
from labeler.pools.remote import addresses
from labeler.pools.sources import Entry
from labeler.serving import chunks, material, orders, results
from labeler.serving.batches import MOST
from labeler.serving.chunks import Chunk, Prepared, Ready
from labeler.serving.loaded import Loaded, Said
from labeler.serving.models import BatchPrediction
from labeler.training.models import ModelVersion
from labeler.training.versions import ModelDamaged
from labeler.work import leases
from labeler.work.kinds import CHORES, KINDS
from labeler.work.messages import nudge
from ml.features import FeaturesDamaged

TURN_SECONDS = 30.0  # then other work that waits has a turn
SCORES = 100  # of the likeliest labels that a row tells

Watcher = Callable[[BatchPrediction], None]


def run(
    batch: BatchPrediction, *, watch: Watcher = lambda batch: None, patient: bool = True
) -> None:
    """Work on a claimed batch until it is done, has failed, or others want a turn.

    `watch` is called after each chunk. `patient`: give the row back where other work waits.
    Raises LeaseLost where it was cancelled or taken over.
    """
    try:
        loaded = _loaded(batch)
        _count(batch, loaded)
        if _judge_all(batch, loaded, watch, patient):
            leases.finish(batch, total=batch.read, error="")
            staging.clear(material.key(batch.pk))
            _let_go()
    except ImportFailed as error:
        leases.finish(batch, BatchPrediction.State.FAILED, error=str(error))
    except OperationalError as error:
        leases.retry(batch, f"The database did not take it: {error}", seconds=5)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        words = f"{error.strerror or error}{where}. Put that right, then press Try again."
        leases.finish(batch, BatchPrediction.State.FAILED, error=words)


# ---- The model --------------------------------------------------------------------------------


_kept: list[tuple[int, Loaded]] = []  # of the last batch, which may have given way


def _loaded(batch: BatchPrediction) -> Loaded:
    """The batch's version, loaded once for as long as this process works on it."""
    version = batch.version
    if version is None:
        raise ImportFailed(
            f"Model version {batch.version_number} was deleted. Start again with another one."
        )
    version.project = batch.project
    if not _kept or _kept[0][0] != batch.pk:
        _let_go()
        with leases.keeping(batch):
            _kept.append((batch.pk, _load(version)))
    return _kept[0][1]


def _let_go() -> None:
    while _kept:
        _kept.pop()[1].close()


def _load(version: ModelVersion) -> Loaded:
    try:
        return Loaded(version)
    except (ModelDamaged, FeaturesDamaged, FileNotFoundError, ValueError) as error:
        raise ImportFailed(
            f"Model version {version.number} cannot be loaded: {error} Train, then start again."
        ) from error


# ---- Looking ----------------------------------------------------------------------------------


def _count(batch: BatchPrediction, loaded: Loaded) -> None:
    """List what there is and settle the total."""
    beat, cursor = chunks.beating(batch), batch.cursor
    if batch.total is not None:
        return
    if not cursor.get("listed"):
        cursor |= {"until": material.last_image(batch)}
        if len(loaded.names) <= SCORES:
            cursor |= {"names": loaded.names}
        material.list_files(batch, beat)
        shown = [addresses.shown(place) for place in batch.places]  # the index has them whole
        leases.renew(batch, cursor=cursor | {"listed": True}, places=shown, sealed=True)
    total = material.count(batch, beat)
    if not total:
        raise ImportFailed("There was no picture to judge. Name a place that holds some.")
    leases.renew(batch, total=total)


# ---- Judging ----------------------------------------------------------------------------------


def _judge_all(batch: BatchPrediction, loaded: Loaded, watch: Watcher, patient: bool) -> bool:
    """Judge the chunks from the position on; False where the row was given back half-way."""
    until = time.monotonic() + TURN_SECONDS
    for chunk in chunks.of(batch, loaded):
        _store(batch, chunk, loaded)
        watch(batch)
        if patient and time.monotonic() > until and _others_wait():
            # Behind those that wait by now: the oldest row is taken first.
            leases.yield_back(batch, not_before=Now() + timedelta(seconds=1))
            nudge(orders.KIND)
            return False
    return True


def _others_wait() -> bool:
    kinds = [kind for kind in KINDS.values() if kind.queue == CHORES]
    return any(leases.due(kind.model).exists() for kind in kinds)


def _store(batch: BatchPrediction, chunk: Chunk, loaded: Loaded) -> None:
    """Judge the chunk's pictures and store their rows with the position after them."""
    beat = chunks.beating(batch)
    ready = []
    for each in chunk.ready:
        ready.append(each)
        beat()
    pictures = [each.pixels for each in ready if isinstance(each, Ready)]
    said = iter(_said(batch, loaded, pictures, beat))
    rows = [
        _row(batch, entry, each, next(said) if isinstance(each, Ready) else None)
        for entry, each in zip(chunk.entries, ready, strict=True)
    ]
    thumbs = {
        number: each.thumb
        for number, each in enumerate(ready, chunk.first)
        if isinstance(each, Ready) and each.thumb
    }
    results.write(batch, rows, thumbs, **_progress(batch, chunk, rows))


def _said(
    batch: BatchPrediction, loaded: Loaded, pictures: list[Prepared], beat: Callable[[], None]
) -> list[Said]:
    """What the model says, under the thresholds as they were when the batch was asked for."""
    version = ModelVersion(
        project=batch.project, label_ids=loaded.version.label_ids, thresholds=batch.thresholds
    )
    said: list[Said] = []
    for start in range(0, len(pictures), MOST):
        rows = loaded.batches.judged(pictures[start : start + MOST])
        said += loaded.said(rows, version)
        beat()
    return said


def _row(
    batch: BatchPrediction, entry: Entry, ready: Ready | Refused, said: Said | None
) -> dict[str, Any]:
    """A row of the results, as JSON Lines tell it."""
    row: dict[str, Any] = {"name": names.clean(entry.shown)}
    if address := material.address_of(entry):
        row["address"] = address
    if batch.source == BatchPrediction.Source.POOL:
        row["image"] = entry.position[0]
    if isinstance(ready, Refused):
        why = {"code": ready.code, "reason": ready.reason, "remedy": ready.remedy}
        return row | {"error": why}
    assert said
    scores = dict(list(said.scores.items())[:SCORES])
    return row | {
        "width": ready.width,
        "height": ready.height,
        "format": ready.format,
        "labels": list(said.labels),
        "unknown": said.unknown,
        "confidence": next(iter(scores.values()), None),
        "scores": scores,
        "model_version": batch.version_number,
    }


def _progress(batch: BatchPrediction, chunk: Chunk, rows: list[dict[str, Any]]) -> dict[str, Any]:
    good = [row for row in rows if "error" not in row]
    counts = Counter(batch.counts)
    counts.update(label for row in good for label in row["labels"])
    cursor = batch.cursor | {"at": chunk.after, "parts": batch.cursor.get("parts", 0) + 1}
    return {
        "judged": batch.judged + len(good),
        "refused": batch.refused + len(rows) - len(good),
        "unknown": batch.unknown + sum(row["unknown"] for row in good),
        "counts": dict(counts),
        "cursor": cursor,
        "attempts": 0,  # it moves on: only a chunk that kills its workers counts against it
    }
