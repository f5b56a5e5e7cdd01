"""An S3 server in a process of its own, and buckets in it."""

import os
import socket
import subprocess
import sys
import time

import boto3
import pytest

from labeler import env


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """An S3 server in a process of its own; its port."""
    port = _free_port()
    log = (tmp_path_factory.mktemp("moto") / "log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=log, stderr=log, env=os.environ | KEYS,
    )  # fmt: skip
    end = time.monotonic() + 120
    while True:
        assert server.poll() is None, "moto_server ended by itself"
        assert time.monotonic() < end, "moto_server did not start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield port
    server.terminate()
    server.wait(20)


@pytest.fixture
def pictures_bucket(moto, settings, monkeypatch):
    """The installation's storage is `s3://pictures/team`; the bucket, to look into."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{moto}")
    bucket = boto3.resource("s3").Bucket("pictures")
    bucket.create()
    settings.STORAGES = settings.STORAGES | {"default": env.storage("s3://pictures/team")}
    yield bucket
    bucket.objects.delete()
    bucket.delete()
