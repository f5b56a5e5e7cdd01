"""Containers of Azure Blob Storage; needs `pip install 'django-storages[azure]'`.

az://container/folder lies in the account that AZURE_STORAGE_CONNECTION_STRING or
AZURE_STORAGE_ACCOUNT names. Azure's library makes and signs the requests; the guard's own client
sends them.
"""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient

from labeler.pools.refusing import Refused
from labeler.pools.remote.addresses import Place
from labeler.pools.remote.buckets import Found
from labeler.pools.remote.fetching import UNREACHABLE, Failed
from labeler.pools.remote.refusals import NO_PICTURE, refusal_of
from labeler.pools.remote.sessions import Stopped, guarded

NO_ACCOUNT = Refused(
    "no_account",
    "This installation does not say whose az:// addresses are meant.",
    "Let the operator set AZURE_STORAGE_ACCOUNT, or AZURE_STORAGE_CONNECTION_STRING.",
)


class Bucket:
    """One container of Azure Blob Storage."""

    def __init__(self, place: Place) -> None:
        with _in_words():
            named = tuple(os.environ.get(f"AZURE_STORAGE_{name}", "") for name in _VARIABLES)
            client = _client(*named, signed=place.is_ours_to_open)
            self.container = client.get_container_client(place.bucket)

    def read(self, key: str, most: int, start: int = 0) -> bytes:
        try:
            with _in_words():
                got = self.container.download_blob(key, offset=start, length=most)
                data: bytes = got.readall()
                return data[:most]
        except _BehindEnd:
            return b""

    def listed(self, prefix: str) -> Iterator[Found]:
        with _in_words():
            for blob in self.container.list_blobs(name_starts_with=prefix):
                yield Found(blob.name, (blob.etag or "").strip('"'), blob.size or 0)


_VARIABLES = ("CONNECTION_STRING", "ACCOUNT", "KEY", "SAS_TOKEN")


class _BehindEnd(Exception):
    """There is no such byte: the object ends before."""


@contextmanager
def _in_words() -> Iterator[None]:
    """What went wrong, in our words; the server's stay out of it. Raises Failed, _BehindEnd."""
    try:
        yield
    except Stopped as error:
        raise Failed(error.refused) from error
    except HttpResponseError as error:
        if error.status_code == 416:
            raise _BehindEnd from error
        raise Failed(refusal_of(int(error.status_code or 0)) or NO_PICTURE) from error
    except (ServiceRequestError, requests.RequestException) as error:
        raise Failed(UNREACHABLE) from error
    except (AzureError, ValueError) as error:
        raise Failed(NO_PICTURE) from error


@functools.lru_cache(maxsize=4)
def _client(connection: str, account: str, key: str, token: str, *, signed: bool) -> Any:
    """Of the account that the operator named; its keys only for what he lets admins read."""
    transport = RequestsTransport(session=guarded(requests.Session()), session_owner=False)
    more = {"transport": transport, "retry_total": 0}
    if connection:
        whole = BlobServiceClient.from_connection_string(connection, **more)
        return whole if signed else BlobServiceClient(whole.url.partition("?")[0], **more)
    if not account:
        raise Failed(NO_ACCOUNT)
    address = f"https://{account}.blob.core.windows.net"
    return BlobServiceClient(address, credential=(key or token or None) if signed else None, **more)
