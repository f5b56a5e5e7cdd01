"""Where the pictures of a prediction request come from: the request, web addresses, the pool."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from labeler.pools import storage
from labeler.pools.archives import Unreadable
from labeler.pools.models import Image
from labeler.pools.refusing import ImportRefused, Refused
from labeler.pools.remote import addresses, reading
from labeler.projects.models import Project

MOST = 64  # pictures in one request


class TooMany(ValueError):
    """More pictures than one request may bring."""


class NoPicture(ValueError):
    """The request brings none."""


@dataclass(frozen=True)
class Asked:
    """A picture by the name the caller knows it by; `read` brings its bytes, or raises.

    mark: stands for the picture where a draw decides what happens to a request.
    """

    name: str | int
    read: Callable[[], bytes]
    mark: bytes = b""


class Missing(Exception):
    """The picture cannot be had; `code` for programs."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def of_files(files: Iterable[Any]) -> list[Asked]:
    """Uploaded files."""
    return _checked([_uploaded(file.name, file.read()) for file in files])


def _uploaded(name: str, data: bytes) -> Asked:
    return Asked(name, lambda: data, data)


def of_body(project: Project, images: Sequence[int], urls: Sequence[str]) -> list[Asked]:
    """Images of the pool by id, and pictures that lie at web addresses."""
    if len(images) + len(urls) > MOST:
        raise TooMany(
            _("One request may ask for %(n)s pictures. Send more requests.") % {"n": MOST}
        )
    known = Image.objects.filter(project=project).in_bulk([pk for pk in images if 0 < pk < 2**63])
    mine = [Asked(pk, _original(known.get(pk)), b"%d" % pk) for pk in images]
    return _checked([*mine, *(Asked(url, _fetched(url), url.encode()) for url in urls)])


def of_places(project: Project, places: Sequence[int | str]) -> list[Asked]:
    """Images of the pool by id and pictures by address, mixed, in this order; any number."""
    ids = [place for place in places if isinstance(place, int) and 0 < place < 2**63]
    known = Image.objects.filter(project=project).in_bulk(ids)
    return [
        Asked(place, _original(known.get(place)), b"%d" % place)
        if isinstance(place, int)
        else Asked(place, _fetched(place), place.encode())
        for place in places
    ]


def _checked(asked: list[Asked]) -> list[Asked]:
    if not asked:
        raise NoPicture(_("Send pictures as `files`, or `images` (ids) or `urls` as JSON."))
    if len(asked) > MOST:
        raise TooMany(
            _("One request may ask for %(n)s pictures. Send more requests.") % {"n": MOST}
        )
    return asked


def _original(image: Image | None) -> Callable[[], bytes]:
    def read() -> bytes:
        if image is None:
            raise Missing("unknown_image", _("This project has no such image."))
        try:
            with storage.open_original(image) as file:
                return bytes(file.read())
        except OSError as error:
            raise Missing("unreadable", _("The image's file cannot be read.")) from error

    return read


def _fetched(url: str) -> Callable[[], bytes]:
    def read() -> bytes:
        if addresses.is_bucket(url):  # read with the server's own rights: that is for imports
            raise Missing("bad_address", _("Give an https address. Buckets can be imported from."))
        try:
            return reading.reader(addresses.check(url))()
        except Unreadable as error:
            raise Missing(error.refused.code, _words(error.refused)) from error
        except ImportRefused as error:
            raise Missing(error.code, str(error)) from error

    return read


def _words(refused: Refused) -> str:
    return f"{refused.reason} {refused.remedy}"
