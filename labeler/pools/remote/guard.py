"""What this installation may ask of the network when somebody gives it an address.

An admin types an address, and the server fetches it from where it stands: behind the firewall,
beside the database, next to the cloud's service of keys. So an address is a way to make the server
talk to places that its author cannot reach. Three things keep it outside:

- Only https, the usual port, and names whose every address is public; the address is judged before
  a packet leaves, and as a number, whatever way it was written.
- What was judged is what is connected to (`Target.addresses`). A name that answers something else
  a moment later, which is how such guards are usually passed, is not asked again.
- Every hop of a redirect comes here anew (fetching.py).

LABELER_FETCH_ALLOW, which only the operator can set, opens the guard for hosts and networks. No
project can. What a refused place says never reaches a report.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from django.conf import settings

from labeler.pools.refusing import Refused

Resolve = Callable[..., Iterable[Any]]  # socket.getaddrinfo, or what a test puts in its place
IP = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST = 2000  # characters of an address
PORTS = {"https": 443, "http": 80}
_NAME = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$")
_NUMBER = re.compile(r"^([0-9]+|0x[0-9a-f]*)$")  # as a last label: an address, however written
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SAFE = "/%:@!$&'()*+,;=~-._?"  # left as they are in paths and queries, signed ones among them


class Forbidden(Exception):
    """The address is not asked, and why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


class Target(NamedTuple):
    """Where to connect to: judged addresses for the name, and what to ask there."""

    scheme: str  # "https" or "http"
    host: str  # for the certificate and the Host header
    port: int
    addresses: tuple[str, ...]  # the only ones to connect to, in order
    path: str  # with the query, never empty


NO_ADDRESS = Refused(
    "bad_address",
    "This is not an address that can be read.",
    "Give the whole address of a picture, as in https://example.org/leaf.jpg, without name@.",
)
NOT_HTTPS = Refused(
    "not_https",
    "Only https addresses are read.",
    "Use https. The operator may allow a host for http with LABELER_FETCH_ALLOW.",
)
ODD_PORT = Refused(
    "odd_port",
    "The address names an unusual port.",
    "The operator may allow it as host:port in LABELER_FETCH_ALLOW.",
)
PRIVATE = Refused(
    "private_address",
    "The address leads into a private network, or to this server itself.",
    "Use a public address. The operator may allow a host or network with LABELER_FETCH_ALLOW.",
)
UNKNOWN_NAME = Refused(
    "unknown_host",
    "There is no server of this name.",
    "Look for a slip in the address, or ask whether the server still exists.",
)


def target(address: str, *, resolve: Resolve | None = None) -> Target:
    """Judge an https (or allowed http) address and look its name up. Raises Forbidden.

    resolve: called once as socket.getaddrinfo, the default, is; nothing else here touches the
    network.
    """
    resolve = resolve or socket.getaddrinfo
    scheme, host, port, path = _taken_apart(address)
    if _allowed_by_name(host, port):
        return Target(scheme, host, port, _looked_up(host, port, resolve), path)
    if port not in PORTS.values():
        raise Forbidden(ODD_PORT)
    if scheme != "https" and not _networks():
        raise Forbidden(NOT_HTTPS)
    found = _looked_up(host, port, resolve)
    known = all(_allowed_by_network(one) for one in found)
    if not known and not all(is_public(one) for one in found):
        raise Forbidden(PRIVATE)
    if not known and (scheme, port) != ("https", PORTS["https"]):
        raise Forbidden(NOT_HTTPS if scheme != "https" else ODD_PORT)
    return Target(scheme, host, port, found, path)


def check(address: str) -> None:
    """Refuse what the look of an https address already forbids; no name is looked up."""
    target(address, resolve=_as_it_stands)


def _as_it_stands(host: str, port: int, *_rest: Any, **_more: Any) -> list[Any]:
    """Numbers are addresses by themselves; names are taken for public until they are asked for."""
    try:
        return [(0, 0, 0, "", (str(ipaddress.ip_address(host)), port))]
    except ValueError:
        return [(0, 0, 0, "", ("127.0.0.1" if host == "localhost" else "1.1.1.1", port))]


