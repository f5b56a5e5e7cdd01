"""gs:// and az:// without an account: the clouds' own libraries against small servers that answer
as the clouds' documentation says, or, where the libraries are missing, a message that names them.
"""

import importlib.util
import json
import os
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from labeler.pools.archives import Unreadable
from labeler.pools.refusing import ImportFailed
from labeler.pools.remote import buckets, listing
from labeler.pools.remote.fetching import Failed
from labeler.pools.remote.reading import reader
from tests.conftest import picture
from tests.pools.remote.conftest import SECRET, Server

KEYS = [f"leaves/{n}.png" for n in range(5)] + ["leaves/", "leaves/é ü#.png"]


def _has(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


has_google, has_azure = _has("google.cloud.storage"), _has("azure.storage.blob")
_in_ci = os.environ.get("CI") == "true"  # there they fail rather than be left out
needs_google = pytest.mark.skipif(
    not has_google and not _in_ci, reason="google-cloud-storage is not installed"
)
needs_azure = pytest.mark.skipif(
    not has_azure and not _in_ci, reason="azure-storage-blob is not installed"
)


@pytest.mark.parametrize(
    ("address", "package", "there"),
    [
        ("gs://bucket/1.png", "django-storages[google]", has_google),
        ("az://bucket/1.png", "django-storages[azure]", has_azure),
    ],
)
def test_a_library_that_is_missing_is_named(address, package, there, monkeypatch):
    if there:
        hide = buckets.import_module

        def missing(name):
            raise ImportError(name)

        monkeypatch.setattr(buckets, "import_module", missing)
        assert hide is not missing
    with pytest.raises(Unreadable) as error:
        reader(address)()
    assert error.value.refused.code == "package_missing"
    assert package in error.value.refused.remedy


class Cloud(BaseHTTPRequestHandler):
    """What both clouds have in common: a bucket of pictures, two keys a page."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.seen.append((self.path, dict(self.headers)))
        self.answer(parts.path, query)

    def log_message(self, *_args: object) -> None:
        pass

    def page(self, query: dict, start: str) -> tuple[list[str], str]:
        found = sorted(key for key in KEYS if key.startswith(query.get("prefix", "")))
        first = int(query.get(start) or 0)
        more = str(first + 2) if first + 2 < len(found) else ""
        return found[first : first + 2], more

    def send_object(self, key: str, **headers: str) -> None:
        if key not in KEYS:
            self.send(404, SECRET)
            return
        data = picture(KEYS.index(key))
        span = self.headers.get("Range") or self.headers.get("x-ms-range") or f"bytes=0-{len(data)}"
        first, last = (int(part) for part in span.removeprefix("bytes=").split("-"))
        if first >= len(data):
            self.send(416, SECRET)
            return
        part = data[first : last + 1]
        span = f"bytes {first}-{first + len(part) - 1}/{len(data)}"
        self.send(206, part, Content_Range=span, Content_Type="image/png", **headers)

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Google(Cloud):
    """The JSON API: objects.list and objects.get."""

    def answer(self, path: str, query: dict) -> None:
        if "/b/bucket/o" not in path:
            self.send(403, json.dumps({"error": {"message": SECRET.decode()}}).encode())
        elif path.endswith("/o"):
            keys, more = self.page(query, "pageToken")
            items = [
                {"kind": "storage#object", "name": key, "bucket": "bucket", "etag": f"e{key}",
                 "size": str(len(picture(KEYS.index(key))))}
                for key in keys
            ]  # fmt: skip
            told = {"kind": "storage#objects", "items": items}
            body = json.dumps(told | ({"nextPageToken": more} if more else {})).encode()
            self.send(200, body, Content_Type="application/json")
        else:
            self.send_object(unquote(path.rpartition("/o/")[2]))


class Azure(Cloud):
    """List Blobs and Get Blob."""

    def answer(self, path: str, query: dict) -> None:
        container, _, key = path.removeprefix("/account/").partition("/")
        if container != "bucket":
            self.send(403, SECRET)
        elif query.get("comp") == "list":
            keys, more = self.page(query, "marker")
            blobs = "".join(
                f"<Blob><Name>{key}</Name><Properties><Etag>e{key}</Etag><Content-Length>9"
                "</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>"
                for key in keys
            )
            body = (
                '<?xml version="1.0" encoding="utf-8"?><EnumerationResults '
                f'ServiceEndpoint="http://x/" ContainerName="bucket"><Blobs>{blobs}</Blobs>'
                f"<NextMarker>{more}</NextMarker></EnumerationResults>"
            )
            self.send(200, body.encode(), Content_Type="application/xml")
        else:
            self.send_object(unquote(key), ETag='"e"', x_ms_blob_type="BlockBlob")


def _serve(handler: type) -> Server:
    server = Server()
    server.http.RequestHandlerClass = handler
    return server


@pytest.fixture
def google(settings, monkeypatch):
    from labeler.pools.remote import google_cloud

    server = _serve(Google)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url("").rstrip("/"))
    settings.FETCH_ALLOW = [f"127.0.0.1:{server.port}"]
    google_cloud._client.cache_clear()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def azure(settings, monkeypatch):
    from labeler.pools.remote import azure as module

    server = _serve(Azure)
    settings.FETCH_ALLOW = [f"127.0.0.1:{server.port}"]
    settings.IMPORT_BUCKETS = ["az://bucket"]
    monkeypatch.setenv(
        "AZURE_STORAGE_CONNECTION_STRING",
        "DefaultEndpointsProtocol=http;AccountName=account;AccountKey=a2V5;"
        f"BlobEndpoint={server.url('account')};",
    )
    module._client.cache_clear()
    yield server
    server.http.shutdown()
    server.http.server_close()


CLOUDS = [
    pytest.param("gs", "google", marks=needs_google),
    pytest.param("az", "azure", marks=needs_azure),
]


@pytest.mark.parametrize(("scheme", "cloud"), CLOUDS)
def test_a_folder_is_listed_page_by_page_and_read(scheme, cloud, request):
    server = request.getfixturevalue(cloud)
    found = list(listing.below(f"{scheme}://bucket/leaves"))
    assert [each.name for each in found] == [*(f"{n}.png" for n in range(5)), "é ü#.png"]
    assert len({each.stamp for each in found}) == 6
    assert len(server.seen) >= 4
    for each in found:
        key = each.address.removeprefix(f"{scheme}://bucket/")
        assert reader(each.address)() == picture(KEYS.index(key))


@pytest.mark.parametrize(("scheme", "cloud"), CLOUDS)
def test_a_part_behind_the_end_is_empty(scheme, cloud, request):
    request.getfixturevalue(cloud)
    from labeler.pools.remote import addresses

    place = addresses.place(f"{scheme}://bucket/leaves/1.png")
    store, size = buckets.store(place), len(picture(1))
    assert store.read(place.key, 10) == picture(1)[:10]
    assert store.read(place.key, 10, start=size) == b""


@pytest.mark.parametrize(("scheme", "cloud"), CLOUDS)
def test_what_the_cloud_says_stays_with_it(scheme, cloud, request):
    request.getfixturevalue(cloud)
    with pytest.raises(Unreadable) as error:
        reader(f"{scheme}://bucket/none.png")()
    assert error.value.refused.code == "not_found"
    with pytest.raises(ImportFailed) as failed:
        list(listing.below(f"{scheme}://others/"))
    assert "does not let this installation read it" in str(failed.value)
    assert SECRET.decode() not in str(failed.value)


@pytest.mark.parametrize(("scheme", "cloud"), CLOUDS)
def test_an_endpoint_is_judged_like_any_address(scheme, cloud, request, settings):
    server = request.getfixturevalue(cloud)
    settings.FETCH_ALLOW = []
    with pytest.raises(Unreadable) as error:
        reader(f"{scheme}://bucket/leaves/1.png")()
    assert error.value.refused.code in ("not_https", "odd_port", "private_address")
    assert server.seen == []


@needs_azure
def test_keys_of_azure_are_used_for_the_named_containers_only(azure, settings):
    for allowed, signed in ((["az://bucket"], True), ([], False)):
        settings.IMPORT_BUCKETS = allowed
        reader("az://bucket/leaves/1.png")()
        assert ("Authorization" in azure.seen[-1][1]) is signed


@needs_azure
def test_azure_without_an_account_says_so(monkeypatch):
    for name in ("CONNECTION_STRING", "ACCOUNT"):
        monkeypatch.delenv(f"AZURE_STORAGE_{name}", raising=False)
    with pytest.raises(Unreadable) as error:
        reader("az://bucket/1.png")()
    assert error.value.refused.code == "no_account"
    assert isinstance(error.value.__cause__, Failed)
