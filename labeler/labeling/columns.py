"""Rows as Parquet, sent while they are written."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import IO, Any

from labeler.formats import parquet as parquet_file
from labeler.formats.parquet import Picture
from labeler.formats.record import Record

GROUP = 5_000  # rows of a row group; they are held in memory


class Outlet:
    """A file that can only be written to; `taken` gives what was written since."""

    closed = False

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self._at = 0

    def write(self, data: bytes) -> int:
        piece = bytes(data)
        self._written.append(piece)
        self._at += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data, self._written = b"".join(self._written), []
        return data

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


def decisions() -> Any:
    """The schema of the decision log."""
    import pyarrow as pa  # ten times as large as all the rest of this page's code

    text, flag = pa.string(), pa.bool_()
    return pa.schema(
        [
            ("answer", pa.int64()), ("image", pa.int64()), ("name", text), ("sha256", text),
            ("person", text), ("answered_at", pa.timestamp("us", tz="UTC")), ("kind", text),
            ("labels", pa.list_(text)), ("skip", text), ("source", text), ("strategy", text),
            ("score", pa.float64()), ("rank", pa.int64()), ("audit", flag), ("gold", flag),
            ("model_version", pa.int64()), ("suggestion_shown", flag),
            ("suggestion", pa.list_(text)), ("suggestion_confidence", pa.float64()),
            ("elapsed_ms", pa.int64()), ("current", flag), ("supersedes", pa.int64()),
        ]
    )  # fmt: skip


def images(
    records: Iterable[Record], labels: Sequence[str], *, multi: bool, picture: Picture | None
) -> Iterator[bytes]:
    """A Parquet file of images with their labels, in pieces; `picture` gives their bytes."""
    outlet = Outlet()
    sink: IO[bytes] = outlet  # type: ignore[assignment]
    for _ in parquet_file.written(records, labels, sink, multi=multi, picture=picture):
        yield outlet.taken()
    yield outlet.taken()


def table(rows: Iterable[dict[str, Any]], schema: Any) -> Iterator[bytes]:
    """A Parquet file of the rows, in pieces of one row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    outlet = Outlet()
    sink: IO[bytes] = outlet  # type: ignore[assignment]
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in _groups(rows):
            writer.write_table(pa.Table.from_pylist(group, schema))
            yield outlet.taken()
    yield outlet.taken()


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """As many rows as fit into memory at once."""
    rows = iter(rows)
    while group := list(islice(rows, GROUP)):
        yield group
