"""What servers send, and do not send: each comes to bytes or to a reason (S02, list 56)."""

import io
import threading
import time

import pytest

from labeler.pools.archives import Unreadable
from labeler.pools.remote import connections, fetching, reading
from labeler.pools.remote.guard import Forbidden
from labeler.pools.remote.reading import reader
from tests.conftest import picture
from tests.pools.remote.conftest import SECRET

REDIRECTS = [301, 302, 303, 307, 308]


def refused(address: str) -> str:
    """The code of the refusal. What the server said is nowhere in it."""
    with pytest.raises(Unreadable) as error:
        reader(address)()
    why = error.value.refused
    assert why.reason and why.remedy
    assert SECRET.decode() not in f"{why} {error.value}"
    return why.code


def test_a_picture_comes(web):
    read = reader(web.url("ok/1.png"))
    assert read() == picture(1)
    assert read.stamp == f'"1.png-1" {len(picture(1))}'


def test_nothing_is_carried_from_one_answer_to_the_next_request(web):
    for _ in range(2):
        reader(web.url("ok/1.png"))()
    assert {name.lower() for name in web.seen[1][2]} == {"host", "user-agent", "accept-encoding"}
    assert web.seen[1][2]["Accept-Encoding"] == "identity"


def test_pictures_of_one_server_come_over_one_connection(web):
    lines = []
    opened = connections.Line.connect

    def count(line):
        lines.append(line)
        opened(line)

    connections.Line.connect = count
    try:
        for n in range(5):
            reader(web.url(f"ok/{n}.png"))()
    finally:
        connections.Line.connect = opened
    assert len(lines) == 1


def test_chunked_answers_come_whole(web):
    assert reader(web.url("chunked/3.png"))() == picture(3)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("nothing.png", "not_found"), ("status/410", "not_found"), ("status/403", "not_permitted"),
        ("status/401", "not_permitted"), ("status/418", "bad_answer"),
        ("status/204", "bad_answer"), ("status/304", "bad_answer"), ("page", "web_page"),
        ("short", "cut_short"), ("announced", "too_many_bytes"), ("endless", "too_many_bytes"),
        ("endless_chunks", "too_many_bytes"), ("packed", "packed_answer"),
        ("loop", "too_many_redirects"), ("nonsense", "unreachable"),
    ],
)  # fmt: skip
def test_each_bad_answer_has_its_reason(web, settings, path, code):
    settings.MAX_IMAGE_BYTES = 1_000_000
    assert refused(web.url(path)) == code


@pytest.mark.parametrize("path", ["drip", "drip_in_head", "drip_in_chunk", "silent"])
def test_a_server_that_keeps_us_waiting_is_left(web, settings, path):
    settings.FETCH_SECONDS = 1
    started = time.monotonic()
    assert refused(web.url(path)) == "timed_out"
    assert time.monotonic() - started < 15


def test_one_file_never_outlasts_the_lease(settings):
    settings.FETCH_SECONDS, settings.LEASE_SECONDS = 600, 60
    assert fetching.Clock().left() <= 30


def test_a_server_in_trouble_is_asked_again(web, monkeypatch):
    monkeypatch.setattr(reading, "PAUSE_SECONDS", 0.01)
    web.http.failures = 2
    assert reader(web.url("flaky/1.png"))() == picture(1)
    web.http.failures = 99
    assert refused(web.url("flaky/1.png")) == "server_failing"
    assert len(web.seen) == 3 + reading.TRIES


def test_a_port_where_nobody_listens_is_unreachable(settings, monkeypatch):
    monkeypatch.setattr(reading, "PAUSE_SECONDS", 0.01)
    settings.FETCH_ALLOW = ["127.0.0.1:1"]
    assert refused("http://127.0.0.1:1/") == "unreachable"


def test_a_connection_that_was_closed_while_it_waited_is_opened_anew(web):
    reader(web.url("ok/1.png"))()
    (_until, line), *_ = [pair for pair in connections.Idle._lines if pair[1].port == web.port]
    line.cut()
    assert reader(web.url("ok/2.png"))() == picture(2)


