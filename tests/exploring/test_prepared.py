"""A large pool: what a worker made ready, what a request adds, what it shows before."""

from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pytest

from labeler.exploring import columns, filters, picked, prepared, sieve, surveys, tiles, words
from labeler.exploring.models import Survey
from labeler.labeling import together
from labeler.labeling.answers import Refused
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.work import leases

pytestmark = pytest.mark.django_db
NAMES = ["b/rust-12.jpg", "a_1.png", "Ünder.jpg", "c.d-rust.tif", "a_10.png", "z", "rust 12", "x12"]


@pytest.fixture
def pool(project, reviewer, monkeypatch):
    """Eight images of a pool that counts as large; 0 is of the audit sample."""
    monkeypatch.setattr(prepared, "LARGE", 4)
    monkeypatch.setattr(prepared, "WINDOW", 3)
    forget()
    add(project, NAMES)
    Image.objects.filter(row=0).update(audit=True)
    rust = project.labels.get(name="rust")
    return SimpleNamespace(project=project, rust=rust, person=reviewer)


def add(project, names):
    first = Image.objects.filter(project=project).count()
    Image.objects.bulk_create(
        Image(
            project=project, row=row, sha256=f"{row:064x}", name=name, width=1, height=1,
            format="PNG", bytes=1, key=row / 100,
            exif={"Model": "Nikon D5", "DateTimeOriginal": f"2024-05-{30 - row:02} 10:00:00"}
            if row % 2 else {},
        )
        for row, name in enumerate(names, first)
    )  # fmt: skip
    Project.objects.filter(pk=project.pk).update(next_row=first + len(names))
    project.refresh_from_db()


def forget():
    for kept in (columns, sieve, words):
        kept.forget()


def work():
    while row := leases.claim(Survey):
        surveys.run(row)


def rows(pool, **given):
    wanted = filters.parsed({name: [value] for name, value in given.items()})
    return sieve.found(pool.project, wanted).rows.tolist()


def say(pool, row, batch=None):
    ids = [Image.objects.get(project=pool.project, row=row).pk]
    together.label_together(pool.project, pool.person, ids, [pool.rust.pk], batch or uuid4())


def test_before_a_worker_the_first_rows_are_there_and_the_page_says_so(pool):
    told = tiles.page(pool.project, filters.Filter(), 0, 10)
    assert [tile["name"] for tile in told["items"]] == NAMES[:3]
    assert told["preparing"] == {"shown": 3, "images": 8, "done": 0, "total": 0}
    assert rows(pool, q="rust") == [0]
    assert rows(pool, order="name") == [1, 0, 2]
    assert Survey.objects.filter(kind="columns", state="due").count() == 1
    with pytest.raises(Refused, match="prepared"):
        picked.image_ids(pool.project, {"query": ""})


def test_a_request_reads_no_row_that_a_worker_has_read(pool):
    rows(pool)
    work()
    assert tiles.page(pool.project, filters.Filter(), 0, 10)["preparing"] is None
    forget()
    read = []
    real, columns._fill = columns._fill, lambda made, images: read.append(images)
    try:
        assert rows(pool) == list(range(8))
    finally:
        columns._fill = real
    assert read == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rust", [0, 3, 6]), ("RUST 12", [0, 6]), ("rust-12", [0]), (".jpg", [0, 2]),
        ("a_1", [1, 4]), ("t-1 jpg", [0]), ("- nikon", [1, 3, 5, 7]),
        ("12", [0, 6, 7]), ("ünder", [2]), ("nikon", [1, 3, 5, 7]), ("d-r", [3]), ("/", [0]),
        ("absent", []), ("-", [0, 1, 3, 5, 7]), ("t-1", [0]), ("_", [1, 4]), ("1.p", [1]),
    ],
)  # fmt: skip
def test_words_are_found_as_in_a_small_pool(pool, text, found, monkeypatch):
    rows(pool)
    work()
    assert rows(pool, q=text) == found
    monkeypatch.setattr("labeler.exploring.word_index.MANY", 0.0)
    sieve.forget()
    assert rows(pool, q=text) == found
    monkeypatch.setattr(prepared, "LARGE", 10**6)
    Survey.objects.all().delete()
    forget()
    assert rows(pool, q=text) == found


def test_what_came_later_is_found_and_stands_in_its_place(pool):
    rows(pool)
    work()
    assert rows(pool, order="name") == [1, 4, 0, 3, 6, 7, 5, 2]
    add(pool.project, ["a_2.jpg", "zz"])
    assert rows(pool, order="name") == [1, 4, 8, 0, 3, 6, 7, 5, 9, 2]
    assert rows(pool, order="-name")[:2] == [2, 9]
    assert rows(pool, q="jpg") == [0, 2, 8]
    assert rows(pool, order="taken") == [9, 7, 5, 3, 1, 0, 2, 4, 6, 8]
    assert rows(pool, order="-taken")[:6] == [1, 3, 5, 7, 9, 0]


def test_an_answer_shows_on_top_of_the_files_and_an_undo_too(pool):
    rows(pool)
    work()
    batch = uuid4()
    say(pool, 5, batch)
    assert rows(pool, label=str(pool.rust.pk)) == rows(pool, state="labeled") == [5]
    together.undo_together(pool.project, pool.person, batch)
    assert rows(pool, label=str(pool.rust.pk)) == []


def test_too_much_news_waits_for_a_worker(pool):
    rows(pool)
    work()
    add(pool.project, [f"n{n}" for n in range(5)])
    assert len(rows(pool)) == 8
    assert tiles.page(pool.project, filters.Filter(), 0, 1)["preparing"]["shown"] == 8
    Survey.objects.update(finished_at="2020-01-01T00:00Z")
    rows(pool)
    work()
    assert len(rows(pool)) == 13


def test_what_is_asked_blind_is_known_however_old_the_files_are(pool):
    """Set aside and taken into the pool again: no answer tells of it."""
    Image.objects.filter(row=0).update(state="aside")
    rows(pool)
    work()
    Image.objects.filter(row=0).update(state="open")
    Image.objects.filter(row=4).update(audit=True)
    forget()
    assert np.flatnonzero(columns.of(pool.project).blind).tolist() == [0, 4]


def test_the_sweep_prepares_before_anybody_looks(pool):
    prepared.find()
    work()
    prepared.find()
    assert Survey.objects.filter(kind="columns").count() == 1
    add(pool.project, ["late"])
    Survey.objects.update(finished_at="2020-01-01T00:00Z")
    prepared.find()
    assert Survey.objects.filter(kind="columns", state="due").count() == 1


def test_files_of_an_older_form_are_made_again(pool):
    rows(pool)
    work()
    made = prepared.newest(pool.project)
    made.facts["form"] = 1
    made.save()
    forget()
    assert rows(pool) == [0, 1, 2]
    work()
    assert len(rows(pool)) == 8


def test_files_that_are_damaged_are_made_again(pool):
    rows(pool)
    work()
    (surveys.folder(prepared.newest(pool.project)) / "ids.npy").write_bytes(b"nothing")
    forget()
    assert rows(pool) == [0, 1, 2]
