"""The archive that is sent while it is made, and the names inside."""

import io
import zipfile
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.labeling import entry_names
from labeler.labeling.zip_stream import ZipStream

FAR = 2**32 + 4096  # beyond what old zip fields count


def archive(members, start=0):
    """The bytes of an archive of (name, bytes) pairs."""
    stream = ZipStream(start)
    pieces = [piece for name, data in members for piece in stream.member(name, data)]
    pieces += stream.end()
    stream.close()
    return b"".join(pieces)


def test_any_reader_opens_it():
    members = [("a.txt", b"one"), ("ordner/ü 日本.jpg", b"\xff" * 70_000), ("empty", b"")]
    with zipfile.ZipFile(io.BytesIO(archive(members))) as found:
        assert found.testzip() is None
        assert [(info.filename, found.read(info)) for info in found.infolist()] == members


def test_an_archive_without_members_is_one():
    assert zipfile.ZipFile(io.BytesIO(archive([]))).namelist() == []


def test_a_member_comes_from_a_file_too():
    stream = ZipStream()
    data = b"x" * 600_000
    made = b"".join([*stream.copied("large", io.BytesIO(data)), *stream.end()])
    assert zipfile.ZipFile(io.BytesIO(made)).read("large") == data
    stream.close()


def test_more_members_than_old_zip_counts():
    made = archive((f"{n}.txt", b"x") for n in range(65_600))
    with zipfile.ZipFile(io.BytesIO(made)) as found:
        assert len(found.infolist()) == 65_600
        assert found.read("65599.txt") == b"x"


def test_members_beyond_four_gigabytes(tmp_path):
    """In a file with a hole, so that it takes no room."""
    path = tmp_path / "far.zip"
    with path.open("wb") as file:
        file.seek(FAR)
        file.write(archive([("far.txt", b"out here"), ("b.txt", b"too")], FAR))
    with zipfile.ZipFile(path) as found:
        assert found.getinfo("far.txt").header_offset == FAR
        assert (found.read("far.txt"), found.read("b.txt")) == (b"out here", b"too")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("leaf.PNG", "leaf-7.png"),
        ("../../etc/passwd", "passwd-7.png"),
        ("C:\\windows\\system32\\cmd.exe", "cmd-7.png"),
        ("a/b\\c/ü 日本.jpg", "ü 日本-7.png"),
        ("..", "image-7.png"),
        ("/", "image-7.png"),
        ("-rf.jpg", "_rf-7.png"),
        ("=cmd|'/c calc'!A1.png", "c calc_!A1-7.png".replace("!", "_").replace("__", "_")),
        ("nul\x00.png", "nul_-7.png"),
        ("con.png", "con-7.png"),
        ("🍀.png", "_-7.png"),
        ("x" * 300 + ".jpg", "x" * 100 + "-7.png"),
    ],
)
def test_a_picture_keeps_the_readable_part_of_its_name(name, expected):
    assert entry_names.picture(name, "PNG", 7) == expected


@given(st.text(min_size=1, max_size=400), st.sampled_from(["JPEG", "PNG", "TIFF", "WEBP", "ODD"]))
def test_no_name_leads_out_of_the_folder(name, format):
    made = entry_names.picture(name, format, 12)
    assert not set(made) & set('/\\:*?"<>|\x00')
    assert not made.startswith((".", "-", "~", "="))
    assert len(made.encode()) < 255
    assert made.rpartition("-")[2].startswith("12.")


NASTY = ["a/b", "con", "CON.txt", "..", ".", "=cmd", "ünï", "50% off", "a:b", "x ", "tail.", "~x"]


def test_folders_are_the_labels_themselves_where_that_is_safe():
    assert entry_names.folders(["cat", "ünï", "=cmd", "two words"]) == {
        name: name for name in ("cat", "ünï", "=cmd", "two words")
    }
    assert entry_names.folders(["a/b", "con", ".."]) == {
        "a/b": "a%2Fb",
        "con": "%63on",
        "..": "%2E%2E",
    }


@given(st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=20))
def test_folders_are_safe_unique_and_can_be_read_back(labels):
    labels = [*dict.fromkeys([*labels, *NASTY])]
    made = entry_names.folders(labels)
    folders = list(made.values())
    assert len({name.casefold() for name in folders}) == len(labels)
    for label, folder in made.items():
        assert not set(folder) & set('/\\:*?"<>|\x00')
        assert folder.strip(" .") == folder
        assert not entry_names.RESERVED.fullmatch(folder)
        assert unquote(folder, errors="surrogatepass") == label


def test_names_that_differ_by_case_alone_stay_apart():
    made = entry_names.folders(["straße", "STRASSE", "ﬁn", "fin"])
    assert len({name.casefold() for name in made.values()}) == 4


def test_a_label_too_long_for_a_file_system_is_cut():
    (folder,) = entry_names.folders(["🌱" * 100]).values()
    assert len(folder.encode()) <= 200
    assert "~" in folder
