"""Which files a name like "onnx:birds.onnx" may mean, and what is in them."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

LETTERS = 12  # of the SHA-256: what a name holds


class OnnxRefused(ValueError):
    """The file is not there, not allowed, or not a network that turns pictures into vectors."""


class _Allowed:
    folders: Sequence[Path] | None = None


def only_from(folders: Sequence[Path] | None) -> None:
    """From now on let names mean files in these folders only; None: any file of this machine.

    A program whose users choose feature sets calls this once as it starts, for they could
    otherwise make it read whatever it can. Without folders no file is allowed.
    """
    _Allowed.folders = None if folders is None else [folder.resolve() for folder in folders]


def place(told: str) -> Path:
    """Return the existing file that a name means. Raises: OnnxRefused."""
    for file in _candidates(told):
        if file.is_file():
            return file
    where = "" if _Allowed.folders is None else " in the folders of LABELER_MODELS"
    raise OnnxRefused(f"there is no file {told}{where}")


def _candidates(told: str) -> list[Path]:
    wanted = Path(told)
    if wanted.suffix != ".onnx" or "\0" in told:
        raise OnnxRefused(f"{told!r} does not end in .onnx")
    if _Allowed.folders is None:
        return [wanted]
    if not _Allowed.folders:
        raise OnnxRefused("this installation allows no ONNX files: set LABELER_MODELS to a folder")
    if wanted.is_absolute() or ".." in wanted.parts:
        raise OnnxRefused(f"{told!r} is not a path inside the folders of LABELER_MODELS")
    found = [(folder, (folder / wanted).resolve()) for folder in _Allowed.folders]
    return [file for folder, file in found if file.is_relative_to(folder)]  # links lead nowhere


def content(told: str, digest: str) -> bytes:
    """Return the bytes of a file. Raises: OnnxRefused where they are not those of the digest."""
    data = place(told).read_bytes()
    if _digest(data) != digest:
        raise OnnxRefused(
            f"{told} is no longer the file whose SHA-256 begins with {digest}: put that one back, "
            "or choose the feature set again"
        )
    return data


def digest_of(told: str) -> str:
    """Return the first twelve letters of a file's SHA-256. Raises: OnnxRefused."""
    file = place(told)
    status = file.stat()
    return _digest_of(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _digest_of(file: Path, changed: int, size: int) -> str:
    return _digest(file.read_bytes())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:LETTERS]
