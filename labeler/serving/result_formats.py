"""The results of a batch prediction as files: CSV, JSON Lines, Vertex AI's lines, Parquet.

All of them are made row by row while they are sent: memory stays flat.
"""

import csv
import json
import mimetypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from labeler.formats.text import Echo
from labeler.labeling import columns, tables
from labeler.projects.models import Label
from labeler.serving import results
from labeler.serving.models import BatchPrediction
from labeler.serving.results import Row
from ml.images import MEDIA_TYPES

PIECE = 1 << 16  # bytes that are sent at once
INVALID_ARGUMENT = 3  # of google.rpc.Code: what Vertex says of pictures it cannot judge
TELLING = ("name", "address", "image", "label", "confidence", "unknown")
REFUSING = ("error_code", "error", "remedy")


@dataclass(frozen=True)
class Format:
    """A form of the results."""

    key: str
    name: str
    type: str
    ending: str
    pieces: Callable[[BatchPrediction], Iterator[bytes]]

    def file_name(self, batch: BatchPrediction) -> str:
        return f"predictions-{batch.project_id}-{batch.number}{self.ending}"


def _joined(lines: Iterator[str]) -> Iterator[bytes]:
    """Many short pieces as fewer: each one sent costs the server a call."""
    waiting: list[str] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= PIECE:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


def csv_pieces(batch: BatchPrediction) -> Iterator[bytes]:
    """A line per picture; a column per label with its probability, of up to 100 labels.

    Cells that a spreadsheet would run as formulas get a quote.
    """
    return _joined(_csv_lines(batch))


def _csv_lines(batch: BatchPrediction) -> Iterator[str]:
    writer = csv.writer(Echo())
    labels = batch.cursor.get("names", [])
    yield writer.writerow([*TELLING, *REFUSING, *(f"p({label})" for label in labels)])
    for row in results.rows(batch):
        scores = row.get("scores", {})
        cells = [*_told(row), *(scores.get(label, "") for label in labels)]
        yield writer.writerow([tables.cell(cell) for cell in cells])


def _told(row: Row) -> list[Any]:
    why = row.get("error", {})
    return [
        row["name"], row.get("address"), row.get("image"), row.get("labels"),
        row.get("confidence"), row.get("unknown"),
        why.get("code"), why.get("reason"), why.get("remedy"),
    ]  # fmt: skip


def json_pieces(batch: BatchPrediction) -> Iterator[bytes]:
    """The rows as they are stored."""
    return _joined(results.lines(batch))


def vertex_pieces(batch: BatchPrediction) -> Iterator[bytes]:
    """The shape of Vertex AI's batch predictions of images: {"instance", "prediction"} a line.

    A picture that was not judged has an `error` of google.rpc.Status in place of the prediction.
    Sources: Vertex AI, "Interpret prediction results from image classification models";
    `BatchPredictionJob.OutputConfig` of its API.
    """
    numbers = _ids(batch)
    told = (_vertex(row, numbers) for row in results.rows(batch))
    return _joined(json.dumps(each, ensure_ascii=False) + "\n" for each in told)


def _ids(batch: BatchPrediction) -> dict[str, int]:
    """{name: id} of the project's labels as they are called now."""
    mine = Label.objects.filter(project=batch.project_id, merged_into=None)
    return dict(mine.values_list("name", "pk"))


def _vertex(row: Row, numbers: dict[str, int]) -> Row:
    content = row.get("address") or row["name"]
    kind = MEDIA_TYPES.get(row.get("format", "")) or mimetypes.guess_type(content)[0]
    instance = {"content": content, "mimeType": kind or "application/octet-stream"}
    if why := row.get("error"):
        words = f"{why['reason']} {why['remedy']}"
        return {"instance": instance, "error": {"code": INVALID_ARGUMENT, "message": words}}
    scores = row["scores"]
    prediction = {
        "ids": [numbers.get(name, 0) for name in scores],
        "displayNames": list(scores),
        "confidences": list(scores.values()),
    }
    return {"instance": instance, "prediction": prediction}


def parquet_pieces(batch: BatchPrediction) -> Iterator[bytes]:
    """A row per picture with typed columns; the scores are a list of (label, p)."""
    import pyarrow as pa  # larger than all the rest of this program's code

    text = pa.string()
    score = pa.struct([("label", text), ("p", pa.float64())])
    schema = pa.schema(
        [
            ("name", text), ("address", text), ("image", pa.int64()), ("width", pa.int32()),
            ("height", pa.int32()), ("labels", pa.list_(text)), ("confidence", pa.float64()),
            ("unknown", pa.bool_()), ("scores", pa.list_(score)), ("model_version", pa.int64()),
            ("error_code", text), ("error", text), ("remedy", text),
        ]
    )  # fmt: skip
    return columns.table((_flat(row) for row in results.rows(batch)), schema)


def _flat(row: Row) -> Row:
    why = row.get("error", {})
    scores = row.get("scores")
    pairs = scores and [{"label": label, "p": p} for label, p in scores.items()]
    wrong = {"error_code": why.get("code"), "error": why.get("reason"), "remedy": why.get("remedy")}
    return row | {"scores": pairs} | wrong


FORMATS = {
    each.key: each
    for each in (
        Format("csv", "CSV", "text/csv; charset=utf-8", ".csv", csv_pieces),
        Format("jsonl", "JSON Lines", "application/jsonl", ".jsonl", json_pieces),
        Format(
            "vertex", "Vertex AI JSON Lines", "application/jsonl", ".vertex.jsonl", vertex_pieces
        ),
        Format("parquet", "Parquet", "application/vnd.apache.parquet", ".parquet", parquet_pieces),
    )
}
