"""Buckets of Amazon S3 and of every server that speaks like it.

boto3 makes and signs the requests; the guard's own client sends them, so that an endpoint is
judged like any other address, and connected to as judged.
"""

import functools
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from django.conf import settings

from labeler.pools.remote import fetching
from labeler.pools.remote.addresses import Place
from labeler.pools.remote.buckets import Found
from labeler.pools.remote.fetching import BAD_HOP, REDIRECTS, UNREACHABLE, Failed, Wish
from labeler.pools.remote.refusals import NO_PICTURE, refusal_of

LONGEST_PAGE = 16 << 20  # bytes of one page of a listing


class Bucket:
    """One bucket of S3."""

    def __init__(self, place: Place) -> None:
        self.name = place.bucket
        with _in_words():
            self.client = _client(settings.S3_ENDPOINT, signed=place.is_ours_to_open)

    def read(self, key: str, most: int, start: int = 0) -> bytes:
        wanted = {"Bucket": self.name, "Key": key, "Range": f"bytes={start}-{start + most - 1}"}
        try:
            with _in_words():
                data: bytes = self.client.get_object(**wanted)["Body"].read()
                return data[:most]  # a server may not know ranges
        except _BehindEnd:
            return b""

    def listed(self, prefix: str) -> Iterator[Found]:
        with _in_words():
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.name, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    yield Found(entry["Key"], entry.get("ETag", "").strip('"'), entry["Size"])


class _BehindEnd(Exception):
    """There is no such byte: the object ends before."""


@contextmanager
def _in_words() -> Iterator[None]:
    """What went wrong, in our words; the server's stay out of it. Raises Failed, _BehindEnd."""
    try:
        yield
    except ClientError as error:
        status = int(error.response["ResponseMetadata"].get("HTTPStatusCode", 0))
        if status == 416:
            raise _BehindEnd from error
        raise Failed(refusal_of(status) or NO_PICTURE) from error
    except EndpointConnectionError as error:
        raise Failed(UNREACHABLE) from error
    except (BotoCoreError, ValueError, KeyError) as error:  # an endpoint, an answer out of place
        raise Failed(NO_PICTURE) from error


@functools.lru_cache(maxsize=8)
def _client(endpoint: str, *, signed: bool) -> Any:
    session = boto3.session.Session()
    if signed:
        signed = session.get_credentials() is not None
    config = Config(
        signature_version=None if signed else UNSIGNED,
        retries={"mode": "standard", "total_max_attempts": 3},
        response_checksum_validation="when_required",
    )
    region = session.region_name or "us-east-1"
    client = session.client("s3", endpoint_url=endpoint or None, region_name=region, config=config)
    client.meta.events.register_first("before-send.s3", _send)
    return client


def _send(request: AWSPreparedRequest, **_more: Any) -> AWSResponse:
    """Send what boto3 signed, through the guard. boto3 sends nothing itself."""
    body = _Body()
    wish = Wish(
        request.method or "GET",
        {name: _text(value) for name, value in request.headers.items()},
        request.body if isinstance(request.body, bytes) else None,
        most=max(settings.MAX_IMAGE_BYTES, LONGEST_PAGE) + 1,
        notes=True,
    )
    try:
        answer = fetching.ask(request.url, body, wish=wish)
    except Failed as error:
        if error.refused.code == UNREACHABLE.code:  # boto3 tries this one again
            raise EndpointConnectionError(endpoint_url="the bucket") from error
        raise
    if answer.status in REDIRECTS and "x-amz-bucket-region" not in answer.headers:
        raise Failed(BAD_HOP)  # boto3 would ask where the bucket lies, and again, and again
    body.seek(0)
    return AWSResponse(request.url, answer.status, HeadersDict(answer.headers), body)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


class _Body(io.BytesIO):
    """A body as boto3 reads it."""

    def stream(self, **_more: Any) -> Iterator[bytes]:
        yield self.read()
