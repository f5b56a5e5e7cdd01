"""The import page and the pictures, as a browser and a stranger meet them."""

import csv
import io
import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image as Picture

from labeler.pools import imports, staging, uploads
from labeler.pools.models import Image, Import
from tests.conftest import picture
from tests.pools.conftest import bring, pictures, send, work


@pytest.fixture
def address(project):
    return reverse("import", args=[project.pk])


@pytest.fixture
def person(client, admin):
    """A browser in which an admin is signed in."""
    client.force_login(admin)
    return client


def upload(*files: tuple[str, bytes]) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name, data) for name, data in files]


# ---- The plain form ---------------------------------------------------------------------------


def test_the_form_works_without_scripts(person, address, project):
    answer = person.post(address, {"files": upload(*pictures(3)), "folders": "ignore"})
    imp = Import.objects.get()
    assert answer.status_code == 302
    assert (imp.sealed, imp.title) == (True, "3 files")
    work(imp)
    assert imp.added == 3
    text = person.get(address).content.decode()
    assert "Import 1: <bdi>3 files</bdi>" in text
    assert "3 images in the pool" in text


def test_an_empty_page_says_the_next_step(person, address):
    text = person.get(address).content.decode()
    assert "The pool is empty." in text
    assert 'hx-get="' not in text.split('id="runs"')[1], "nothing runs"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Choose at least one image"),
        ({"source": "moon"}, "Choose at least one image"),
        ({"source": "folder", "path": "/etc"}, "LABELER_IMPORT_FOLDERS"),
        ({"source": "folder", "path": "a\0b"}, "Give the path"),
    ],
)
def test_bad_input_is_answered_with_what_to_do(person, address, form, words):
    answer = person.post(address, form)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Import.objects.exists()


def test_a_folder_on_the_server_is_offered_and_imported(person, address, settings, tmp_path):
    settings.IMPORT_FOLDERS = [tmp_path / "in"]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(picture(1))
    assert str(tmp_path / "in") in person.get(f"{address}?from=storage").content.decode()
    person.post(address, {"source": "folder", "path": str(tmp_path / "in")})
    assert work(Import.objects.get()).added == 1


def test_a_name_that_is_markup_shows_as_text(person, address, project, admin):
    send_it = '<img src=x onerror="canary()">.jpg'
    bring(project, admin, [(send_it, b"not a picture")], title=send_it)
    for where in (address, reverse("import_report", args=[project.pk, 1])):
        text = person.get(where).content.decode()
        assert "<img src=x" not in text
        assert "&lt;img src=x onerror=" in text


# ---- Uploads in several requests --------------------------------------------------------------


def begin(person, project, **fields) -> dict:
    answer = person.post(reverse("import_begin", args=[project.pk]), fields)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_batches_arrive_with_their_folders(person, project):
    at = begin(person, project, title="pets", folders="labels")
    for n in range(2):
        paths = json.dumps([f"pets/cat/{n}-0.png", f"pets/dog/{n}-1.png"])
        files = upload(("0", picture(n * 2)), ("1", picture(n * 2 + 1)))
        answer = person.post(at["files"], {"files": files, "paths": paths})
        assert answer.json() == {"received": 2}
    assert person.post(at["seal"]).status_code == 200
    imp = work(Import.objects.get())
    assert (imp.added, imp.title) == (4, "pets")
    names = set(Image.objects.filter(project=project).values_list("name", flat=True))
    assert names == {"pets/cat/0-0.png", "pets/dog/0-1.png", "pets/cat/1-0.png", "pets/dog/1-1.png"}
    assert project.labels.filter(name__in=["cat", "dog"]).count() == 2


def test_a_batch_sent_again_is_taken_once(person, project):
    at = begin(person, project)
    batch = str(uuid.uuid4())
    for _ in range(2):
        body = {"files": upload(("0", picture(1))), "paths": '["a.png"]', "batch": batch}
        assert person.post(at["files"], body).json() == {"received": 1}
    person.post(at["seal"])
    imp = work(Import.objects.get())
    assert (imp.total, imp.added, imp.duplicates) == (1, 1, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"paths": "{"},
        {"paths": "[1]"},
        {"paths": '"a"'},
        {"paths": "[" * 9000},
        {"batch": "../../x"},
    ],
)
def test_a_batch_that_cannot_be_read_is_a_400(person, project, fields):
    at = begin(person, project)
    answer = person.post(at["files"], {"files": upload(("0", b"x"))} | fields)
    assert answer.status_code == 400
    assert set(answer.json()) == {"detail", "code"}
    assert not staging.is_listed(Import.objects.get().pk)


def test_files_after_the_seal_are_a_409(person, project):
    at = begin(person, project)
    person.post(at["seal"])
    answer = person.post(at["files"], {"files": upload(("0", b"x"))})
    assert (answer.status_code, answer.json()["code"]) == (409, "import_closed")


