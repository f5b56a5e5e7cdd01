"""What the model says of a chunk of pictures: the rows that a batch prediction stores."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from labeler.pools import names
from labeler.pools.refusing import Refused
from labeler.pools.sources import Entry
from labeler.serving import material
from labeler.serving.batches import MOST
from labeler.serving.chunks import Chunk, Prepared, Ready
from labeler.serving.loaded import Loaded, Said
from labeler.serving.models import BatchPrediction
from labeler.serving.results import Row
from labeler.training.models import ModelVersion

SCORES = 100  # of the likeliest labels that a row tells

Thumbs = dict[int, bytes]


def rows_of(
    batch: BatchPrediction, chunk: Chunk, loaded: Loaded, beat: Callable[[], None]
) -> tuple[list[Row], Thumbs]:
    """A row for each picture of the chunk, and the small pictures by the number of their row."""
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
    return rows, thumbs


def added(batch: BatchPrediction, rows: list[Row]) -> dict[str, Any]:
    """The batch's figures with these rows."""
    good = [row for row in rows if "error" not in row]
    counts = Counter(batch.counts)
    counts.update(label for row in good for label in row["labels"])
    return {
        "judged": batch.judged + len(good),
        "refused": batch.refused + len(rows) - len(good),
        "unknown": batch.unknown + sum(row["unknown"] for row in good),
        "counts": dict(counts),
    }


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
