"""A pack of 179 hostile and odd files: each gets what its manifest expects, and nothing breaks."""

import json
import resource
import tarfile

import pytest

from labeler.pools import noting, reports, storage
from labeler.pools.models import Image, ImageName
from tests.conftest import pack
from tests.pools.conftest import bring, work
from tests.pools.conftest import send as send_files

# Formats we do not read, and say so.
UNREAD = ("phone.heic", "photo.avif", "photo.jp2", "icon.ico")
# Accept or refuse: the manifest leaves it open.
EITHER = ("bitrot.jpg", "ztxt-60MB.png", "photo.jpg.exe", "gif-js.gif", "float32.tiff")
# Archives: how many pictures come in, and the codes of what does not.
ARCHIVES = {
    "bad-crc.zip": (1, {"damaged_member"}),
    "bomb-flat.zip": (0, {"suspicious_ratio"}),
    "bomb-nested.zip": (0, {"format"}),
    "bomb.tar.gz": (0, {"too_many_bytes"}),
    "cp437-names.zip": (1, set()),
    "deep.zip": (1, set()),
    "duplicate-names.zip": (3, set()),
    "empty.zip": (0, {"empty_archive"}),
    "encrypted-flag.zip": (0, {"encrypted"}),
    "good-folders.zip": (3, set()),
    "good-mixed-junk.zip": (2, {"not_an_image"}),
    "good.tar.gz": (2, set()),
    "hostile.tar": (1, {"not_a_file", "unsafe_name"}),
    "many-entries.zip": (0, {"empty"}),
    "not-a-zip.zip": (0, {"not_an_archive"}),
    "symlink.zip": (1, {"not_a_file"}),
    "traversal.zip": (1, {"unsafe_name"}),
    "truncated.zip": (0, {"damaged_archive"}),
}


@pytest.fixture(scope="module")
def nasty():
    """The manifest's lines by path, each with its bytes."""
    with tarfile.open(pack("nasty")) as tar:
        found = {
            member.name.removeprefix("nasty/"): tar.extractfile(member).read()
            for member in tar
            if member.isreg()
        }
    lines = json.loads(found["manifest.json"])["files"]
    return {line["path"]: line | {"data": found[line["path"]]} for line in lines}


def expected(line: dict) -> str:
    """ "in", "out" or "either" for a file that is no archive."""
    path = line["path"]
    name = path.rsplit("/", 1)[-1]
    if name in EITHER:
        return "either"
    if name in UNREAD or path.startswith("images/bad/"):
        return "out"
    if path.startswith("csv/"):
        return "in" if path.startswith("csv/images/") else "out"
    if path.startswith("duplicates/"):
        return "in"
    return "in" if line["expect"].startswith("accept") else "out"


def plain(nasty: dict) -> list[dict]:
    return [line for path, line in nasty.items() if not path.startswith("archives/")]


def test_every_file_gets_what_the_manifest_expects(project, admin, nasty, settings):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = plain(nasty)
    imp = send_files(project, admin, [(line["path"], line["data"]) for line in lines])
    # Each file has its own line number: follow it by hash, for names may be changed to be shown.
    work(imp)

    assert imp.state == "done"
    # Of so many manifests none can be meant; they are told of, and are no pictures.
    aside = noting.notes_of(imp).count()
    assert aside == sum(line["path"].startswith("csv/") for line in lines) - 5  # pictures
    assert imp.total == imp.read == len(lines) - aside
    came_in = {image.sha256: image for image in Image.objects.filter(project=project)}
    wrong = []
    for line in lines:
        image = came_in.get(line["sha256"])
        wanted = expected(line)
        if wanted != "either" and (image is not None) != (wanted == "in"):
            wrong.append((line["path"], wanted))
        if image and "size" in line:
            assert [image.width, image.height] == line["size"], line["path"]
    assert not wrong
    assert imp.refused == reports.refusals(imp).count()
    assert all(refusal.reason and refusal.remedy for refusal in imp.refusals.all())
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 200 * 1024, "kilobytes: no bomb goes off in the worker itself"


def test_the_same_bytes_keep_both_names(project, admin, nasty):
    names = ["duplicates/original.jpg", "duplicates/same bytes, other name.jpg"]
    imp = bring(project, admin, [(name, nasty[name]["data"]) for name in names])
    assert (imp.added, imp.duplicates) == (1, 1)
    assert Image.objects.get(project=project).name == names[0]
    assert ImageName.objects.get().name == names[1]


def test_hostile_names_are_kept_as_text_and_nothing_is_written_by_them(
    project, admin, nasty, tmp_path
):
    lines = [line for line in plain(nasty) if line["path"].startswith("names/")]
    imp = bring(project, admin, [(line["path"], line["data"]) for line in lines])
    assert imp.refused == 0
    known = {image.sha256 for image in Image.objects.filter(project=project)}
    assert known == {line["sha256"] for line in lines}
    for file in (tmp_path / "files").rglob("*"):
        assert file.is_dir() or file.name.split(".")[0] in known


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives(name, project, admin, nasty, tmp_path):
    count, codes = ARCHIVES[name]
    imp = bring(project, admin, [(name, nasty[f"archives/{name}"]["data"])])

    assert imp.state == "done"
    assert imp.read == imp.total
    assert (imp.added + imp.duplicates, set(imp.refusals.values_list("code", flat=True))) == (
        count,
        codes,
    )
    assert imp.refusals.count() <= 501, "many refusals of a kind are summed up"
    assert not (tmp_path / "staging" / str(imp.pk)).exists()
    outside = {"evil", "passwd", "shadow"}
    assert not [f for f in tmp_path.rglob("*") if any(word in f.name for word in outside)]


def test_junk_makes_no_label(project, admin, nasty):
    data = nasty["archives/good-mixed-junk.zip"]["data"]
    bring(project, admin, [("a.zip", data)], folders="truth")
    assert set(project.labels.values_list("name", flat=True)) == {
        "healthy", "rust", "mildew", "cat", "dog",
    }  # fmt: skip


def test_a_name_in_an_old_code_page_reads_right(project, admin, nasty):
    data = nasty["archives/cp437-names.zip"]["data"]
    bring(project, admin, [("a.zip", data)], folders="truth")
    assert project.labels.filter(name="café").exists()


def test_derivatives_carry_no_position(project, admin, nasty):
    bring(project, admin, [("gps.jpg", nasty["images/exif/gps.jpg"]["data"])])
    image = Image.objects.get(project=project)
    for size in ("thumb", "screen"):
        file, found = storage.open_size(image, size)
        with file:
            assert found == size
            assert b"Exif" not in file.read()