def test_a_large_file_goes_to_the_disk_and_is_not_copied(person, project, settings, monkeypatch):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    monkeypatch.setattr(staging, "_copy", None)
    at = begin(person, project)
    data = picture(1, (400, 300), "BMP")
    person.post(at["files"], {"files": upload(("0", data)), "paths": '["a.bmp"]'})
    person.post(at["seal"])
    assert work(Import.objects.get()).added == 1
    assert not list((staging.root() / "incoming").iterdir())


def test_a_disk_that_is_full_while_receiving_is_said(person, project, settings, monkeypatch):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    at = begin(person, project)
    monkeypatch.setattr(uploads, "Incoming", full)
    answer = person.post(at["files"], {"files": upload(("0", picture(1)))})
    assert answer.status_code == 507
    assert "No space left" in answer.json()["detail"]


# ---- Watching ---------------------------------------------------------------------------------


def test_the_part_asks_again_only_while_something_runs(person, address, project, admin):
    imp = send(project, admin, pictures(2))
    part = reverse("import_runs", args=[project.pk])
    waiting = person.get(part).content.decode()
    assert "hx-trigger" in waiting
    assert "waiting for a worker" in waiting
    work(imp)
    assert "hx-trigger" not in person.get(part).content.decode()


def test_cancel_and_try_again(person, project, admin):
    imp = send(project, admin, pictures(2))
    person.post(reverse("import_cancel", args=[project.pk, imp.number]))
    imp.refresh_from_db()
    assert imp.state == "cancelled"
    for step in ("cancel", "again"):
        answer = person.post(reverse(f"import_{step}", args=[project.pk, 1]), follow=True)
        assert answer.status_code == 200
    imp.refresh_from_db()
    assert imp.state == "cancelled"


def test_refusals_download_as_a_harmless_table(person, project, admin):
    bad = ['=cmd|"x"!A1', "+1", "-1", "@x", "plain, with comma"]
    bring(project, admin, [(name, b"?") for name in bad])
    answer = person.get(reverse("import_refused", args=[project.pk, 1]))
    assert "attachment" in answer["Content-Disposition"]
    text = b"".join(answer.streaming_content).decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["file", "why", "what to do", "code"]
    assert [row[0] for row in rows[1:]] == [f"'{name}" for name in bad[:4]] + bad[4:]


# ---- Who may ----------------------------------------------------------------------------------


def addresses(project) -> list[tuple[str, str]]:
    own = [("get", "import"), ("post", "import"), ("get", "import_runs"), ("post", "import_begin")]
    one = [
        ("get", "import_report"), ("post", "import_files"), ("post", "import_seal"),
        ("post", "import_cancel"), ("post", "import_again"), ("get", "import_refused"),
    ]  # fmt: skip
    return [(verb, reverse(name, args=[project.pk])) for verb, name in own] + [
        (verb, reverse(name, args=[project.pk, 1])) for verb, name in one
    ]


@pytest.mark.parametrize(
    ("who", "status"), [("outsider", 404), ("annotator", 403), ("reviewer", 403)]
)
def test_only_admins_import(client, project, admin, request, who, status):
    imp = send(project, admin, pictures(1))
    client.force_login(request.getfixturevalue(who))
    for verb, address in addresses(project):
        assert getattr(client, verb)(address).status_code == status, address
    imp.refresh_from_db()
    assert (imp.state, Import.objects.count()) == ("due", 1)


def test_strangers_are_asked_to_sign_in(client, project, admin):
    imp = send(project, admin, pictures(1))
    for verb, address in addresses(project):
        answer = getattr(client, verb)(address)
        assert (answer.status_code, answer["Location"][:8]) == (302, "/sign-in"), address
    imp.refresh_from_db()
    assert imp.state == "due"


@pytest.mark.parametrize("number", [2, 2**31, 10**30])
def test_an_import_that_is_not_there_is_a_404(person, project, admin, number):
    send(project, admin, pictures(1))
    assert person.get(reverse("import_report", args=[project.pk, number])).status_code == 404


def test_another_projects_import_is_a_404(client, project, admin, outsider):
    send(project, admin, pictures(1))
    client.force_login(outsider)
    theirs = outsider.projects.get()
    assert client.get(reverse("import_report", args=[theirs.pk, 1])).status_code == 404


# ---- The pictures -----------------------------------------------------------------------------


def encoded(format: str, size=(40, 30), **options) -> bytes:
    out = io.BytesIO()
    Picture.new("RGB", size, (9, 99, 9)).save(out, format, **options)
    return out.getvalue()


def shown(client, project, size: str):
    image = Image.objects.get(project=project)
    return client.get(reverse("image_file", args=[image.pk, size]))


@pytest.mark.parametrize("who", ["annotator", "reviewer", "admin"])
def test_members_see_the_picture(client, project, admin, request, who):
    data = encoded("PNG")
    bring(project, admin, [("a.html", data)])
    client.force_login(admin if who == "admin" else request.getfixturevalue(who))
    for size in ("thumb", "screen", "original"):
        answer = shown(client, project, size)
        assert b"".join(answer.streaming_content) == data
        assert answer["Content-Type"] == "image/png"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "immutable" in answer["Cache-Control"]
        assert "private" in answer["Cache-Control"]


