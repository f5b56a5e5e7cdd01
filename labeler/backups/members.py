"""The files of an installation by the names they have in a backup, and the way back."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from labeler.pools import storage
from labeler.pools.models import Image

PICTURES, FOLDER = "files/", "data/"
KEPT = ("projects", "secret_key", "in-place-folders")  # of the data folder
# What a backup may hold, and nothing else: no path leads out of its folder.
_NAME = re.compile(r"(files|data)(/[\w@%+=,-][\w@%+=,.-]*)+")


def is_name(name: str) -> bool:
    """Whether a file of a backup may be called so."""
    return bool(_NAME.fullmatch(name)) and ".." not in name.split("/")


def pictures(using: str) -> Iterator[tuple[str, bool]]:
    """(name in the backup, whether it must be there) of each image's files. Originals that lie in
    folders of their own are left there."""
    rows = Image.objects.using(using).values_list("project_id", "sha256", "in_place")
    for project, sha256, in_place in rows.iterator(chunk_size=2_000):
        for size in storage.SIZES:
            if size != "original" or not in_place:
                yield PICTURES + storage.name_of(project, sha256, size), size == "original"


def arrays() -> Iterator[str]:
    """Names of the files of the data folder: models, embeddings, the key that signs."""
    root = Path(settings.DATA)
    for top in KEPT:
        place = root / top
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
        names = (FOLDER + str(file.relative_to(root)) for file in found if file.is_file())
        yield from filter(is_name, names)  # others are being written: they begin with a dot


def opened(name: str) -> "BinaryIO | File[bytes]":
    """The file behind the name. Raises FileNotFoundError."""
    if name.startswith(PICTURES):
        return default_storage.open(name.removeprefix(PICTURES))
    return (Path(settings.DATA) / name.removeprefix(FOLDER)).open("rb")


def put(name: str, file: Path) -> None:
    """Move a file that was checked to where its name belongs. Raises OSError."""
    if name.startswith(PICTURES) and storage.is_remote():
        with file.open("rb") as told:
            default_storage.save(name.removeprefix(PICTURES), File(told))
        file.unlink()
        return
    path = place(name)
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    file.chmod(0o600 if name == FOLDER + "secret_key" else 0o640)
    file.replace(path)


def place(name: str) -> Path:
    """Where on this machine the file belongs."""
    if name.startswith(PICTURES):
        return Path(default_storage.path(name.removeprefix(PICTURES)))
    return Path(settings.DATA) / name.removeprefix(FOLDER)
