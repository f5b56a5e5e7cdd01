"""Bringing a chunk into the pool: decode, store the bytes, then write its rows."""

from collections.abc import Callable
from functools import partial

from labeler.pools import decoding, storage
from labeler.pools.chunk import Chunk
from labeler.pools.models import Import
from labeler.pools.refusing import Refused
from labeler.pools.rows import Rows, Vanished, known_images
from labeler.projects.models import Project
from labeler.work import leases


def add(imp: Import, chunk: Chunk, *, beat: Callable[[], None]) -> None:
    """Bring the chunk into the pool and move the import's position behind it.

    `beat` is called between pictures, to keep the lease. Raises LeaseLost, OSError.
    """
    while True:
        try:
            _add(imp, chunk, beat)
            return
        except Vanished:  # rare: another import was taken back while this chunk was on its way
            chunk.decoded.clear()


def _add(imp: Import, chunk: Chunk, beat: Callable[[], None]) -> None:
    _decode(imp.project, chunk, beat)
    _store(imp.project, chunk)
    with leases.publishing(imp):
        project = Project.objects.select_for_update(no_key=True).get(pk=imp.project_id)
        Rows(imp, project, chunk).write()


def _decode(project: Project, chunk: Chunk, beat: Callable[[], None]) -> None:
    known = known_images(project, chunk)
    new = {file.sha256: file.data for file in chunk.files if file.sha256 not in known}
    bad: dict[str, Refused] = {}
    for sha256, result in zip(new, decoding.decode(new.values()), strict=True):
        beat()
        if isinstance(result, Refused):
            bad[sha256] = result
        else:
            chunk.decoded[sha256] = result
    chunk.drop(bad)


def _store(project: Project, chunk: Chunk) -> None:
    files: dict[str, bytes] = {}
    for file in chunk.files:
        if picture := chunk.decoded.get(file.sha256):
            name = partial(storage.name_of, project.pk, file.sha256)
            if not file.stays:
                files[name("original")] = file.data
            files |= {
                name(size): data  # type: ignore[arg-type]
                for size, data in (("thumb", picture.thumb), ("screen", picture.screen))
                if data
            }
    storage.save_many(files.items())
