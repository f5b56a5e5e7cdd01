"""Originals that stay in a folder of the server: read while they are what they were."""

import pytest

from labeler.pools import imports, in_place, storage
from labeler.pools.models import Image
from labeler.pools.refusing import ImportRefused
from tests.conftest import picture
from tests.pools.conftest import laid_out, pictures, refusals, work, zipped

LARGE = (2000, 1500)


@pytest.fixture
def scans(settings, tmp_path_factory):
    """A folder of the server that admins may import from."""
    folder = tmp_path_factory.mktemp("scans").resolve()
    settings.IMPORT_FOLDERS = [folder]
    return folder


def bring(project, user, folder, **options):
    imp = imports.start(
        project=project, user=user, source="folder", path=str(folder), in_place=True, **options
    )
    return work(imp)


def stored(tmp_path) -> list[str]:
    return sorted(file.name for file in (tmp_path / "files").rglob("*") if file.is_file())


def test_the_original_stays_and_its_copies_are_ours(project, admin, scans, tmp_path):
    data = picture(1, LARGE, "JPEG")
    laid_out(scans, [("a/1.jpg", data)])
    imp = bring(project, admin, scans)
    image = Image.objects.get()
    assert (imp.added, image.in_place, image.address) == (1, True, str(scans / "a/1.jpg"))
    assert stored(tmp_path) == [f"{image.sha256}.screen", f"{image.sha256}.thumb"]
    with storage.open_original(image) as file:
        assert file.read() == data
    assert storage.local_file(image) == scans / "a/1.jpg"
    assert storage.local_file(image, "thumb").read_bytes()[8:12] == b"WEBP"


def test_pages_show_it_and_send_parts_of_it(project, admin, scans, client):
    data = picture(1, LARGE, "JPEG")
    laid_out(scans, [("1.jpg", data)])
    bring(project, admin, scans)
    client.force_login(admin)
    address = f"/images/{Image.objects.get().pk}/original"
    assert b"".join(client.get(address).streaming_content) == data
    part = client.get(address, headers={"Range": "bytes=10-19"})
    assert b"".join(part.streaming_content) == data[10:20]


def test_a_picture_that_vanished_is_404_and_its_copies_are_shown(project, admin, scans, client):
    laid_out(scans, [("1.jpg", picture(1, LARGE, "JPEG")), ("2.png", picture(2, (700, 500)))])
    bring(project, admin, scans)
    for file in scans.iterdir():
        file.unlink()
    client.force_login(admin)
    large, middle = Image.objects.order_by("name")
    shown = {
        (image.name, size): client.get(f"/images/{image.pk}/{size}").status_code
        for image in (large, middle)
        for size in ("thumb", "screen", "original")
    }
    assert [key for key, status in shown.items() if status != 200] == [
        ("1.jpg", "original"), ("2.png", "original"),
    ]  # fmt: skip


def test_other_bytes_under_the_same_name_are_not_the_image(project, admin, scans):
    laid_out(scans, [("1.png", picture(1))])
    bring(project, admin, scans)
    image = Image.objects.get()
    storage.open_original(image).close()
    (scans / "1.png").write_bytes(picture(2))
    with pytest.raises(FileNotFoundError, match="changed since it was imported"):
        storage.open_original(image)
    (scans / "1.png").write_bytes(picture(1))
    storage.open_original(image).close()


def test_a_link_in_its_place_is_not_followed(project, admin, scans, tmp_path):
    laid_out(scans, [("a/1.png", picture(1))])
    bring(project, admin, scans)
    image = Image.objects.get()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.png").write_bytes(picture(1))
    (scans / "a" / "1.png").unlink()
    (scans / "a" / "1.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    with pytest.raises(FileNotFoundError, match="link"):
        storage.open_original(image)
    (scans / "a" / "1.png").unlink()
    (scans / "a").rmdir()
    (scans / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError, match="link"):
        storage.open_original(image)


def test_a_folder_that_is_no_longer_allowed_is_no_longer_read(project, admin, scans, settings):
    laid_out(scans, [("1.png", picture(1))])
    bring(project, admin, scans)
    settings.IMPORT_FOLDERS = []
    with pytest.raises(FileNotFoundError, match="LABELER_IMPORT_FOLDERS"):
        storage.open_original(Image.objects.get())


def test_a_folder_of_the_operators_command_stays_allowed_until_its_line_goes(
    project, admin, tmp_path, tmp_path_factory
):
    folder = laid_out(tmp_path_factory.mktemp("own").resolve(), [("1.png", picture(1))])
    for _ in range(2):
        bring(project, admin, folder, anywhere=True)
    image = Image.objects.get()
    storage.open_original(image).close()
    noted = tmp_path / in_place.NOTED
    assert noted.read_text() == f"{folder}\n"
    noted.write_text("")
    with pytest.raises(FileNotFoundError):
        storage.open_original(image)


def test_deleting_the_project_leaves_the_originals(project, admin, scans, tmp_path):
    laid_out(scans, [("1.jpg", picture(1, LARGE, "JPEG"))])
    bring(project, admin, scans)
    image = Image.objects.get()
    storage.remove(project, [image.sha256])
    storage.forget(project.pk)
    assert stored(tmp_path) == []
    assert (scans / "1.jpg").read_bytes() == picture(1, LARGE, "JPEG")


def test_what_comes_out_of_an_archive_is_copied(project, admin, scans):
    laid_out(scans, [("all.zip", zipped(pictures(2))), ("9.png", picture(9))])
    bring(project, admin, scans)
    assert dict(Image.objects.values_list("name", "in_place")) == {
        "0.png": False, "1.png": False, "9.png": True,
    }  # fmt: skip
    for image in Image.objects.all():
        storage.open_original(image).close()


def test_a_path_that_the_database_cannot_keep_is_copied(project, admin, scans):
    (scans / b"\xff.png".decode("utf-8", "surrogateescape")).write_bytes(picture(1))
    deep = scans.joinpath(*["d" * 200] * 5)
    laid_out(deep, [("2.png", picture(2))])
    imp = bring(project, admin, scans)
    assert refusals(imp) == {}
    assert set(Image.objects.values_list("in_place", flat=True)) == {False}
    for image in Image.objects.all():
        storage.open_original(image).close()


@pytest.mark.parametrize("source", ["upload", "bucket", "urls"])
def test_only_a_server_folder_can_be_left_in_place(project, admin, source):
    path = {"bucket": "s3://leaves/x", "urls": "https://example.org/1.png"}.get(source, "")
    with pytest.raises(ImportRefused) as refused:
        imports.start(project=project, user=admin, source=source, path=path, in_place=True)
    assert refused.value.code == "in_place"
