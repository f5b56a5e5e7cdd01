"""Archives that are odd, or of nothing good; numbers of docs/explanation/bad-inputs.md."""

import io
import tarfile
import zipfile

import pytest

from tests.pools.conftest import bring, pictures, refusals, zipped

pytestmark = pytest.mark.django_db
ODD = [
    (tarfile.CHRTYPE, "device"), (tarfile.LNKTYPE, "link.png"), (tarfile.FIFOTYPE, "pipe"),
    (tarfile.GNUTYPE_SPARSE, "sparse.png"),
]  # fmt: skip


def test_a_large_form_of_a_small_zip_comes_in(project, admin):
    """40: zip64 records around a few bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in pictures(2):
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)
    imp = bring(project, admin, [("a.zip", out.getvalue())])
    assert (imp.added, imp.refused) == (2, 0)


def test_what_is_odd_in_a_tar_costs_itself_only(project, admin):
    """41: a device, a hard link, a sparse file, a time before time."""
    out, (first, second) = io.BytesIO(), pictures(2)
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind, name in ODD:
            odd = tarfile.TarInfo(name)
            odd.type, odd.linkname = kind, first[0]
            archive.addfile(odd)
        for (name, data), when in ((first, -(2**33)), (second, 2**40)):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), when
            archive.addfile(info, io.BytesIO(data))
    imp = bring(project, admin, [("odd.tar", out.getvalue())])
    assert imp.state == "done"
    assert imp.added == 2
    assert {name.rsplit(" ", 1)[-1] for name in refusals(imp)} <= {
        "device", "link.png", "pipe", "sparse.png",
    }  # fmt: skip


def test_an_archive_of_nothing_good_tells_each_file(project, admin):
    """44"""
    files = [(f"{n}.png", b"no picture") for n in range(3)] + [("note.txt", b"hello")]
    imp = bring(project, admin, [("bad.zip", zipped(files))])
    assert (imp.added, imp.refused, imp.read) == (0, 4, 4)
    assert all(refusal.remedy for refusal in imp.refusals.all())
