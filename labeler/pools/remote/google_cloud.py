"""Buckets of Google Cloud Storage; needs `pip install 'django-storages[google]'`.

Google's library makes and signs the requests; the guard's own client sends them.
"""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import google.auth
import requests
from google.api_core.exceptions import GoogleAPICallError, RequestRangeNotSatisfiable
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from google.cloud import storage as gcs

from labeler.pools.remote.addresses import Place
from labeler.pools.remote.buckets import Found
from labeler.pools.remote.fetching import UNREACHABLE, Failed
from labeler.pools.remote.refusals import NO_PICTURE, NOT_PERMITTED, refusal_of
from labeler.pools.remote.sessions import Stopped, guarded

SCOPES = ("https://www.googleapis.com/auth/devstorage.read_only",)


class Bucket:
    """One bucket of Google Cloud Storage."""

    def __init__(self, place: Place) -> None:
        with _in_words():
            endpoint = os.environ.get("STORAGE_EMULATOR_HOST", "")
            client = _client(endpoint, signed=place.is_ours_to_open)
            self.bucket = client.bucket(place.bucket)

    def read(self, key: str, most: int, start: int = 0) -> bytes:
        try:
            with _in_words():
                blob = self.bucket.blob(key)
                data: bytes = blob.download_as_bytes(
                    start=start, end=start + most - 1, raw_download=True, checksum=None, retry=None
                )
                return data[:most]
        except RequestRangeNotSatisfiable:
            return b""

    def listed(self, prefix: str) -> Iterator[Found]:
        with _in_words():
            for blob in self.bucket.list_blobs(prefix=prefix, retry=None):
                yield Found(blob.name, blob.etag or str(blob.generation), blob.size or 0)


@contextmanager
def _in_words() -> Iterator[None]:
    """What went wrong, in our words; the server's stay out of it. Raises Failed."""
    try:
        yield
    except RequestRangeNotSatisfiable:
        raise
    except Stopped as error:
        raise Failed(error.refused) from error
    except GoogleAPICallError as error:
        raise Failed(refusal_of(int(error.code or 0)) or NO_PICTURE) from error
    except GoogleAuthError as error:
        raise Failed(NOT_PERMITTED) from error
    except requests.RequestException as error:
        raise Failed(UNREACHABLE) from error
    except ValueError as error:
        raise Failed(NO_PICTURE) from error


@functools.lru_cache(maxsize=4)
def _client(endpoint: str, *, signed: bool) -> Any:
    credentials: Any = AnonymousCredentials()
    if signed and not endpoint:
        credentials, _project = google.auth.default(scopes=SCOPES)
    session = guarded(AuthorizedSession(credentials))
    options = {"api_endpoint": endpoint} if endpoint else None
    return gcs.Client("none", credentials, _http=session, client_options=options)
