"""A model version's files: written beside, hashed, renamed, and checked when read.

The folder holds the head, a manifest with the SHA-256 of each file, and the probabilities of the
audit images. Reading runs no code from files.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from labeler.pools import whole_files
from labeler.training import versions
from labeler.training.models import ModelVersion
from labeler.training.versions import ModelDamaged
from ml import arrays, heads

FORMAT = 1
MANIFEST = "manifest.json"


def write(head: heads.Head, into: Path, facts: dict[str, Any]) -> str:
    """Write the head and its manifest; return the SHA-256 of the manifest."""
    manifest = {"format": FORMAT, **facts, "files": head.save(into)}
    return arrays.write_bytes(into / MANIFEST, json.dumps(manifest, indent=1).encode())


def load(version: ModelVersion) -> heads.Head:
    """The version's head. Raises: ModelDamaged, which says what is wrong."""
    return read(versions.folder(version), version.head, version.sha256)


def verify(version: ModelVersion) -> None:
    """Compare its files with their hashes. Raises: ModelDamaged, which says what is wrong."""
    place = versions.folder(version)
    try:
        _check(place, version.sha256)
    except (OSError, ValueError, KeyError) as error:
        raise ModelDamaged(f"Model {place.name} cannot be read: {error}") from error


def read(place: Path, name: str, sha256: str) -> heads.Head:
    """The head in a folder whose manifest has this SHA-256. Raises: ModelDamaged."""
    try:
        _check(place, sha256)
        return heads.get(name).load(place)
    except (OSError, ValueError, KeyError, AttributeError, heads.HeadDamaged) as error:
        raise ModelDamaged(f"Model {place.name} cannot be read: {error}") from error


def _check(place: Path, sha256: str) -> None:
    if arrays.sha256(place / MANIFEST) != sha256:
        raise ModelDamaged(f"The manifest of model {place.name} was changed or is damaged.")
    for file, digest in json.loads((place / MANIFEST).read_bytes())["files"].items():
        if arrays.sha256(place / file) != digest:
            raise ModelDamaged(f"{file} of model {place.name} was changed or is damaged.")


def put_in_place(beside: Path, place: Path) -> None:
    """Rename a filled folder to its final name; what a lost worker left there goes."""
    if place.exists():
        shutil.rmtree(place)
    place.parent.mkdir(mode=whole_files.FOLDER_MODE, parents=True, exist_ok=True)
    beside.rename(place)