def test_a_known_picture_is_not_sent_again(person, project, admin):
    bring(project, admin, [("a.png", encoded("PNG"))])
    etag = shown(person, project, "screen")["ETag"]
    image = Image.objects.get(project=project)
    address = reverse("image_file", args=[image.pk, "screen"])
    assert person.get(address, headers={"If-None-Match": etag}).status_code == 304
    assert person.get(address, headers={"If-None-Match": '"other"'}).status_code == 200
    assert person.head(address).status_code == 200
    assert person.post(address).status_code == 405


def test_what_browsers_do_not_show_is_sent_as_a_file_and_shown_as_ours(person, project, admin):
    bring(project, admin, [("a.exe", encoded("TIFF"))])
    original = shown(person, project, "original")
    assert original["Content-Type"] == "application/octet-stream"
    assert original["Content-Disposition"].startswith("attachment")
    assert ".exe" not in original["Content-Disposition"]
    assert shown(person, project, "thumb")["Content-Type"] == "image/webp"
    assert shown(person, project, "screen")["Content-Type"] == "image/jpeg"


def test_a_picture_that_is_also_a_page_is_a_picture(person, project, admin):
    comment = b"<html><script>canary()</script>"
    bring(project, admin, [("x.html", encoded("JPEG", comment=comment))])
    answer = shown(person, project, "original")
    assert answer["Content-Type"] == "image/jpeg"
    assert "sandbox" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("size", ["huge", "..", "THUMB", "thumb "])
def test_other_sizes_are_a_404(person, project, admin, size):
    bring(project, admin, [("a.png", encoded("PNG"))])
    image = Image.objects.get(project=project)
    assert person.get(f"/images/{image.pk}/{size}").status_code == 404


def test_outsiders_and_unknown_numbers_get_the_same_404(client, project, admin, outsider):
    bring(project, admin, [("a.png", encoded("PNG"))])
    client.force_login(outsider)
    foreign = shown(client, project, "thumb")
    for pk in (10**6, 2**63, 2**80, 0):
        missing = client.get(f"/images/{pk}/thumb")
        assert (missing.status_code, missing.content) == (foreign.status_code, foreign.content)
    assert foreign.status_code == 404


def test_a_file_that_is_gone_is_a_404_and_not_an_error(person, project, images):
    assert person.get(reverse("image_file", args=[images[0].pk, "thumb"])).status_code == 404


def test_imports_of_a_long_list_are_paged(person, address, project, admin):
    for _ in range(25):
        imp = imports.start(project=project, user=admin, source="upload")
        imports.cancel(imp)
    assert "?page=2" in person.get(address).content.decode()
    assert person.get(f"{address}?page=x").status_code == 200


# ---- From storage -----------------------------------------------------------------------------


def test_addresses_are_typed_or_sent_as_a_file(person, address, project):
    form = {"source": "urls", "urls": "https://example.org/1.jpg\nhttps://example.org/2.jpg"}
    person.post(address, form)
    listed = SimpleUploadedFile("mine.txt", b"https://example.org/3.jpg\n")
    person.post(address, {"source": "urls", "list": listed})
    first, second = Import.objects.order_by("number")
    assert (first.source, first.title, first.sealed) == ("urls", "2 addresses", True)
    assert (second.source, second.title) == ("urls", "mine.txt")
    ((_, kept),) = staging.listed(first.pk)
    assert kept.path.read_text().split() == form["urls"].split()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"source": "urls", "urls": " \n "}, "at least one https:// address"),
        ({"source": "bucket", "address": "bucket/leaves"}, "s3://"),
        ({"source": "folder", "path": "/etc", "from": "storage"}, "LABELER_IMPORT_FOLDERS"),
    ],
)  # fmt: skip
def test_a_place_that_is_none_is_answered_with_what_to_do(person, address, form, words):
    answer = person.post(address, form)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Import.objects.exists()


def test_a_place_used_before_is_asked_for_what_is_new(person, address, project, settings, tmp_path):
    settings.IMPORT_FOLDERS = [tmp_path / "in"]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(picture(1))
    person.post(address, {"source": "folder", "path": str(tmp_path / "in"), "in_place": "1"})
    work(Import.objects.get())
    text = person.get(f"{address}?from=storage").content.decode()
    assert "Bring in what is new" in text
    (tmp_path / "in" / "b.png").write_bytes(picture(2))
    origin = project.origins.get()
    person.post(reverse("import_only_new", args=[project.pk, origin.pk]))
    again = work(Import.objects.get(number=2))
    assert (again.options["only_new"], again.in_place) == (True, True)
    assert (again.added, again.duplicates) == (1, 0)


def test_another_projects_place_is_a_404(person, project, outsider):
    theirs = outsider.projects.get().origins.create(address="/srv/x")
    for number in (theirs.pk, 10**6, 2**70):
        answer = person.post(reverse("import_only_new", args=[project.pk, number]))
        assert answer.status_code == 404