# ---- The address as text ----------------------------------------------------------------------


def _taken_apart(address: str) -> tuple[str, str, int, str]:
    """Scheme, host, port, and path with query. Strict: what two readers might read differently
    is refused."""
    address = address.strip(" \t\r\n")
    scheme, colon, _rest = address.partition("://")
    scheme = scheme.lower()
    if len(address) > LONGEST or _UNFIT.search(address) or not colon:
        raise Forbidden(NO_ADDRESS)
    if scheme not in PORTS:
        raise Forbidden(NOT_HTTPS)
    try:
        parts = urlsplit(address)
        port = PORTS[scheme] if parts.port is None else parts.port
    except ValueError:
        raise Forbidden(NO_ADDRESS) from None
    if "@" in parts.netloc or not parts.hostname:
        raise Forbidden(NO_ADDRESS)
    path = quote(parts.path or "/", safe=_SAFE)
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    return scheme, _host(parts.hostname), port, path + query


def _host(text: str) -> str:
    """The name in small letters and ASCII, or the number in its one usual form."""
    if ":" in text:  # it stood in brackets
        if "%" in text:
            raise Forbidden(NO_ADDRESS)
        return _number(text)
    try:
        name = text.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise Forbidden(NO_ADDRESS) from None
    if _NUMBER.match(name.rpartition(".")[2]):
        return _number(name)
    if not _NAME.match(name) or len(name) > 253:
        raise Forbidden(NO_ADDRESS)
    return name


def _number(text: str) -> str:
    """Four decimal numbers, or IPv6. 2130706433, 0x7f.1 and 0177.0.0.1 are refused, not read."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise Forbidden(NO_ADDRESS) from None


# ---- The address as a number ------------------------------------------------------------------


def _looked_up(host: str, port: int, resolve: Resolve) -> tuple[str, ...]:
    try:
        found = resolve(host, port, type=socket.SOCK_STREAM)
        numbers = dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found)
    except (OSError, UnicodeError):
        raise Forbidden(UNKNOWN_NAME) from None
    if not numbers:
        raise Forbidden(UNKNOWN_NAME)
    return tuple(numbers)


def is_public(number: str) -> bool:
    """Whether the address is one that anybody on the internet could reach too."""
    return all(_is_global(one) for one in _readings(ipaddress.ip_address(number)))


def _is_global(number: IP) -> bool:
    if isinstance(number, ipaddress.IPv6Address) and number.is_site_local:
        return False  # fec0::/10, given up long ago, yet counted as global
    return number.is_global and not (
        number.is_multicast or number.is_reserved or number.is_unspecified or number.is_loopback
    )


def _readings(number: IP) -> list[IP]:
    """The address, and the IPv4 address that it wraps."""
    if isinstance(number, ipaddress.IPv4Address):
        return [number]
    if number.ipv4_mapped:
        return [number.ipv4_mapped]
    inner: list[IP] = [one for one in (number.sixtofour, *(number.teredo or ())) if one]
    if number in _NAT64:  # reserved, yet the usual way out of a network that speaks IPv6 only
        return [ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)]
    return [number, *inner]


# ---- What the operator allows -----------------------------------------------------------------


def _allowed_by_name(host: str, port: int) -> bool:
    """Whether LABELER_FETCH_ALLOW names the host, or the host with this very port."""
    shown = f"[{host}]" if ":" in host else host
    names = {word.lower() for word in settings.FETCH_ALLOW if "/" not in word}
    usual = port in PORTS.values()
    return f"{shown}:{port}" in names or (usual and bool({shown, host} & names))


def _networks() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(word) for word in settings.FETCH_ALLOW if "/" in word]


def _allowed_by_network(number: str) -> bool:
    readings = _readings(ipaddress.ip_address(number))
    return any(one in network for network in _networks() for one in readings[:1])
