"""Lists of web addresses: uploaded or typed, each line by itself."""

import io
import threading

import pytest

from labeler.pools import imports, sources, staging
from labeler.pools.models import Image, Import
from labeler.pools.refusing import ImportRefused
from labeler.pools.remote import addresses, ahead, reading
from tests.conftest import picture
from tests.pools.conftest import pictures, refusals, work, zipped


def start(project, user, text: str | bytes, name="addresses.txt", **options) -> Import:
    imp = imports.start(project=project, user=user, source="urls", **options)
    data = text.encode() if isinstance(text, str) else text
    imports.stage(imp, name, io.BytesIO(data))
    imports.seal(imp)
    return imp


def test_a_list_comes_in_line_by_line(project, admin, web):
    lines = [
        "# leaves of the summer", "", web.url("ok/1.png"), f"  {web.url('ok/2.png')}  ",
        web.url("ok/1.png"), f'"{web.url("chunked/3.png")}"', "not an address", "file:///etc/passwd",
        "http://169.254.169.254/latest", web.url("nothing.png"), web.url("page"),
    ]  # fmt: skip
    imp = work(start(project, admin, "\ufeff" + "\r\n".join(lines)))
    assert (imp.state, imp.total, imp.added, imp.refused) == ("done", 8, 3, 5)
    host = f"127.0.0.1:{web.port}"
    assert refusals(imp) == {
        "not an address": "bad_address",
        "file:///etc/passwd": "not_https",
        "169.254.169.254/latest": "not_https",
        f"{host}/nothing.png": "not_found",
        f"{host}/page": "web_page",
    }
    image = Image.objects.get(name=f"{host}/ok/1.png")
    assert image.address == web.url("ok/1.png")


@pytest.mark.parametrize(
    ("address", "name", "kept"),
    [
        ("https://a.example/b/1.png", "a.example/b/1.png", "https://a.example/b/1.png"),
        ("https://a.example/i?id=5", "a.example/i?id=5", "https://a.example/i?id=5"),
        ("https://a.example/1.png?X-Amz-Signature=ab", "a.example/1.png", "https://a.example/1.png"),
        ("https://a.example/1.png?sv=1&sig=ab", "a.example/1.png", "https://a.example/1.png"),
        ("https://a.example/1.png?access_token=x", "a.example/1.png", "https://a.example/1.png"),
        ("https://a.example/%C3%A9%20b.png", "a.example/é b.png", "https://a.example/%C3%A9%20b.png"),
        ("s3://bucket/a?token=b.png", "bucket/a?token=b.png", "s3://bucket/a?token=b.png"),
    ],
)  # fmt: skip
def test_keys_in_an_address_are_neither_kept_nor_shown(address, name, kept):
    assert addresses.name_of(address) == name
    assert addresses.shown(address) == kept


def test_a_signed_address_is_asked_whole_and_kept_without_its_key(project, admin, web):
    signed = web.url("ok/1.png?Signature=hush")
    imp = work(start(project, admin, signed))
    assert imp.added == 1
    assert web.seen[-1][1].endswith("Signature=hush")
    image = Image.objects.get()
    assert "hush" not in f"{image.name} {image.address} {imp.path} {imp.title}"


@pytest.mark.parametrize("source", ["upload", "urls"])
def test_rows_of_a_table_name_addresses_and_their_keys_stay_out(project, admin, web, source):
    rows = (
        f"url,label\n{web.url('ok/1.png?sig=hush')},rust\n{web.url('nothing.png?sig=hush')},rust\n"
    )
    imp = imports.start(project=project, user=admin, source=source)
    imports.stage(imp, "labels.csv", io.BytesIO(rows.encode()))
    imports.seal(imp)
    imp = work(imp)
    assert (imp.added, imp.labels_added, list(refusals(imp).values())) == (1, 1, ["not_found"])
    image = Image.objects.get()
    assert image.address == web.url("ok/1.png")
    assert "hush" not in f"{image.name} {list(refusals(imp))} {imp.path}"


def test_the_key_of_a_single_address_is_forgotten(project, admin, web):
    path = web.url("ok/1.png?token=hush")
    imp = work(imports.start(project=project, user=admin, source="urls", path=path))
    assert (imp.added, web.seen[-1][1]) == (1, "/ok/1.png?token=hush")
    assert "hush" not in f"{imp.path} {imp.title} {imp.origin} {Image.objects.get().address}"


