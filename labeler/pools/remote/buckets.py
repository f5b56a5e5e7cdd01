"""Buckets, whoever runs them: read a key, list keys. Each kind has its own file."""

from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple, Protocol

from labeler.pools.refusing import Refused
from labeler.pools.remote.addresses import Place
from labeler.pools.remote.fetching import Failed

KINDS = {"s3": "s3", "gs": "google_cloud", "az": "azure"}
PACKAGES = {"google_cloud": "django-storages[google]", "azure": "django-storages[azure]"}


class Found(NamedTuple):
    """An object as a listing tells of it."""

    key: str
    tag: str  # changes with the bytes
    size: int  # bytes


class Store(Protocol):
    """A bucket, opened."""

    def read(self, key: str, most: int, start: int = 0) -> bytes:
        """At most so many bytes of the object, from a byte on; b"" behind its end. Raises Failed.

        most: at most settings.MAX_IMAGE_BYTES + 1, or 8 MiB.
        """

    def listed(self, prefix: str) -> Iterator[Found]:
        """What begins with `prefix`, in the order of the bucket, page by page. Raises Failed."""


def store(place: Place) -> Store:
    """Open the bucket: with the installation's keys where the operator allows, else as a stranger.

    Raises Failed, also where the package that reads this kind of bucket is not installed.
    """
    kind = KINDS[place.scheme]
    try:
        module = import_module(f"labeler.pools.remote.{kind}")
    except ImportError as error:
        raise Failed(_missing(place.scheme, PACKAGES.get(kind, "boto3"))) from error
    opened: Store = module.Bucket(place)
    return opened


def _missing(scheme: str, package: str) -> Refused:
    return Refused(
        "package_missing",
        f"This installation cannot read {scheme}:// addresses yet.",
        f"Let the operator install it: pip install '{package}'",
    )
