"""How the tests of the pools bring images in."""

import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from labeler.pools import decoding, importing, imports
from labeler.pools.models import Import
from labeler.projects.models import Project, User
from labeler.work import leases
from tests.conftest import picture

File = tuple[str, bytes]


@pytest.fixture(scope="session", autouse=True)
def _no_children_left():
    yield
    decoding.stop()


def work(imp: Import) -> Import:
    """Do what a worker would do with the import."""
    row = leases.claim(Import, imp.pk)
    assert row is not None, f"nobody may take {imp}"
    importing.run(row, patient=False)
    imp.refresh_from_db()
    return imp


def send(project: Project, user: User, files: Iterable[File], **options: str) -> Import:
    """Upload the files and seal the import; no worker has looked at it yet."""
    imp = imports.start(project=project, user=user, source="upload", **options)
    for name, data in files:
        imports.stage(imp, name, io.BytesIO(data))
    imports.seal(imp)
    return imp


def bring(project: Project, user: User, files: Iterable[File], **options: str) -> Import:
    """Upload the files and work until the import is over."""
    return work(send(project, user, files, **options))


def pictures(count: int, start: int = 0) -> list[File]:
    """Small pictures, all different."""
    return [(f"{n}.png", picture(n)) for n in range(start, start + count)]


def zipped(files: Iterable[File]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: Iterable[File], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def laid_out(folder: Path, files: Iterable[File]) -> Path:
    """Write the files below the folder."""
    for name, data in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def refusals(imp: Import) -> dict[str, str]:
    """What was refused: name → code."""
    return dict(imp.refusals.values_list("name", "code"))
