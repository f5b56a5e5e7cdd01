"""The bytes of one picture that lies elsewhere, or why they do not come."""

import io
import re
import time
from collections.abc import Callable, Mapping
from hashlib import blake2s
from pathlib import Path
from typing import IO

from django.conf import settings

from labeler.pools import whole_files
from labeler.pools.archive_refusals import TOO_MANY_BYTES
from labeler.pools.archives import Unreadable
from labeler.pools.remote import addresses, buckets, fetching
from labeler.pools.remote.connections import Clock
from labeler.pools.remote.fetching import Answer, Failed, Wish
from labeler.pools.remote.guard import Forbidden, Resolve
from labeler.pools.remote.refusals import A_PAGE, PACKED, refusal_of

TRIES = 3
PAUSE_SECONDS = 0.3  # before the second try; longer before the third
PART = 8 << 20  # bytes of a large object that are asked for at once
LONGEST_STAMP = 80
_PAGE = re.compile(rb"^(\xef\xbb\xbf)?\s*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)


class Reading:
    """Reads one address when called; knows its stamp afterwards."""

    def __init__(self, address: str, stamp: str = "", resolve: Resolve | None = None) -> None:
        self.address, self.stamp = address, stamp
        self._resolve = resolve

    def __call__(self) -> bytes:
        """The picture's bytes, at most settings.MAX_IMAGE_BYTES. Raises Unreadable."""
        clock = Clock()
        for attempt in range(1, TRIES + 1):
            try:
                return self._read(clock)
            except (Failed, Forbidden) as error:
                pause = PAUSE_SECONDS * attempt**2
                passing = error.refused.code in ("unreachable", "server_failing")
                if not passing or attempt == TRIES or clock.left() < pause:
                    raise Unreadable(error.refused) from error
                time.sleep(pause)
        raise AssertionError

    def _read(self, clock: Clock) -> bytes:
        if addresses.is_bucket(self.address):
            place = addresses.place(self.address)
            data = buckets.store(place).read(place.key, settings.MAX_IMAGE_BYTES + 1)
            if len(data) > settings.MAX_IMAGE_BYTES:
                raise Failed(TOO_MANY_BYTES)
            return data
        into = io.BytesIO()
        answer = fetching.get(self.address, into, clock=clock, resolve=self._resolve)
        _check(answer, into.getvalue()[:512])
        self.stamp = stamp_of(answer.headers)
        return into.getvalue()


def reader(address: str, stamp: str = "", *, resolve: Resolve | None = None) -> Reading:
    """A function that reads the address: https, s3, gs or az. It raises Unreadable."""
    return Reading(address, stamp, resolve)


def stamp_of(headers: Mapping[str, str]) -> str:
    """What changes when the file does, by the server's own words; "" where it says nothing."""
    mark = headers.get("etag") or headers.get("last-modified")
    if not mark:
        return ""
    text = f"{mark} {headers.get('content-length', '')}".strip()
    return text if len(text) <= LONGEST_STAMP else blake2s(text.encode()).hexdigest()


def stamp_at(address: str, *, resolve: Resolve | None = None) -> str:
    """The stamp of an https address now, by a HEAD request; "" where it cannot be had."""
    try:
        answer = fetching.get(address, io.BytesIO(), wish=Wish("HEAD"), resolve=resolve)
    except (Failed, Forbidden):
        return ""
    return stamp_of(answer.headers) if answer.status == 200 else ""


def fetch(
    address: str,
    path: Path,
    *,
    most: int,
    beat: Callable[[], None] = lambda: None,
    resolve: Resolve | None = None,
) -> None:
    """Put an archive or a manifest that lies elsewhere into a file. Raises Unreadable, OSError.

    most: bytes. `beat` is called while they come in; what it raises ends the transfer.
    """
    try:
        with whole_files.writing(path) as file:
            if addresses.is_bucket(address):
                _fetch_parts(addresses.place(address), file, most, beat)
                return
            wish, clock = Wish(most=most, beat=beat), Clock(grows=True)
            answer = fetching.get(address, file, wish=wish, clock=clock, resolve=resolve)
            _check(answer, b"")
    except (Failed, Forbidden) as error:
        raise Unreadable(error.refused) from error


def _fetch_parts(
    place: addresses.Place, file: IO[bytes], most: int, beat: Callable[[], None]
) -> None:
    store, done = buckets.store(place), 0
    while True:
        data = store.read(place.key, PART, start=done)
        file.write(data)
        done += len(data)
        beat()
        if done > most:
            raise Failed(TOO_MANY_BYTES)
        if len(data) < PART:
            return


def _check(answer: Answer, head: bytes) -> None:
    """Whether this is the file. Raises Failed; what the server said otherwise stays with it."""
    if refused := refusal_of(answer.status):
        raise Failed(refused)
    if answer.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise Failed(PACKED)
    if _PAGE.match(head):
        raise Failed(A_PAGE)