def test_an_answer_that_nobody_asked_for_answers_nothing(web):
    reader(web.url("smuggled"))()
    assert reader(web.url("ok/2.png"))() == picture(2)


# ---- Redirects --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_to_a_forbidden_place_is_not_followed(web, canary, status):
    web.http.onward["canary"] = f"http://127.0.0.1:{canary.port}/latest/meta-data"
    assert refused(web.url(f"to/{status}/canary")) == "bad_redirect"
    assert canary.count() == 0


@pytest.mark.parametrize(
    "onward",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "//169.254.169.254/", "http://[::1]:{port}/",
     "http://2130706433:{port}/", "http://user@127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/",
     "http://[", "https://127.0.0.1:{port}/"],
)  # fmt: skip
def test_no_form_of_a_forbidden_place_hides_behind_a_redirect(web, canary, onward):
    web.http.onward["on"] = onward.format(port=canary.port)
    assert refused(web.url("to/302/on")) == "bad_redirect"
    assert canary.count() == 0


def test_three_hops_are_followed_and_no_more(web):
    assert reader(web.url("hops/2"))() == picture(1)
    assert refused(web.url("hops/3")) == "too_many_redirects"
    web.seen.clear()
    assert refused(web.url("hops/50")) == "too_many_redirects"
    assert len(web.seen) == fetching.HOPS + 1


def test_the_last_of_several_hops_is_judged_too(web, canary):
    web.http.onward["last"] = f"http://127.0.0.1:{canary.port}/"
    web.http.onward["first"] = "/to/302/last"
    assert refused(web.url("to/301/first")) == "bad_redirect"
    assert canary.count() == 0


@pytest.mark.parametrize("onward", ["http://a.example/", "file:///etc/passwd", "ftp://a.example/"])
def test_https_never_becomes_less(onward):
    with pytest.raises(Forbidden):
        fetching._next("https://a.example/1.png", onward)
    assert fetching._next("https://a.example/x/1.png", "2.png") == "https://a.example/x/2.png"


# ---- Larger files, and several at once --------------------------------------------------------


def test_an_archive_is_fetched_into_a_file_whole_or_not_at_all(web, tmp_path):
    beats = []
    web.http.files["a.zip"] = bytes(300_000)
    path = tmp_path / "new" / "a.zip"
    reading.fetch(web.url("list/a.zip"), path, most=300_000, beat=lambda: beats.append(1))
    assert path.stat().st_size == 300_000
    assert beats
    with pytest.raises(Unreadable) as error:
        reading.fetch(web.url("list/a.zip"), tmp_path / "b.zip", most=299_999)
    assert error.value.refused.code == "too_many_bytes"
    assert not (tmp_path / "b.zip").exists()


def test_a_fetch_that_is_broken_off_by_its_beat_leaves_nothing(web, tmp_path):
    class LeaseLost(Exception):
        pass

    def lost():
        raise LeaseLost

    web.http.files["a.zip"] = bytes(300_000)
    with pytest.raises(LeaseLost):
        reading.fetch(web.url("list/a.zip"), tmp_path / "a.zip", most=10**6, beat=lost)
    assert not list(tmp_path.iterdir())


def test_many_threads_read_their_own_pictures(web):
    wrong = []

    def read(n):
        for again in range(5):
            if reader(web.url(f"ok/{n}{again}.png"))() != picture(int(f"{n}{again}")):
                wrong.append(n)

    threads = [threading.Thread(target=read, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_head_of_a_picture_costs_no_body(web):
    assert reading.stamp_at(web.url("ok/1.png")) == f'"1.png-1" {len(picture(1))}'
    assert web.seen[-1][0] == "HEAD"
    assert reading.stamp_at(web.url("undated/1.png")) == ""
    assert reading.stamp_at(web.url("nothing")) == ""


def test_a_long_stamp_is_shortened():
    stamp = reading.stamp_of({"etag": "x" * 500})
    assert 0 < len(stamp) <= 80
    assert stamp != reading.stamp_of({"etag": "x" * 499 + "y"})


def test_the_body_of_an_error_is_not_read(web):
    into = io.BytesIO()
    assert fetching.ask(web.url("status/500"), into).status == 500
    assert into.getvalue() == b""
