"""Archives: every form that is promised, and the limits that stop an attack."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile

import pytest

from labeler.pools import archives, tarstream
from labeler.pools.archives import Unreadable
from labeler.pools.models import Image
from tests.pools.conftest import bring, pictures, refusals, tarred, zipped

PACKED = {
    "zip": lambda files: zipped(files),
    "tar": lambda files: tarred(files),
    "tar.gz": lambda files: gzip.compress(tarred(files)),
    "tgz": lambda files: gzip.compress(tarred(files)),
    "tar.bz2": lambda files: bz2.compress(tarred(files)),
    "tar.xz": lambda files: lzma.compress(tarred(files)),
}


def listed(path, data: bytes) -> list[tuple[str, int | str]]:
    """What comes out: name and size, or name and code."""
    path.write_bytes(data)
    found = []
    for member in archives.members(path):
        try:
            found.append(
                (member.name, member.refused.code if member.refused else len(member.read()))
            )
        except Unreadable as error:
            found.append((member.name, error.refused.code))
    return found


@pytest.mark.parametrize("ending", PACKED)
def test_every_form_comes_in(project, admin, ending):
    files = pictures(5)
    imp = bring(project, admin, [(f"pool.{ending}", PACKED[ending](files))])
    assert (imp.total, imp.added) == (5, 5)
    names = Image.objects.filter(project=project).order_by("row").values_list("name", flat=True)
    assert list(names) == [name for name, _ in files]


def test_content_counts_not_the_ending(project, admin):
    imp = bring(project, admin, [("really-a-tar.zip", tarred(pictures(2)))])
    assert imp.added == 2


def test_an_image_that_is_also_an_archive_is_an_image(project, admin):
    name, data = pictures(1)[0]
    imp = bring(project, admin, [(name, data + zipped(pictures(3, start=1)))])
    assert imp.added == 1


def test_an_archive_inside_an_archive_is_not_opened(project, admin):
    inner = zipped(pictures(2))
    imp = bring(project, admin, [("a.zip", zipped([("inner.zip", inner), *pictures(1, start=9)]))])
    assert (imp.added, imp.refused) == (1, 1)


@pytest.mark.parametrize("pack", [lzma.compress, bz2.compress, gzip.compress])
def test_streams_that_follow_each_other_are_one(tmp_path, pack):
    whole = tarred(pictures(20))
    parts = [whole[:3000], whole[3000:9000], whole[9000:]]
    assert len(listed(tmp_path / "a.tar.x", b"".join(map(pack, parts)))) == 20


@pytest.mark.parametrize("pack", [bytes, lzma.compress, bz2.compress, gzip.compress])
def test_an_archive_that_breaks_off_says_so_and_keeps_what_came_before(tmp_path, pack):
    files = [(f"{n}.bin", bytes(range(256)) * 40) for n in range(60)]
    found = listed(tmp_path / "a", pack(tarred(files))[: len(pack(tarred(files))) // 2])
    assert found[-1] == ("", "damaged_archive")
    if pack is bytes:
        assert found[0] == ("0.bin", 10240)


def test_garbage_in_the_middle_of_a_tar_is_not_taken_for_its_end(tmp_path):
    data = bytearray(tarred(pictures(9)))
    data[4096:8192] = bytes(range(256)) * 16
    assert listed(tmp_path / "a.tar", bytes(data))[-1] == ("", "damaged_archive")


# ---- Limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_the_number_of_members_is_limited(tmp_path, settings, pack):
    settings.MAX_ARCHIVE_MEMBERS = 10
    found = listed(tmp_path / "a", pack((f"{n}", b"x") for n in range(11)))
    assert found[-1] == ("", "too_many_members")
    assert len(listed(tmp_path / "a", pack((f"{n}", b"x") for n in range(10)))) == 10


def test_a_zip_that_lies_about_its_number_of_members_is_counted(tmp_path, settings):
    settings.MAX_ARCHIVE_MEMBERS = 10
    data = bytearray(zipped((f"{n}", b"x") for n in range(11)))
    data[-14:-10] = struct.pack("<HH", 1, 1)  # members on this disk, and in all
    assert listed(tmp_path / "a", bytes(data)) == [("", "too_many_members")]


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
def test_the_unpacked_size_is_limited_and_what_fits_comes_in(project, admin, settings, ending):
    settings.MAX_ARCHIVE_BYTES = 50_000
    files = [*pictures(1), *((f"{n}", bytes([n]) * 20_000) for n in range(9))]
    imp = bring(project, admin, [(f"a.{ending}", PACKED[ending](files))])
    assert imp.state == "done"
    assert imp.added == 1
    assert refusals(imp)[f"a.{ending}"] == "archive_too_large"
    assert imp.read == imp.total < 9


def test_a_packed_tar_that_grows_beyond_reason_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(tarstream, "FREE", 1_000_000)
    found = listed(tmp_path / "a", gzip.compress(tarred([("a", bytes(9_000_000))])))
    assert found[-1] == ("", "archive_too_large")


def test_a_header_that_asks_for_gigabytes_gets_none(tmp_path):
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 3_000_000_000
    head = info.tobuf(tarfile.USTAR_FORMAT)
    found = listed(tmp_path / "a.tar", head + bytes(100_000))
    assert found == [("", "archive_too_large")]


def test_an_xz_stream_that_wants_too_much_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tarstream, "XZ_MEMORY", 1_000_000)
    found = listed(tmp_path / "a.tar.xz", lzma.compress(tarred(pictures(2))))
    assert [code for _, code in found] in (["not_an_archive"], ["damaged_archive"])


def test_a_member_larger_than_an_image_may_be_is_refused_by_itself(project, admin, settings):
    settings.MAX_IMAGE_BYTES = 10_000
    imp = bring(project, admin, [("a.tar", tarred([("big", bytes(10_001)), *pictures(1)]))])
    assert imp.added == 1
    assert refusals(imp) == {"a.tar › big": "too_many_bytes"}


def test_a_lying_size_is_refused(tmp_path):
    data = zipped([("a.png", b"x" * 1000)])
    where = data.index(b"PK\x01\x02") + 24  # the unpacked size in the list of entries
    lying = data[:where] + struct.pack("<L", 10) + data[where + 4 :]
    assert listed(tmp_path / "a.zip", lying) == [("a.png", "damaged_member")]


@pytest.mark.parametrize("name", ["a.rar", "a.7z", "a.tar.zst", "a.gz"])
def test_archives_that_cannot_be_opened_say_what_can(project, admin, name):
    data = gzip.compress(b"just text") if name == "a.gz" else b"Rar!\x1a\x07\x00 and so on"
    imp = bring(project, admin, [(name, data)])
    refusal = imp.refusals.get()
    assert refusal.code == "not_an_archive"
    assert "tar.gz" in refusal.remedy


def test_a_windows_zip_with_backslashes_keeps_its_folders(project, admin):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = "pool\\rust\\1.png"
        archive.writestr(info, pictures(1)[0][1])
    bring(project, admin, [("a.zip", out.getvalue())], folders="truth")
    assert Image.objects.get(project=project).truths.get().label.name == "rust"
