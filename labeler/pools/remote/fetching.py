"""One request over the network, guarded: to a judged address, within time and bytes.

Every request to a place that somebody named goes through `ask`, those of the buckets' libraries
too. Nothing is carried from one request to the next: no cookies, no credentials, no headers of
ours. A connection that served is kept a while for the next picture from the same place.
"""

import http.client
import ssl
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import IO, NamedTuple
from urllib.parse import urljoin, urlsplit

from django.conf import settings

from labeler.pools.archive_refusals import TOO_MANY_BYTES
from labeler.pools.refusing import Refused
from labeler.pools.remote import guard
from labeler.pools.remote.connections import Clock, Idle, Line, cut_off
from labeler.pools.remote.guard import Forbidden, Resolve, Target

HOPS = 3  # redirects that are followed
BLOCK = 1 << 16
NOTE_BYTES = 1 << 16  # of an answer that is none of the wanted: enough for a bucket's error code
REDIRECTS = {301, 302, 303, 307, 308}
GOOD = {200, 206}

TIMED_OUT = Refused(
    "timed_out",
    "The server did not send it within the time allowed.",
    "Try again later, or raise LABELER_FETCH_SECONDS.",
)
UNREACHABLE = Refused(
    "unreachable",
    "The server could not be reached, or broke the connection off.",
    "See that it is running and that this server may connect to it; then import again.",
)
CUT_SHORT = Refused(
    "cut_short", "Fewer bytes came than the server announced.", "Import again to fetch it anew."
)
BAD_CERTIFICATE = Refused(
    "bad_certificate",
    "The server's certificate is not one that this installation trusts.",
    "Use a server with a valid certificate. The operator may add an authority by SSL_CERT_FILE.",
)
TOO_MANY_HOPS = Refused(
    "too_many_redirects",
    f"The address leads on and on, more than {HOPS} times.",
    "Give the address at which the picture really lies.",
)
BAD_HOP = Refused(
    "bad_redirect",
    "The address leads on to a place that is not asked.",
    "Give the public https address at which the picture really lies.",
)


class Failed(Exception):
    """The request came to nothing, and why. Nothing that the other side said is in it."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


class Answer(NamedTuple):
    """What came back; the body went into the file that was handed over."""

    status: int
    headers: Mapping[str, str]  # names in small letters


class Wish(NamedTuple):
    """What is asked of one address."""

    method: str = "GET"
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes | None = None
    most: int | None = None  # bytes; None: as for one image
    notes: bool = False  # take down the start of an error's body too, for a library to read
    reads: bool = True  # False: the status is enough, no byte of any body is read
    beat: Callable[[], None] = lambda: None  # called now and then while bytes come in


def get(
    address: str,
    into: IO[bytes],
    *,
    wish: Wish | None = None,
    clock: Clock | None = None,
    resolve: Resolve | None = None,
) -> Answer:
    """Ask, and follow up to 3 redirects by hand; each hop is judged. Raises Failed, Forbidden."""
    clock, wish = clock or Clock(), wish or Wish()
    for hop in range(HOPS + 1):
        try:
            answer = ask(address, into, wish=wish, clock=clock, resolve=resolve)
        except Forbidden as error:
            if hop == 0:
                raise
            raise Forbidden(BAD_HOP) from error
        onward = answer.headers.get("location", "")
        if answer.status not in REDIRECTS or not onward:
            return answer
        address = _next(address, onward)
    raise Failed(TOO_MANY_HOPS)


def _next(address: str, onward: str) -> str:
    try:
        following = urljoin(address, onward)
        down = urlsplit(address).scheme == "https" != urlsplit(following).scheme
    except ValueError:
        raise Forbidden(BAD_HOP) from None
    if down:
        raise Forbidden(BAD_HOP)
    return following


def ask(
    address: str,
    into: IO[bytes],
    *,
    wish: Wish | None = None,
    clock: Clock | None = None,
    resolve: Resolve | None = None,
) -> Answer:
    """One request to one address, without redirects. Raises Failed, Forbidden."""
    clock, wish = clock or Clock(), wish or Wish()
    target = guard.target(address, resolve=resolve)
    try:
        return _asked(target, into, wish, clock)
    except ssl.SSLCertVerificationError as error:
        raise Failed(BAD_CERTIFICATE) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = clock.left() <= 0 or isinstance(error, TimeoutError)
        raise Failed(TIMED_OUT if late else UNREACHABLE) from error


def _asked(target: Target, into: IO[bytes], wish: Wish, clock: Clock) -> Answer:
    kept = Idle.take(target)
    if kept:
        try:
            return _over(kept, into, wish, clock)
        except (http.client.RemoteDisconnected, ConnectionError):
            if clock.received or clock.left() <= 0:
                raise  # else it was closed while it waited: that says nothing of the server
    return _over(Line(target), into, wish, clock)


def _over(line: Line, into: IO[bytes], wish: Wish, clock: Clock) -> Answer:
    """The request over this connection, which is kept if it can serve again."""
    good = False
    try:
        with cut_off(line, clock):
            line.hurry(clock)
            line.request(wish.method, line.target.path, wish.body, _headers(wish))
            response = line.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            _take_down(response, into, wish, clock)
            good = response.isclosed() and not response.will_close and clock.left() > 0
        return Answer(response.status, headers)
    finally:
        Idle.keep(line) if good else line.close()


def _headers(wish: Wish) -> dict[str, str]:
    ours = {"User-Agent": "Labeler", "Accept-Encoding": "identity"}
    theirs = {name: value for name, value in wish.headers.items() if name.lower() != "host"}
    taken = {name.lower() for name in theirs}
    return {name: value for name, value in ours.items() if name.lower() not in taken} | theirs


def _take_down(
    response: http.client.HTTPResponse, into: IO[bytes], wish: Wish, clock: Clock
) -> None:
    """The body, within the limit. A body nobody wants is left, and the connection with it."""
    wanted = response.status in GOOD
    if not wish.reads or not (wanted or wish.notes):
        return
    most = settings.MAX_IMAGE_BYTES if wish.most is None else wish.most
    if wanted and (response.length or 0) > most:
        raise Failed(TOO_MANY_BYTES)
    came = 0
    while data := response.read1(BLOCK):
        came += len(data)
        clock.received += len(data)
        if came > (most if wanted else NOTE_BYTES):
            if not wanted:
                return
            raise Failed(TOO_MANY_BYTES)
        into.write(data)
        wish.beat()
    if clock.left() <= 0:
        raise Failed(TIMED_OUT)
    if response.length:
        raise Failed(CUT_SHORT)
    response.close()  # all is read: the connection is free, not closed
