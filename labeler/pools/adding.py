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


def begin(project: Project, chunk: Chunk) -> None:
    """Start decoding what the pool does not have, in the children; `add` takes the answers."""
    known = known_images(project, chunk)
    new = {file.sha256: file.data for file in chunk.files if file.sha256 not in known}
    chunk.answers = zip(new, decoding.decode(new.values()), strict=True)


def add(imp: Import, chunk: Chunk, *, beat: Callable[[], None]) -> None:
    """Bring the chunk, which was begun, into the pool; move the import's position behind it.

    `beat` is called between pictures, to keep the lease. Raises LeaseLost, OSError.
    """
    while True:
        _take(chunk, beat)
        _store(imp.project, chunk)
        try:
            _write(imp, chunk)
            return
        except Vanished:  # rare: another import was taken back while this chunk was on its way
            begin(imp.project, chunk)


def _take(chunk: Chunk, beat: Callable[[], None]) -> None:
    """Wait for the answers."""
    bad: dict[str, Refused] = {}
    for sha256, result in chunk.answers:
        beat()
        if isinstance(result, Refused):
            bad[sha256] = result
        else:
            chunk.decoded[sha256] = result
    chunk.drop(bad)


def _write(imp: Import, chunk: Chunk) -> None:
    with leases.publishing(imp):
        project = Project.objects.select_for_update(no_key=True).get(pk=imp.project_id)
        Rows(imp, project, chunk).write()


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
