"""How the tests of the pools bring images in."""

import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from labeler.pools import decoding, importing, imports, noting, reports
from labeler.pools.models import Image, Import
from labeler.projects.models import Project, User
from labeler.work import leases
from tests.conftest import picture
from tests.pools.s3_server import moto, pictures_bucket  # noqa: F401 - fixtures

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


def send(project: Project, user: User, files: Iterable[File], **options: Any) -> Import:
    """Upload the files and seal the import; no worker has looked at it yet."""
    imp = imports.start(project=project, user=user, source="upload", **options)
    for name, data in files:
        imports.stage(imp, name, io.BytesIO(data))
    imports.seal(imp)
    return imp


def bring(project: Project, user: User, files: Iterable[File], **options: Any) -> Import:
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
    found = reports.refusals(imp).exclude(code__in=noting.NOTES)
    return dict(found.values_list("name", "code"))


def notes(imp: Import) -> dict[str, str]:
    """What is told of files that came in: name → code."""
    return dict(noting.notes_of(imp).values_list("name", "code"))


def rows_of(project: Project) -> list[int]:
    return list(Image.objects.filter(project=project).order_by("row").values_list("row", flat=True))