@pytest.mark.parametrize("path", ["ok/7.png", "list/all.zip", "list/addresses.txt"])
def test_a_single_address_is_a_picture_an_archive_or_a_list(project, admin, web, path):
    web.http.files["all.zip"] = zipped(pictures(2, 7))
    web.http.files["addresses.txt"] = web.url("ok/7.png").encode()
    imp = work(imports.start(project=project, user=admin, source="urls", path=web.url(path)))
    assert imp.state == "done", imp.error
    assert imp.added == (2 if path.endswith("zip") else 1)
    with_bytes = Image.objects.filter(bytes=len(picture(7)))
    assert with_bytes.exists()


def test_an_archive_that_cannot_be_fetched_is_one_refusal(project, admin, web):
    imp = work(start(project, admin, f"{web.url('nothing.zip')}\n{web.url('ok/1.png')}"))
    assert (imp.added, list(refusals(imp).values())) == (1, ["not_found"])


def test_addresses_are_judged_when_the_import_is_started(project, admin, canary):
    for path in (
        "http://10.0.0.1/1.png",
        f"https://127.0.0.1:{canary.port}/",
        "file:///etc/passwd",
    ):
        with pytest.raises(ImportRefused):
            imports.start(project=project, user=admin, source="urls", path=path)
    assert canary.count() == 0
    assert not Import.objects.exists()


def test_a_source_that_is_gone_ends_the_import_and_not_each_picture(
    project, admin, settings, monkeypatch
):
    monkeypatch.setattr(reading, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(ahead, "PATIENCE", 10)
    settings.FETCH_ALLOW = ["127.0.0.1:1"]
    imp = start(project, admin, "\n".join(f"http://127.0.0.1:1/{n}.png" for n in range(500)))
    imp = work(imp)
    assert imp.state == "failed"
    assert "Try again" in imp.error
    assert staging.is_listed(imp.pk)


# ---- Read ahead -------------------------------------------------------------------------------


def test_several_are_read_at_once_and_come_in_order(project, admin, web):
    """Eight readers meet inside the server: one after the other they never would."""
    gate = threading.Barrier(ahead.WIDTH)
    plain = type(web.http.RequestHandlerClass)("Gated", (web.http.RequestHandlerClass,), {})

    def _gated(self, rest):
        gate.wait(60)
        self._ok(rest)

    plain._gated = _gated
    web.http.RequestHandlerClass = plain
    count = 2 * ahead.WIDTH
    lines = [web.url(f"gated/{n}.png") for n in range(count)]
    lines[: ahead.FIRST] = [web.url(f"ok/{n}.png") for n in range(ahead.FIRST)]
    lines += [web.url(f"gated/{n}.png") for n in range(count, count + ahead.FIRST)]
    imp = work(start(project, admin, "\n".join(lines)))
    assert imp.added == len(lines)
    names = Image.objects.order_by("row").values_list("name", flat=True)
    assert list(names) == [addresses.name_of(line) for line in lines]


def test_counting_asks_for_nothing(project, admin, web):
    lines = "\n".join(web.url(f"ok/{n}.png") for n in range(50))
    imp = start(project, admin, lines)
    work(imp)
    web.seen.clear()
    imports_index = [
        staging.Staged(f"{n}", staging.Path(), address=web.url(f"ok/{n}.png")) for n in range(50)
    ]
    staging.note_all(imp.pk, imports_index)
    assert sum(1 for _ in sources.entries(imp.pk)) == 50
    assert web.seen == []


@pytest.mark.parametrize("fit", [1, 3, 100])
def test_what_is_read_and_waits_is_bounded(web, monkeypatch, fit):
    largest = max(len(picture(n)) for n in range(30))
    monkeypatch.setattr(ahead, "HELD_BYTES", fit * largest)
    index = enumerate(
        staging.Staged(f"{n}", staging.Path(), address=web.url(f"ok/{n}.png")) for n in range(30)
    )
    most = 0
    for line, _file, read in ahead.lines(index, lambda _file: True):
        assert read() == picture(line)
        most = max(most, len(web.seen) - line)
    assert len(web.seen) == 30
    assert most <= max(fit, ahead.FIRST) + 1
    assert (most > ahead.FIRST + 1) == (fit > 3)


def test_the_first_pictures_show_how_large_they_are(web):
    index = enumerate(
        staging.Staged(f"{n}", staging.Path(), address=web.url(f"slowly/{n}.png")) for n in range(9)
    )
    files = ahead.lines(index, lambda _file: True)
    _line, _file, read = next(files)
    read()
    assert len(web.seen) <= ahead.FIRST
    files.close()
