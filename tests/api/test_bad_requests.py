"""Odd requests around a good one: headers, methods, conditions, tokens in the wrong place.

Each test names its numbers in docs/explanation/bad-inputs.md. What never reaches Django is in
tests/supervisor/test_bad_http.py.
"""

import pytest
from django.test import Client

from labeler.projects import tokens
from tests.api.calls import address, everything
from tests.api.table import TABLE
from tests.api.test_bad_input import is_error

pytestmark = pytest.mark.django_db
LONG = 100_000


@pytest.fixture
def where(world):
    return f"/api/v1/projects/{world.project.pk}"


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "Authorization", "secret"])
def test_a_token_in_the_query_opens_nothing(where, owner, name):
    """101: addresses are written into logs and histories."""
    given = tokens.issue(user=owner, name="test")[1]
    is_error(Client().get(f"{where}?{name}={given}"), 400, 401)


@pytest.mark.parametrize("cut", [slice(0, -1), slice(0, 3), slice(3, None)])
@pytest.mark.parametrize("more", ["", "x" * 8_000])
def test_a_token_of_another_length_is_nobodys(where, owner, cut, more):
    """101"""
    given = tokens.issue(user=owner, name="test")[1][cut] + more
    is_error(Client().get(where, headers={"Authorization": f"Bearer {given}"}), 401)


@pytest.mark.parametrize("scheme", ["bearer", "Bearer  ", "Basic", "Digest", ""])
def test_another_scheme_opens_nothing_or_the_same(where, owner, scheme):
    """101"""
    given = tokens.issue(user=owner, name="test")[1]
    told = Client().get(where, headers={"Authorization": f"{scheme} {given}"})
    assert told.status_code in (200, 401)
    assert (told.status_code == 200) <= (scheme.strip().lower() == "bearer")


def test_a_look_at_the_head_of_every_page_breaks_nothing(world, as_user, owner):
    """102: HEAD on all; without a body, and nothing is changed by looking."""
    client, before = as_user(owner), everything()
    for key in TABLE:
        method, _, path = key.partition(" ")
        if method == "GET":
            told = client.head(address(path, world))
            assert told.status_code < 500 or told.status_code == 503, (path, told.status_code)
            assert b"".join(told.streaming_content if told.streaming else [told.content]) == b""
    assert everything() == before


@pytest.mark.parametrize(
    "languages", ["x" * LONG, "ja," * (LONG // 3), "ja;q=" + "9" * LONG, "../ja", "ja\x00"]
)
@pytest.mark.parametrize("path", ["/", "/sign-in", "/api/v1/projects"])
def test_endless_languages_are_passed_over(as_user, owner, path, languages):
    """107"""
    client = Client() if path == "/sign-in" else as_user(owner)
    told = client.get(path, headers={"Accept-Language": languages})
    assert told.status_code == 200


@pytest.mark.parametrize("tag", ['"wrong"', 'W/"x"', "x" * 5_000, '"a", "b"', '"', ""])
def test_what_carries_another_tag_is_sent_whole(world, as_user, owner, tag, where):
    """106"""
    for path in (where, f"/images/{world.image.pk}/original"):
        told = as_user(owner).get(path, headers={"If-None-Match": tag})
        assert told.status_code == 200
        assert told.headers["ETag"]


def test_any_tag_is_the_one_that_is_there(as_user, owner, where, world):
    """106: `*` means: whatever there is. It tells nothing of what is not there."""
    client = as_user(owner)
    assert client.get(where, headers={"If-None-Match": "*"}).status_code == 304
    picture = f"/images/{world.image.pk}/original"
    assert client.get(picture, headers={"If-None-Match": "*"}).status_code == 304
    is_error(client.get("/api/v1/projects/999999", headers={"If-None-Match": "*"}), 404)


@pytest.mark.parametrize("accept", ["text/html", "image/png", "*/*;q=0", "x" * LONG, "\x00"])
def test_errors_of_the_api_are_json_whatever_is_wished(as_user, owner, where, accept):
    """108"""
    client, headers = as_user(owner), {"Accept": accept}
    is_error(client.get("/api/v1/projects/999999", headers=headers), 404)
    is_error(client.get(f"{where}/images?limit=x", headers=headers), 422)
    is_error(client.generic("PUT", where, "{}", headers=headers), 405)


def multipart(*parts: bytes, end: bytes = b"--x--\r\n") -> bytes:
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + end


FILE = b'Content-Disposition: form-data; name="files"; filename="a.png"\r\n'


@pytest.mark.parametrize(
    "body",
    [
        multipart(FILE + b"\r\nno picture", end=b""),
        multipart(FILE + b"Content-Transfer-Encoding: base64\r\n\r\n" + b" \n" * 30_000),
        multipart(FILE + b"Content-Transfer-Encoding: base64\r\n\r\nA!"),
        multipart(FILE + b"Content-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nz\r\n--y--"),
        multipart(*[b'Content-Disposition: form-data; name="x"\r\n\r\n1'] * 10_000),
        multipart(*[FILE + b"\r\n1"] * 2_000),
        multipart(b"X: " + b"y" * 70_000 + b"\r\n\r\n1"),
        multipart(b'Content-Disposition: form-data; name="files"; filename*=q\'\'%ff\r\n\r\n1'),
        b"\x00" * 5_000, b"--x", b"--x--",
    ],
    ids=range(11),
)  # fmt: skip
def test_parts_that_cannot_be_are_refused(as_user, owner, where, body):
    """104: with whitespace that a decoder reads again and again (CVE-2026-33033), too."""
    client, kind = as_user(owner), "multipart/form-data; boundary=x"
    told = client.generic("POST", f"{where}/imports", body, content_type=kind)
    assert told.status_code in (201, 202, 400, 413, 422), told.content[:200]
    if told.status_code >= 400:
        is_error(told, told.status_code)
