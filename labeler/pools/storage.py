"""Where the bytes of a project lie: originals and derivatives under their hash, arrays in files.

Originals and derivatives go through Django's default storage, a local folder or a bucket. Names
are made of the project's number and the SHA-256 alone; on disk one never leads to half a picture.
"""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage, storages

from labeler.pools import in_place, kept_files, whole_files
from labeler.pools.models import Image
from labeler.projects.models import Project

Size = Literal["original", "thumb", "screen"]
SIZES: tuple[Size, ...] = ("thumb", "screen", "original")
DERIVED: tuple[Size, ...] = ("thumb", "screen")
WRITERS = 8  # a bucket takes several files at once faster than one by one


def name_of(project_id: int, sha256: str, size: Size = "original") -> str:
    """The name in the storage. Derivatives lie beside their original."""
    end = "" if size == "original" else f".{size}"
    return f"{project_id}/{sha256[:2]}/{sha256}{end}"


def save_original(project: Project, sha256: str, data: bytes) -> None:
    """Store the bytes of an image under their hash; storing the same again does nothing."""
    save_many([(name_of(project.pk, sha256), data)])


def save_many(files: Iterable[tuple[str, bytes]]) -> None:
    """Store several files; each is safe on disk when this returns. Raises OSError."""
    if not is_remote():
        whole_files.write_all(Path(default_storage.path("")), files)
        return
    with ThreadPoolExecutor(WRITERS) as writers:
        for _ in writers.map(lambda file: _save(*file), files):
            pass


def _save(name: str, data: bytes) -> None:
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(data))


def tidy() -> None:
    """Delete what interrupted imports left half-stored."""
    if not is_remote():
        whole_files.tidy(Path(default_storage.path("")))


def is_remote() -> bool:
    """Whether originals lie in a bucket rather than in a folder of this machine."""
    return not isinstance(storages["default"], FileSystemStorage)


def _local_path(name: str) -> Path | None:
    """The file's path where the storage is a local folder, else None."""
    local = isinstance(storages["default"], FileSystemStorage)
    return Path(default_storage.path(name)) if local else None


def open_original(image: Image) -> "File[bytes]":
    """The image's bytes as they came in, opened for reading. Raises OSError."""
    if image.in_place:
        return in_place.opened(image)
    return default_storage.open(name_of(image.project_id, image.sha256), "rb")


def open_size(image: Image, size: Size) -> "tuple[File[bytes], Size]":
    """The picture in that size, or the next larger one there is, and which one it is.

    Small pictures that a browser can show have no derivatives. Raises OSError.
    """
    found = found_size(image, size)
    return open_found(image, found), found


def found_size(image: Image, size: Size) -> Size:
    """That size, or the next larger one that is stored."""
    for wish in SIZES[SIZES.index(size) : -1]:
        if default_storage.exists(name_of(image.project_id, image.sha256, wish)):
            return wish
    if size == "screen" and image.in_place and not Path(image.address).exists():
        return _what_is_left(image)
    return "original"


def _what_is_left(image: Image) -> Size:
    """The small copy of an image whose original, which was not ours, is gone."""
    name = name_of(image.project_id, image.sha256, "thumb")
    return "thumb" if default_storage.exists(name) else "original"


def open_found(image: Image, found: Size) -> "File[bytes]":
    """The picture in a size that is stored. Raises OSError."""
    if found == "original":
        return open_original(image)
    return default_storage.open(name_of(image.project_id, image.sha256, found), "rb")


def local_file(image: Image, size: Size = "original") -> Path:
    """A path on this machine with the image's bytes; fetched once where the storage is remote.

    Falls back to larger sizes as `open_size` does. Raises OSError.
    """
    for wish in SIZES[SIZES.index(size) :]:
        name = name_of(image.project_id, image.sha256, wish)
        if wish == "original" and image.in_place:
            return in_place.path_of(image)
        if path := _local_path(name):
            if wish == "original" or path.exists():
                return path
        elif path := _cached(name, must=wish == "original"):
            return path
    raise AssertionError(size)


def _cached(name: str, *, must: bool) -> Path | None:
    kept = kept_files.root() / name
    if kept.exists():
        kept_files.used(kept)
        return kept
    if not must and not default_storage.exists(name):
        return None
    with default_storage.open(name, "rb") as source, whole_files.writing(kept) as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    kept_files.tidy_now_and_then()
    return kept


def arrays_folder(project: Project) -> Path:
    """The folder of the project's arrays: embeddings/, predictions/, models/ lie there."""
    return whole_files.folder(Path(settings.DATA) / "projects" / str(project.pk))


def forget(project_id: int, *, beat: Callable[[], None] = lambda: None) -> None:
    """Delete everything stored for a project; originals that lie elsewhere stay there.

    `beat` is called now and then. Can be broken off and begun again. Raises OSError.
    """
    kept = Path(settings.DATA)
    folders = [kept / "projects" / str(project_id), kept / "cache" / "files" / str(project_id)]
    if path := _local_path(str(project_id)):
        folders.append(path)
    else:
        _forget_below(str(project_id), beat)
    for each in folders:
        _remove(each, beat)


def _remove(top: Path, beat: Callable[[], None]) -> None:
    """Delete the folder, one of its folders after the other."""
    for below in top.iterdir() if top.is_dir() else ():
        if below.is_dir() and not below.is_symlink():
            shutil.rmtree(below, ignore_errors=True)
            beat()
    shutil.rmtree(top, ignore_errors=True)


def _forget_below(name: str, beat: Callable[[], None]) -> None:
    folders, files = default_storage.listdir(name)
    for folder_name in folders:
        _forget_below(f"{name}/{folder_name}", beat)
    with ThreadPoolExecutor(WRITERS) as deleters:
        for _ in deleters.map(default_storage.delete, (f"{name}/{file}" for file in files)):
            beat()


def remove_below(name: str) -> None:
    """Delete every file below this name in the storage. Raises OSError."""
    if path := _local_path(name):
        shutil.rmtree(path, ignore_errors=True)
    else:
        _forget_below(name, lambda: None)


def remove(project: Project, hashes: Iterable[str]) -> None:
    """Delete the files of single images, in every size. Raises OSError."""
    files = [name_of(project.pk, sha256, size) for sha256 in hashes for size in SIZES]
    with ThreadPoolExecutor(WRITERS) as deleters:
        for _ in deleters.map(_delete, files):
            pass


def _delete(name: str) -> None:
    if default_storage.exists(name):
        default_storage.delete(name)
    (Path(settings.DATA) / "cache" / "files" / name).unlink(missing_ok=True)


def place() -> str:
    """Where originals lie, in words for an error message."""
    path = _local_path("x")
    return str(path.parent) if path else "the bucket"
