"""A source met again: what is known is not opened, what is new or changed comes in."""

import io
import os
import time

import pytest
from django.core.management import call_command

from labeler.pools import imports, origins, sources
from labeler.pools.models import Image, Import, Origin, OriginFile
from labeler.pools.progress import progress
from labeler.pools.remote import reading
from labeler.pools.staging import Staged
from tests.conftest import picture
from tests.pools.conftest import laid_out, pictures, refusals, work
from tests.pools.remote.test_lists import start as start_list

MANY = 20_000


@pytest.fixture
def leaves(settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaves").resolve()
    settings.IMPORT_FOLDERS = [folder]
    return folder


@pytest.fixture
def opened(monkeypatch):
    """The names of the files that are opened from here on."""
    names = []
    really = sources._bytes_of

    def note(path):
        names.append(path.name)
        return really(path)

    monkeypatch.setattr(sources, "_bytes_of", note)
    return names


def bring(project, user, place, source="folder", **options) -> Import:
    return work(
        imports.start(
            project=project, user=user, source=source, path=str(place), options=options or None
        )
    )


def test_a_second_time_only_what_is_new_is_opened(project, admin, leaves, opened):
    laid_out(leaves, pictures(10))
    first = bring(project, admin, leaves)
    assert (first.added, len(opened)) == (10, 10)
    opened.clear()
    laid_out(leaves / "more", pictures(2, 10))
    again = bring(project, admin, leaves, only_new=True)
    assert (again.state, again.total, again.added, again.duplicates) == ("done", 2, 2, 0)
    assert sorted(opened) == ["10.png", "11.png"]
    assert again.cursor["known"] == 10
    assert first.origin == again.origin


def test_nothing_new_is_a_good_end(project, admin, leaves, opened):
    laid_out(leaves, pictures(3))
    bring(project, admin, leaves)
    opened.clear()
    again = bring(project, admin, leaves, only_new=True)
    assert (again.state, again.total, again.read, again.error) == ("done", 0, 0, "")
    assert opened == []
    assert "3 files came in before" in progress(again).words
    out = io.StringIO()
    call_command("import_pool", str(project.pk), str(leaves), "--only-new", stdout=out)
    assert "3 files were passed over" in out.getvalue()


def test_a_file_that_was_changed_is_read_again(project, admin, leaves, opened):
    laid_out(leaves, pictures(3))
    bring(project, admin, leaves)
    opened.clear()
    (leaves / "1.png").write_bytes(picture(77))
    os.utime(leaves / "2.png", ns=(1, 1))  # touched, not changed: read, and found to be known
    again = bring(project, admin, leaves, only_new=True)
    assert sorted(opened) == ["1.png", "2.png"]
    assert (again.added, again.duplicates) == (1, 1)
    opened.clear()
    bring(project, admin, leaves, only_new=True)
    assert opened == []


def test_without_the_wish_everything_is_read(project, admin, leaves, opened):
    laid_out(leaves, pictures(3))
    bring(project, admin, leaves)
    opened.clear()
    assert bring(project, admin, leaves).duplicates == 3
    assert len(opened) == 3


def test_what_was_refused_is_told_again(project, admin, leaves):
    laid_out(leaves, [("x.png", b"no picture"), *pictures(1)])
    bring(project, admin, leaves)
    again = bring(project, admin, leaves, only_new=True)
    assert refusals(again) == {"x.png": "not_an_image"}


def test_projects_and_folders_do_not_know_of_each_other(
    project, admin, outsider, leaves, opened, tmp_path_factory, settings
):
    laid_out(leaves, pictures(3))
    bring(project, admin, leaves)
    opened.clear()
    other = outsider.projects.get()
    assert bring(other, outsider, leaves, only_new=True).added == 3
    copy = laid_out(tmp_path_factory.mktemp("copy").resolve(), pictures(3))
    settings.IMPORT_FOLDERS = [leaves, copy]
    assert bring(project, admin, copy, only_new=True).duplicates == 3
    assert len(opened) == 6


def test_a_chunk_that_is_not_stored_is_not_known(project, admin, leaves, monkeypatch):
    laid_out(leaves, pictures(2))
    noted = origins.note

    def fail(imp, entries):
        noted(imp, entries)
        raise OSError(28, "No space left on device", "/data")

    monkeypatch.setattr(origins, "note", fail)
    assert bring(project, admin, leaves).state == "failed"
    assert not OriginFile.objects.exists()
    assert not Image.objects.exists()


def test_a_bucket_met_again_gives_what_is_new(project, admin, bucket, monkeypatch):
    for name, data in pictures(6):
        bucket.put_object(Key=f"s/{name}", Body=data)
    bring(project, admin, "s3://leaves/s", "bucket")
    asked = []
    really = reading.Reading.__call__
    monkeypatch.setattr(
        reading.Reading, "__call__", lambda self: asked.append(self.address) or really(self)
    )
    bucket.put_object(Key="s/1.png", Body=picture(50))
    bucket.put_object(Key="s/new.png", Body=picture(51))
    again = bring(project, admin, "s3://leaves/s", "bucket", only_new=True)
    assert (again.added, again.cursor["known"]) == (2, 5)
    assert sorted(asked) == ["s3://leaves/s/1.png", "s3://leaves/s/new.png"]


def test_a_list_met_again_asks_servers_for_their_stamps(project, admin, web):
    urls = [web.url(f"ok/{n}.png") for n in range(4)] + [web.url("undated/9.png")]
    work(start_list(project, admin, "\n".join(urls)))
    web.seen.clear()
    again = work(
        start_list(
            project, admin, "\n".join([*urls, web.url("ok/5.png")]), options={"only_new": True}
        )
    )
    methods = sorted((method, path) for method, path, _ in web.seen)
    assert methods == [
        ("GET", "/ok/5.png"), ("GET", "/undated/9.png"),
        *(("HEAD", f"/ok/{n}.png") for n in range(4)),
    ]  # fmt: skip
    assert (again.added, again.duplicates, again.cursor["known"]) == (1, 1, 4)
    web.http.edition = 2
    again = work(start_list(project, admin, urls[0], options={"only_new": True}))
    assert (again.cursor["known"], again.duplicates) == (0, 1)


def test_twenty_thousand_known_files_take_seconds_and_none_is_opened(
    project, admin, leaves, opened, django_assert_max_num_queries
):
    origin = origins.of(project, "folder", str(leaves))
    for n in range(MANY):
        (leaves / f"{n}.png").touch()
    files = [Staged(f"{n}.png", leaves) for n in range(MANY)]
    stamps = [
        f"{s.st_size} {s.st_mtime_ns}" for s in ((leaves / file.name).stat() for file in files)
    ]
    OriginFile.objects.bulk_create(
        (
            OriginFile(origin=origin, digest=origins.digest(file), stamp=stamp)
            for file, stamp in zip(files, stamps, strict=True)
        ),
        batch_size=2000,
    )
    started = time.monotonic()
    with django_assert_max_num_queries(MANY // origins.AT_ONCE + 60):
        again = bring(project, admin, leaves, only_new=True)
    took = time.monotonic() - started
    assert (again.state, again.total, again.cursor["known"]) == ("done", 0, MANY)
    assert opened == []
    print(f"{MANY:,} known files were passed over in {took:.1f} s")
    assert took < 60


def test_rows_of_known_files_are_not_told_as_missing(project, admin, leaves, opened):
    def tell(count):
        rows = "".join(f"{n}.png,rust\n" for n in range(count))
        (leaves / "labels.csv").write_text(f"file,label\n{rows}")

    laid_out(leaves, pictures(3))
    tell(3)
    assert bring(project, admin, leaves).labels_added == 3
    opened.clear()
    laid_out(leaves, pictures(1, 3))
    tell(5)
    again = bring(project, admin, leaves, only_new=True)
    assert (again.added, again.labels_added, again.duplicates) == (1, 1, 0)
    assert refusals(again) == {"labels.csv, line 6": "missing_file"}
    assert opened == ["3.png"]


def test_the_origin_is_one_row_for_a_place(project):
    one = origins.of(project, "bucket", "s3://leaves/a")
    assert origins.of(project, "bucket", "s3://leaves/a") == one
    assert origins.of(project, "urls", "") == origins.of(project, "urls", "")
    signed = origins.of(project, "urls", "https://a.example/list.txt?sig=hush")
    assert signed.address == "https://a.example/list.txt"
    assert origins.of(project, "upload", "") is None
    assert Origin.objects.count() == 3
