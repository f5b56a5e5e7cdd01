"""Imports from start to end: what comes in, under which names, and what adds up."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone

from labeler.pools import importing, imports, signals, storage
from labeler.pools.models import Image, ImageName, Import, Truth
from labeler.pools.refusing import ImportRefused
from labeler.projects.models import Label, Project
from labeler.work import leases
from tests.conftest import picture
from tests.pools.conftest import bring, pictures, refusals, rows_of, send, work, zipped


def test_images_come_in_with_dense_rows_and_their_facts(project, admin):
    imp = bring(
        project, admin, [("a.png", picture(1, (40, 30))), ("b.jpg", picture(2, format="JPEG"))]
    )
    assert (imp.state, imp.total, imp.added, imp.duplicates, imp.refused) == ("done", 2, 2, 0, 0)
    first, second = Image.objects.filter(project=project).order_by("row")
    assert (first.width, first.height, first.format, first.name) == (40, 30, "PNG", "a.png")
    assert (second.format, second.came_with) == ("JPEG", imp)
    assert rows_of(project) == [0, 1]
    project.refresh_from_db()
    assert project.next_row == 2


def test_the_same_bytes_are_one_image_with_every_name(project, admin):
    data = picture(1)
    imp = bring(project, admin, [("a.png", data), ("b.png", data), ("a.png", data)])
    assert (imp.added, imp.duplicates) == (1, 2)
    later = bring(project, admin, [("c.png", data)])
    assert (later.added, later.duplicates) == (0, 1)
    assert Image.objects.get(project=project).name == "a.png"
    assert set(ImageName.objects.values_list("name", flat=True)) == {"b.png", "c.png"}


def test_the_same_bytes_in_two_projects_are_two_images(project, admin, outsider):
    other = Project.objects.get(name="Elsewhere")
    bring(project, admin, [("a.png", picture(1))])
    assert bring(other, outsider, [("a.png", picture(1))]).added == 1


def test_what_is_stored_is_what_came(project, admin):
    data = picture(5, (700, 500))
    bring(project, admin, [("a.png", data)])
    image = Image.objects.get(project=project)
    with storage.open_original(image) as file:
        assert file.read() == data
    assert storage.local_file(image).stat().st_mode & 0o777 == 0o640
    assert storage.local_file(image, "thumb").read_bytes()[8:12] == b"WEBP"


@pytest.mark.parametrize("failing", ["broken", "none"])
def test_read_is_always_the_sum(project, admin, monkeypatch, failing):
    monkeypatch.setattr(importing, "CHUNK_FILES", 4)
    files = pictures(10) + [("again.png", picture(0))] + [(f"x{n}", b"?") for n in range(3)]
    seen = []

    def watch(imp):
        fresh = Import.objects.get(pk=imp.pk)
        seen.append((fresh.read, fresh.added, fresh.duplicates, fresh.refused))

    imp = send(project, admin, files)
    importing.run(leases.claim(Import, imp.pk), watch=watch)
    assert [read for read, *_ in seen] == [4, 8, 12, 14]
    assert all(read == sum(rest) for read, *rest in seen)
    assert seen[-1] == (14, 10, 1, 3)


def test_news_is_sent_for_each_chunk_after_its_commit(
    project, admin, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(importing, "CHUNK_FILES", 4)
    heard = []

    def hear(project_id, count, **_):
        heard.append((project_id, count))

    signals.images_added.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            bring(project, admin, pictures(6))
    finally:
        signals.images_added.disconnect(hear)
    assert heard == [(project.pk, 4), (project.pk, 2)]


# ---- Folder names -----------------------------------------------------------------------------


def foldered(*names: str) -> list[tuple[str, bytes]]:
    return [(name, picture(n)) for n, name in enumerate(names)]


@pytest.fixture
def came():
    """The (label name, image name) pairs that were sent up."""
    found = []

    def hear(project, pairs, user, **rest):
        assert rest["import"].project == project
        for image, label in pairs:
            found.append((Label.objects.get(pk=label).name, Image.objects.get(pk=image).name))

    signals.labels_came.connect(hear)
    yield found
    signals.labels_came.disconnect(hear)


def test_folders_are_only_names_unless_asked(project, admin, came):
    bring(project, admin, foldered("cat/1.png"))
    assert not came
    assert project.labels.count() == 3
    assert not Truth.objects.exists()


def test_folders_become_labels(project, admin, came):
    files = foldered(
        "pool/train/rust/1.png", "pool/train/Rust /2.png", "pool/blight/3.png", "4.png"
    )
    imp = bring(project, admin, files, folders="labels")
    assert came == [
        ("rust", "pool/train/rust/1.png"),
        ("rust", "pool/train/Rust /2.png"),
        ("blight", "pool/blight/3.png"),
    ]
    assert imp.labels_added == 3
    new = project.labels.get(name="blight")
    assert (new.place, new.key) == (3, "4")
    assert not Truth.objects.exists()


def test_folders_stay_hidden_truth(project, admin, came):
    bring(project, admin, [("d.zip", zipped(foldered("7/1.png", "rust/2.png")))], folders="truth")
    assert not came
    assert set(Truth.objects.values_list("image__name", "label__name")) == {
        ("1.png", "7"),
        ("2.png", "rust"),
    }  # the name an annotator sees does not give the truth away


def test_a_picture_in_two_hidden_folders_is_refused_the_second_time(
    project, admin, came, monkeypatch
):
    monkeypatch.setattr(importing, "CHUNK_FILES", 2)
    data = picture(1)
    files = [("rust/1.png", data), ("mildew/1.png", data), ("mildew/2.png", data)]
    imp = bring(project, admin, files, folders="truth")
    assert (imp.added, imp.duplicates, imp.refused) == (1, 0, 2)


def test_a_picture_in_two_class_folders_is_refused_the_second_time(
    project, admin, came, monkeypatch
):
    monkeypatch.setattr(importing, "CHUNK_FILES", 2)  # within a chunk, and in a later one
    data = picture(1)
    files = [("rust/1.png", data), ("mildew/1.png", data), ("mildew/2.png", data)]
    imp = bring(project, admin, files, folders="labels")
    assert (imp.added, imp.duplicates, imp.refused) == (1, 0, 2)
    assert set(refusals(imp).values()) == {"label_contradiction"}
    assert came == [("rust", "rust/1.png")]


def test_a_multi_label_project_takes_both_folders(project, admin, came):
    project.kind = "multi"
    project.save()
    data = picture(1)
    bring(project, admin, [("rust/1.png", data), ("mildew/1.png", data)], folders="labels")
    assert came == [("rust", "rust/1.png"), ("mildew", "rust/1.png")]


def test_a_retired_label_comes_back_when_answers_use_it(project, admin):
    project.labels.filter(name="rust").update(retired=True, key="")
    bring(project, admin, foldered("rust/1.png"), folders="labels")
    assert not project.labels.get(name="rust").retired


@pytest.mark.parametrize("mode", ["labels", "truth"])
@pytest.mark.parametrize(
    ("folders", "words"),
    [([f"c{n}" for n in range(501)], "501 names"), (["x" * 60], "60 characters")],
)
def test_folders_that_cannot_be_labels_fail_before_anything_comes_in(
    project, admin, folders, words, mode
):
    files = [(f"{folder}/1.png", b"never read") for folder in folders]
    imp = bring(project, admin, [("a.zip", zipped(files))], folders=mode)
    assert imp.state == "failed"
    assert words in imp.error
    assert project.labels.count() == 3
    assert not Image.objects.filter(project=project).exists()


# ---- Names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\0b.png", "a␀b.png"),
        ("new\nline.png", "new␊line.png"),
        ("cafe\u0301.png", "café.png"),
        ("\udcff.png", "\ufffd.png"),
        ("=SUM(A1).png", "=SUM(A1).png"),
        ("", "(no name)"),
        ("../../etc/passwd", "../../etc/passwd"),
    ],
)
def test_a_name_is_kept_as_text(project, admin, tmp_path, given, kept):
    bring(project, admin, [(given, picture(1))])
    assert Image.objects.get(project=project).name == kept
    stored = [file for file in (tmp_path / "files").rglob("*") if file.is_file()]
    assert [file.name for file in stored] == [Image.objects.get(project=project).sha256]


def test_a_long_name_is_cut_in_its_middle(project, admin):
    bring(project, admin, [("a" * 5000 + "-end.png", picture(1))])
    name = Image.objects.get(project=project).name
    assert len(name) == 1000
    assert name.endswith("-end.png")


def test_what_desktops_leave_behind_is_not_counted(project, admin):
    junk = [(name, b"?") for name in ("a/.DS_Store", "Thumbs.db", "__MACOSX/x.png", "._1.png")]
    imp = bring(project, admin, [*junk, ("a.zip", zipped([*junk, *pictures(2)]))])
    assert (imp.total, imp.added, imp.refused) == (2, 2, 0)


def test_a_file_that_is_no_image_gets_a_reason_and_a_remedy(project, admin):
    imp = bring(project, admin, [("read me.md", b"# Leaves\n"), *pictures(1)])
    refusal = imp.refusals.get()
    assert (refusal.name, refusal.code) == ("read me.md", "not_an_image")
    assert "JPEG" in refusal.remedy
    assert imp.added == 1


# ---- Bad input --------------------------------------------------------------------------------


def test_a_choice_that_is_none_is_refused(project, admin):
    for options in ({"source": "moon"}, {"source": "upload", "folders": "maybe"}):
        with pytest.raises(ImportRefused):
            imports.start(project=project, user=admin, **options)
    assert not Import.objects.exists()


def test_a_sealed_import_takes_no_more_files(project, admin):
    imp = send(project, admin, pictures(1))
    with pytest.raises(ImportRefused) as refused:
        imports.stage(imp, "late.png", io.BytesIO(picture(9)))
    assert refused.value.code == "import_closed"


def test_an_import_without_files_fails_with_a_remedy(project, admin):
    imp = bring(project, admin, [])
    assert imp.state == "failed"
    assert "Choose images" in imp.error


def test_nobody_works_on_an_upload_that_still_receives_files(project, admin):
    imp = imports.start(project=project, user=admin, source="upload")
    imports.stage(imp, "a.png", io.BytesIO(picture(1)))
    assert leases.claim(Import, imp.pk) is None


def test_an_upload_given_up_by_its_sender_brings_in_what_arrived(project, admin):
    imp = imports.start(project=project, user=admin, source="upload")
    imports.stage(imp, "a.png", io.BytesIO(picture(1)))
    Import.objects.filter(pk=imp.pk).update(not_before=timezone.now() - timedelta(seconds=1))
    work(imp)
    assert (imp.state, imp.added, imp.sealed) == ("done", 1, True)
    assert "stopped before" in imp.error


def test_imports_are_numbered_within_their_project(project, admin):
    assert [bring(project, admin, pictures(1)).number for _ in range(3)] == [1, 2, 3]
