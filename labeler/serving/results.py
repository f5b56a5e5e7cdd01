"""What a batch prediction found, row by row: written in parts, each whole or not there.

A part is a file of JSON lines, packed, with a row in the database that is written together with
the batch's position. A worker that dies between the two leaves a file that nothing names.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core.files.storage import default_storage

from labeler.pools import storage
from labeler.serving.models import BatchPart, BatchPrediction
from labeler.work import leases
from labeler.work.models import LeasedWork

SHOWN = 24  # rows of a preview, with thumbnails
LEVEL = 3  # of gzip

Row = dict[str, Any]


def folder(batch: BatchPrediction) -> str:
    """Where the batch's files lie in the storage."""
    return f"{batch.project_id}/batch-predictions/{batch.pk}"


def write(
    batch: BatchPrediction,
    rows: Sequence[Row],
    thumbs: dict[int, bytes],
    *,
    number: int,
    by: LeasedWork,
    then: Callable[[], None],
) -> None:
    """Add a part, and note the progress together with it. Raises LeaseLost, OSError.

    thumbs: pictures by the number of their row in the whole batch. number: parts are read in the
    order of theirs. by: the row whose worker this is. then: notes the progress.
    """
    # The lease's number keeps a worker that woke up too late from writing over its successor.
    name = f"{folder(batch)}/{number:06d}-{by.lease_no}.jsonl.gz"
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    data = gzip.compress(text.encode("utf-8", "replace"), LEVEL, mtime=0)
    pictures = [(f"{folder(batch)}/thumb-{place}", thumb) for place, thumb in thumbs.items()]
    storage.save_many([(name, data), *pictures])
    try:
        with leases.publishing(by):
            BatchPart.objects.create(of=batch, number=number, name=name, rows=len(rows))
            then()
    except leases.LeaseLost:
        default_storage.delete(name)
        raise


def lines(batch: BatchPrediction) -> Iterator[str]:
    """The rows as they are stored, one JSON object per line, in their order."""
    for name in batch.parts.order_by("number").values_list("name", flat=True).iterator():
        with (
            default_storage.open(name, "rb") as packed,
            gzip.open(packed, "rt", encoding="utf-8") as part,
        ):
            yield from part


def rows(batch: BatchPrediction) -> Iterator[Row]:
    """The rows in their order."""
    return (json.loads(line) for line in lines(batch))


def thumb(batch: BatchPrediction, place: int) -> bytes | None:
    """The small picture of a row of the preview, as WebP, or None."""
    name = f"{folder(batch)}/thumb-{place}"
    if not 0 <= place < SHOWN or not default_storage.exists(name):
        return None
    with default_storage.open(name, "rb") as file:
        return bytes(file.read())


def forget(batch: BatchPrediction) -> None:
    """Delete the files. Raises OSError."""
    storage.remove_below(folder(batch))
