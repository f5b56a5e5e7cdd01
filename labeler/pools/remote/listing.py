"""What lies below an address in a bucket."""

from collections.abc import Iterator
from typing import NamedTuple

from labeler.pools import names
from labeler.pools.refusing import ImportFailed
from labeler.pools.remote import addresses, buckets
from labeler.pools.remote.addresses import Place
from labeler.pools.remote.buckets import Found
from labeler.pools.remote.fetching import Failed
from labeler.pools.remote.guard import Forbidden


class Listed(NamedTuple):
    """An object of a bucket."""

    name: str  # below the address; text only, whatever the key holds
    address: str
    stamp: str  # the same as before: the same bytes
    bytes: int


def below(address: str) -> Iterator[Listed]:
    """The files below s3://bucket/folder, page by page. Raises ImportFailed.

    A folder is what stands before a `/`: `leaves` does not mean `leaves-2/`. The address of one
    object gives that object.
    """
    try:
        place = addresses.place(address)
        store = buckets.store(place)
        for found in _objects(store, place.key):
            yield _listed(place, found)
    except (Failed, Forbidden) as error:
        refused = error.refused
        raise ImportFailed(f"{address}: {refused.reason} {refused.remedy}") from error


def _objects(store: buckets.Store, prefix: str) -> Iterator[Found]:
    if prefix and not prefix.endswith("/"):
        first = next(store.listed(prefix), None)  # of all that begin so, the shortest comes first
        if first and first.key == prefix:
            yield first
        prefix += "/"
    yield from (found for found in store.listed(prefix) if _is_file(found.key))


def _is_file(key: str) -> bool:
    """Not what consoles make for folders, and not what desktops leave behind."""
    return bool(key) and not key.endswith("/") and not names.is_junk(key)


def _listed(place: Place, found: Found) -> Listed:
    name = found.key.removeprefix(place.key).lstrip("/") or found.key.rpartition("/")[2]
    here = str(place._replace(key=found.key))
    return Listed(name, here, f"{found.tag} {found.size}"[:80], found.size)
