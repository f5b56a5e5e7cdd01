"""The rows of any Parquet file, as far as they can be cells of a table.

Hugging Face keeps a picture as a struct of `bytes` and `path`, and a class as its number, with the
names in the schema's metadata. Only the columns that are asked for are read, some rows at a time.
Source: Hugging Face hub, "Image Dataset"; `datasets`, "Dataset features".
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from labeler.formats.columns import MOST, PATHS, plain
from labeler.formats.record import BadFile

MAGIC = b"PAR1"
AT_ONCE = 256  # rows
PICTURES_AT_ONCE = 16
BYTES = ("image", "img", "bytes", "image bytes", "picture", "photo", "jpg", "jpeg", "png", "webp")
ENDINGS = (
    (b"\x89PNG", ".png"), (b"GIF8", ".gif"), (b"BM", ".bmp"), (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"), (b"RIFF", ".webp"),
)  # fmt: skip


class Names(str):
    """Label names in a cell that nobody needs to split. As text it is what a person may read."""

    each: tuple[str, ...]

    @classmethod
    def of(cls, each: list[str]) -> "Names":
        shown = cls(each[0] if len(each) == 1 else json.dumps(each, ensure_ascii=False))
        shown.each = tuple(each)
        return shown


@dataclass(frozen=True, slots=True)
class Image:
    """Where a file keeps its pictures. `data`, `path`: columns, by their dotted names, or ""."""

    name: str  # the column's, as people see it
    data: str = ""
    path: str = ""


def opened(file: IO[bytes]) -> Any:
    """pyarrow's ParquetFile, which leaves `file` open. Raises BadFile."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file.seek(0)
    try:
        return pq.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _broken(error) from error


def batches(
    parquet: Any, columns: list[str], rows: int = AT_ONCE
) -> Iterator[list[dict[str, Any]]]:
    """Some rows at a time, with the columns asked for. Raises BadFile."""
    import pyarrow as pa

    try:
        for batch in parquet.iter_batches(batch_size=rows, columns=columns):
            yield batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise _broken(error) from error


def _broken(error: Exception) -> BadFile:
    words = (str(error).splitlines() or [""])[0].strip(" .")[:200]
    return BadFile(f"The Parquet file is broken: {words}.", "Write it again, and import that.")


def rows(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number, cells by column) of each row; a picture's cell is its name. Raises BadFile."""
    parquet = opened(file)
    schema = parquet.schema_arrow
    image, classes = image_of(schema), class_names(schema)
    own = {image.name, image.path.partition(".")[0]} if image else set()
    kept = [f.name for f in schema if f.name not in own and _is_cell(f.type)][:MOST]
    wanted = [*kept, *([image.path] if image and image.path else [])]
    namer = _Namer(parquet, image)
    number = 0
    for batch in batches(parquet, wanted or schema.names[:1]):
        for row in batch:
            number += 1
            first = {image.name: namer.name(row, number)} if image else {}
            yield (
                number,
                first
                | {
                    name: _told(row[name], classes[name]) if name in classes else _cell(row[name])
                    for name in kept
                },
            )


def pictures(file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of the pictures inside, named as in `rows`. Raises BadFile."""
    parquet = opened(file)
    image = image_of(parquet.schema_arrow)
    if image is None or not image.data:
        return
    namer = _Namer(parquet, image)
    wanted = [image.data, *([image.path] if image.path else [])]
    number = 0
    for batch in batches(parquet, wanted, PICTURES_AT_ONCE):
        for row in batch:
            number += 1
            data = _at(row, image.data)
            if data:
                yield namer.name(row, number), data


def image_of(schema: Any) -> Image | None:
    """The column of pictures: Hugging Face's struct, or bytes beside a column of paths."""
    import pyarrow as pa

    for field in schema:
        inner = {f.name for f in field.type} if pa.types.is_struct(field.type) else set()
        if "path" in inner or "bytes" in inner:
            data, path = (
                f"{field.name}.{key}" if key in inner else "" for key in ("bytes", "path")
            )
            return Image(field.name, data, path)
    paths = [f.name for f in schema if _is_text(f.type) and plain(f.name) in PATHS]
    for field in schema:
        if _is_bytes(field.type) and plain(field.name) in BYTES:
            return Image(paths[0] if paths else field.name, field.name, paths[0] if paths else "")
    return None


class _Namer:
    """Names for pictures: their paths, or their numbers where they have none."""

    def __init__(self, parquet: Any, image: Image | None) -> None:
        self._path = image.path if image else ""
        first = next(batches(parquet, [image.data], 1), []) if image and image.data else []
        data = (_at(first[0], image.data) if image and first else None) or b""
        self._ending = next((end for magic, end in ENDINGS if data.startswith(magic)), ".jpg")

    def name(self, row: dict[str, Any], number: int) -> str:
        path = _at(row, self._path) if self._path else None
        return str(path) if path else f"image-{number:06d}{self._ending}"


def _at(row: dict[str, Any], dotted: str) -> Any:
    """What the row holds in a column, or in a field of its struct."""
    if dotted in row:
        return row[dotted]
    name, _, key = dotted.rpartition(".")
    held = row.get(name)
    return held.get(key) if isinstance(held, dict) else None


def class_names(schema: Any) -> dict[str, list[str]]:
    """The names of the classes by column, as Hugging Face's metadata tells them."""
    try:
        told = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = told["info"]["features"].items()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    found = {name: _class_names(feature) for name, feature in features}
    return {name: names for name, names in found.items() if names}


def _class_names(feature: Any) -> list[str]:
    feature = feature[0] if isinstance(feature, list) and feature else feature
    if isinstance(feature, dict) and isinstance(feature.get("feature"), dict):
        feature = feature["feature"]
    names = feature.get("names") if isinstance(feature, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []


def _told(held: Any, names: list[str]) -> Any:
    """The names of classes instead of their numbers; -1 says that nobody answered."""
    if held is None or held == -1:
        return None
    each = held if isinstance(held, list) else [held]
    return Names.of([_name(number, names) for number in each])


def _name(number: Any, names: list[str]) -> str:
    known = type(number) is int and 0 <= number < len(names)
    return names[number] if known else str(number)


def _cell(held: Any) -> Any:
    if isinstance(held, list):
        return Names.of([str(each) for each in held])
    return held if held is None or isinstance(held, str | int | float | bool) else str(held)


def _is_cell(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind = kind.value_type
    return not (pa.types.is_nested(kind) or _is_bytes(kind))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
