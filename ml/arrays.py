"""Arrays on disk: written beside and renamed, read without trusting them.

A shard holds one row per image, in the order of the images' row numbers. A row of
NaN means that this image has none (not embedded yet, or it could not be decoded).
"""

import hashlib
import math
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ml.checks import Bools
from ml.halves import halved

SHARD = 4096

Half = npt.NDArray[np.float16]


class ArrayDamaged(Exception):
    """The file is not the array it should be; make it again from its source."""


def write_shard(path: Path | str, array: npt.ArrayLike) -> str:
    """Store up to SHARD rows as float16 and return the file's SHA-256.

    array: (n <= 4096, d) numbers; NaN rows are allowed.
    Raises: ValueError for another shape, or for a value that float16 cannot hold.
    """
    table = np.asarray(array)
    if table.ndim != 2 or len(table) > SHARD:
        raise ValueError(f"a shard is a table of at most {SHARD} rows, got shape {table.shape}")
    half = halved(table)
    if np.isinf(half).any():
        raise ValueError("a value is infinite or beyond 65504, the largest float16")
    return _write(Path(path), lambda file: np.save(file, half, allow_pickle=False))


def read_shard(path: Path | str, *, rows: int | None = None, dimensions: int | None = None) -> Half:
    """Map a shard into memory, read-only: (n, d) float16.

    rows, dimensions: what the caller knows the shape must be.
    Raises: FileNotFoundError; ArrayDamaged when the file is cut, swollen, of
        another type or another shape. Flipped bytes show only in the SHA-256.
    """
    path = Path(path)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise
    except (ValueError, OSError, EOFError, OverflowError) as error:
        raise ArrayDamaged(f"{path.name} is not a readable array: {error}") from error
    if not isinstance(array, np.memmap):
        raise ArrayDamaged(f"{path.name} is an archive of arrays, not a shard")
    _check_shard(array, path, rows, dimensions)
    return array


def _check_shard(
    array: "np.memmap[Any, Any]", path: Path, rows: int | None, dimensions: int | None
) -> None:
    if array.dtype != np.float16 or array.ndim != 2 or len(array) > SHARD:
        raise ArrayDamaged(f"{path.name} holds {array.dtype} {array.shape}, not a shard")
    if array.offset + array.nbytes != path.stat().st_size:
        raise ArrayDamaged(f"{path.name} has bytes after its end")
    for found, wanted, what in (
        (array.shape[0], rows, "rows"),
        (array.shape[1], dimensions, "columns"),
    ):
        if wanted is not None and found != wanted:
            raise ArrayDamaged(f"{path.name} has {found} {what} where {wanted} are due")


def present(shard: npt.NDArray[Any]) -> Bools:
    """Return which rows hold an image's values, (n,) booleans."""
    return np.asarray(~np.isnan(shard[:, 0]))


def write_arrays(path: Path | str, arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """Store named number arrays in one .npz file and return its SHA-256."""
    for name, array in arrays.items():
        if np.asarray(array).dtype.kind not in "biuf":
            raise ValueError(f"array {name} holds {np.asarray(array).dtype}, not numbers")
        if name in ("file", "allow_pickle"):
            raise ValueError(f"an array cannot be called {name}: numpy's savez uses the word")
    named: dict[str, Any] = dict(arrays)
    return _write(Path(path), lambda file: np.savez(file, allow_pickle=False, **named))


def read_arrays(
    path: Path | str, expected: Mapping[str, int] | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Read the named arrays of an .npz file.

    expected: the number of dimensions each array must have, by name.
    Raises: FileNotFoundError; ArrayDamaged when the file is damaged, an array
        is missing, has another number of dimensions or holds no numbers.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ArrayDamaged(f"{path.name} is not a readable set of arrays: {error}") from error
    except AttributeError as error:  # a bare .npy gives an array without `files`
        raise ArrayDamaged(f"{path.name} is one array, not a set of them") from error
    for name, dimensions in (expected or {}).items():
        array = found.get(name)
        if array is None or array.ndim != dimensions or array.dtype.kind not in "biuf":
            raise ArrayDamaged(f"{path.name} lacks a sound array called {name}")
    return found


def write_bytes(path: Path | str, data: bytes) -> str:
    """Store bytes as carefully as an array: beside, synced, renamed. Returns the SHA-256."""
    return _write(Path(path), lambda file: file.write(data))


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shard_count(rows: int) -> int:
    """Return how many shards `rows` images fill."""
    return math.ceil(rows / SHARD)


def _write(path: Path, fill: Callable[[IO[bytes]], Any]) -> str:
    """Write beside, sync, rename, sync the folder: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        digest = sha256(beside)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return digest


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
