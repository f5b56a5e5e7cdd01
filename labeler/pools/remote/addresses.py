"""Addresses as text: which kind they are, what they are called, and lists of them."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from labeler.pools.refusing import ImportRefused, Refused
from labeler.pools.remote import guard
from labeler.pools.remote.guard import Forbidden

WEB = ("https", "http")
BUCKETS = ("s3", "gs", "az")
_BUCKET = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{1,221}$")
_SECRET = re.compile(r"(sig|token|secret|key|credential|password|signature)", re.IGNORECASE)
LONGEST_KEY = 1024  # bytes

BAD_BUCKET = Refused(
    "bad_address",
    "This is not the address of a bucket.",
    "Write it as in s3://bucket/folder, gs://bucket/folder or az://container/folder.",
)
OWN_BUCKET = Refused(
    "own_storage",
    "This bucket holds the images of this installation.",
    "Import from another bucket. Pictures of a project leave it through Export.",
)


class Place(NamedTuple):
    """A bucket, and a key or the start of keys in it. Keys are names, never paths."""

    scheme: str
    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.key}"

    @property
    def is_ours_to_open(self) -> bool:
        """Whether the operator put it among those that are read with the installation's keys."""
        return any(
            self.bucket == allowed.bucket
            and self.scheme == allowed.scheme
            and _is_below(self.key, allowed.key)
            for allowed in (_place(entry) for entry in settings.IMPORT_BUCKETS)
        )


def is_address(text: str) -> bool:
    """Whether the text names a place elsewhere: https://, s3://, gs://, az://."""
    scheme, found, _rest = text.lstrip().partition("://")
    return bool(found) and scheme.lower() in (*WEB, *BUCKETS)


def is_bucket(address: str) -> bool:
    """Whether it begins with s3://, gs:// or az://."""
    return address.lstrip().partition("://")[0].lower() in BUCKETS


def place(address: str) -> Place:
    """The bucket and key of s3://, gs:// and az:// addresses. Raises Forbidden."""
    found = _place(address)
    fits = _BUCKET.match(found.bucket) and len(found.key.encode(errors="replace")) <= LONGEST_KEY
    if found.scheme not in BUCKETS or not fits or "\0" in found.key:
        raise Forbidden(BAD_BUCKET)
    if _holds_our_images(found):
        raise Forbidden(OWN_BUCKET)
    return found


def _place(address: str) -> Place:
    """A key may hold `?`, `#` and `%`: nothing after the bucket is taken apart."""
    scheme, _colon, rest = address.strip().partition("://")
    bucket, _slash, key = rest.partition("/")
    return Place(scheme.lower(), bucket, key)


def _is_below(key: str, top: str) -> bool:
    return not top or key == top or key.startswith(top.rstrip("/") + "/")


def _holds_our_images(found: Place) -> bool:
    """The keys of this installation open its own storage too, with every project's images."""
    ours = settings.STORAGES["default"].get("OPTIONS", {})
    if found.scheme != "s3" or found.bucket != ours.get("bucket_name"):
        return False
    home = str(ours.get("location", "")).strip("/")
    return _is_below(found.key, home) or home.startswith(found.key)


# ---- For imports ------------------------------------------------------------------------------


def check(address: str) -> str:
    """The address of a picture or bucket as it is kept, judged by its look. Raises ImportRefused.

    No name is looked up and nothing is asked; the guard does so when it is read.
    """
    address = address.strip()
    try:
        if is_bucket(address):
            address = str(place(address))
        else:
            guard.check(address)
    except Forbidden as error:
        words = f"{error.refused.reason} {error.refused.remedy}"
        raise ImportRefused(error.refused.code, words) from error
    if len(address) > 1000:
        raise ImportRefused("bad_address", _("The address is longer than 1,000 characters."))
    return address


def check_bucket(address: str) -> str:
    """Like `check`, for a place that is listed: only s3://, gs:// and az:// can be."""
    if not is_bucket(address):
        raise ImportRefused("bad_address", f"{BAD_BUCKET.reason} {BAD_BUCKET.remedy}")
    return check(address)


def urls(text: str) -> Iterator[str]:
    """The addresses of a list, one on a line: without blank lines, `#` lines and repetitions.

    Lines that are no address come too: they are refused when their turn comes, each by itself.
    """
    seen: set[str] = set()
    for line in text.removeprefix("\ufeff").splitlines():
        address = line.strip().strip("\"'<>,")
        if address and not address.startswith("#") and address not in seen:
            seen.add(address)
            yield address


def name_of(address: str) -> str:
    """What a picture is called in the pool: server and path, or bucket and key.

    The query comes along where it tells pictures apart, never where it may hold a key.
    """
    if is_bucket(address):
        found = _place(address)
        return f"{found.bucket}/{found.key}"
    try:
        parts = urlsplit(address.strip())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return address
    query = f"?{parts.query}" if parts.query and not _has_secret(parts.query) else ""
    return f"{host}{unquote(parts.path)}{query}" if host else address


def shown(address: str) -> str:
    """The address as it may be kept and shown: without a query that may hold a key."""
    before, found, query = address.partition("?")
    return before if found and not is_bucket(address) and _has_secret(query) else address


def _has_secret(query: str) -> bool:
    return any(_SECRET.search(name) for name, _value in parse_qsl(query, keep_blank_values=True))
