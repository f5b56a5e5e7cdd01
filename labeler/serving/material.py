"""The pictures of a batch prediction, one after the other, always in the same order.

What lies on the server, elsewhere, or was sent is listed into a staging index, as an import's
files are, and read by the same code. Images of the pool are read where they are stored.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from django.db.models import QuerySet

from labeler.pools import names, places, sources, staging, storage
from labeler.pools.archives import Unreadable, named_like_one
from labeler.pools.manifests import paths
from labeler.pools.models import Image
from labeler.pools.refusing import ImportFailed, Refused
from labeler.pools.remote import addresses, listing, reading
from labeler.pools.sources import Entry
from labeler.pools.staging import Staged
from labeler.serving import lists
from labeler.serving.lists import Home
from labeler.serving.models import BatchPrediction

Beat = Callable[[], None]


class Mark(NamedTuple):
    """Where a piece of a batch may begin."""

    row: int  # its first row's number in the whole batch
    at: tuple[int, int]  # where its first picture stands


BEFORE = "predict-"  # of the staging folders' names
POOL_AT_ONCE = 500
GONE = Refused("unreadable", "The image's stored file cannot be read.", "Import the image again.")


def key(pk: int) -> str:
    """What the batch's staging folder is called."""
    return f"{BEFORE}{pk}"


def list_files(batch: BatchPrediction, beat: Beat) -> None:
    """Write the index, whole or not at all. Raises ImportFailed, OSError."""
    if batch.source == BatchPrediction.Source.POOL:
        return
    here = key(batch.pk)
    if batch.source == BatchPrediction.Source.UPLOAD:
        sent = [file for _, file in staging.listed(here)]
        staging.note_all(here, _with_rows(sent, beat))
    else:
        staging.note_all(here, _of_places(batch, beat))


def _with_rows(sent: list[Staged], beat: Beat) -> Iterator[Staged]:
    """The files that were sent, and in place of a list the pictures that it names."""
    home = Home(sent=frozenset(names_of(sent)))
    for file in sent:
        if lists.is_one(file.name):
            yield from lists.pictures(file.path, file.name, home, beat)
        else:
            yield file


def names_of(sent: list[Staged]) -> Iterator[str]:
    """The normal names of the files, with all their folders and without."""
    for file in sent:
        name = paths.normal(file.name)
        yield name
        yield name.rpartition("/")[2]


def _of_places(batch: BatchPrediction, beat: Beat) -> Iterator[Staged]:
    for place in batch.places:
        beat()
        if addresses.is_bucket(place) and not lists.is_one(place):
            for found in listing.below(place):
                beat()
                yield Staged(found.name, places.ELSEWHERE, "", found.address, found.stamp)
        elif addresses.is_address(place):
            yield from _at(batch, place, beat)
        else:
            yield from _on_the_server(batch, Path(place), beat)


def _at(batch: BatchPrediction, address: str, beat: Beat) -> Iterator[Staged]:
    """A single picture, archive or list that lies elsewhere."""
    name = names.clean(addresses.name_of(address))
    plain = name.partition("?")[0]
    if not lists.is_one(plain):
        yield Staged(name, places.ELSEWHERE, "", address)
        return
    path = staging.folder(key(batch.pk)) / "list"
    try:
        reading.fetch(address, path, most=places.MANIFEST_BYTES, beat=beat)
    except Unreadable as error:
        raise ImportFailed(f"{plain}: {error.refused.reason} {error.refused.remedy}") from error
    home = Home(address=address.partition("?")[0].rpartition("/")[0])
    yield from lists.pictures(path, plain, home, beat)


def _on_the_server(batch: BatchPrediction, path: Path, beat: Beat) -> Iterator[Staged]:
    try:
        if path.resolve(strict=True) != path:
            raise ImportFailed(f"{path} is a link now. Name the place that it leads to.")
        if path.is_file() and lists.is_one(path.name):
            home = Home(folder=path.parent, anywhere=bool(batch.cursor.get("anywhere")))
            yield from lists.pictures(path, path.name, home, beat)
            return
        for file in sources.on_the_server(path):
            beat()
            yield file
    except OSError as error:
        raise ImportFailed(f"{path} cannot be read: {error.strerror}.") from error


def count(batch: BatchPrediction, beat: Beat, *, every: int) -> tuple[int, list[Mark]]:
    """How many rows there will be, and where a piece of so many rows may begin.

    Never within an archive: whoever begins there has to read all that lies before.
    """
    found, marks = 0, list[Mark]()
    for position in _positions(batch, beat):
        if not marks or (found - marks[-1].row >= every and position[1] == 0):
            marks.append(Mark(found, position))
        found += 1
        beat()
    return found, marks


def _positions(batch: BatchPrediction, beat: Beat) -> Iterator[tuple[int, int]]:
    if batch.source == BatchPrediction.Source.POOL:
        # After the image before: what is asked for begins behind a position.
        keys = _pool(batch).order_by("pk").values_list("pk", flat=True)
        yield from ((pk - 1, 0) for pk in keys.iterator())
    else:
        yield from (entry.position for entry in sources.entries(key(batch.pk), beat=beat))


def entries(batch: BatchPrediction, at: tuple[int, int], beat: Beat) -> Iterator[Entry]:
    """The pictures from this position on. One must be read before the next is taken."""
    if batch.source == BatchPrediction.Source.POOL:
        return _of_pool(batch, at[0])
    return sources.entries(key(batch.pk), at, beat=beat)


def last_image(batch: BatchPrediction) -> int:
    """The newest image of the pool by now: later ones are not judged."""
    found = Image.objects.filter(project=batch.project_id).order_by("-pk")
    return found.values_list("pk", flat=True).first() or 0


def _pool(batch: BatchPrediction) -> "QuerySet[Image]":
    until = batch.cursor.get("until", 0)
    return Image.objects.filter(project=batch.project_id, pk__lte=until)


def _of_pool(batch: BatchPrediction, after: int) -> Iterator[Entry]:
    while some := list(_pool(batch).filter(pk__gt=after).order_by("pk")[:POOL_AT_ONCE]):
        for image in some:
            yield Entry((image.pk, 0), image.name, "", partial(_original, image))
        after = some[-1].pk


def _original(image: Image) -> bytes:
    try:
        with storage.open_original(image) as file:
            return bytes(file.read())
    except OSError as error:
        raise Unreadable(GONE) from error


def address_of(entry: Entry) -> str:
    """Where the picture lies, as far as it may be told: an address or a path of the server."""
    staged = entry.staged
    if staged is None or named_like_one(staged.name):
        return ""
    if staged.address:
        return addresses.shown(staged.address)
    return "" if staged.path.is_relative_to(staging.root()) else str(staged.path)
