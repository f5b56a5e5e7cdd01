"""The cast and the pool that the tests share."""

import hashlib
import os
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connections
from hypothesis import HealthCheck, settings
from PIL import Image as Picture

from labeler.labeling import tally
from labeler.pools.models import Image
from labeler.projects.models import Label, Membership, Project, User

# A busy machine is slow, not wrong.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
DATA = Path(os.environ.get("LABELER_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


def pack(name: str) -> Path:
    """A tar of real images, or a skip that says what is missing."""
    file = DATA / f"{name}.tar"
    if not file.exists():
        pytest.skip(f"{file} is not here; set LABELER_TEST_DATA to the folder of image packs.")
    return file


def picture(seed: int, size: tuple[int, int] = (32, 24), format: str = "PNG") -> bytes:
    """A small picture whose bytes depend on `seed` alone."""
    digest = hashlib.sha256(str(seed).encode()).digest()
    out = BytesIO()
    Picture.new("RGB", size, tuple(digest[:3])).save(out, format)
    return out.getvalue()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, tmp_path_factory):
    """SQLite in a file, which the threads and worker processes of a test can open too."""
    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def _own_data(settings, tmp_path):
    """Each test has its own folder for files, and static files without hashed names."""
    tally.forget()
    settings.DATA = tmp_path
    settings.BROKER_FOLDER = tmp_path / "broker"
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
        "staticfiles": {"BACKEND": plain},
    }
    settings.CELERY_BROKER_URL = "memory://"
    settings.API_RATE = 0  # tests are many and fast
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast


@pytest.fixture
def owner(db):
    """The owner of the installation."""
    return User.objects.create_superuser("owner", password="a long enough phrase")


def _person(name: str) -> User:
    return User.objects.create_user(name, password="a long enough phrase")


@pytest.fixture
def project(owner):
    """A project of three labels, one admin, one reviewer, one annotator."""
    project = Project.objects.create(name="Leaves", audit_seed=7, created_by=owner)
    for place, name in enumerate(["healthy", "rust", "mildew"]):
        Label.objects.create(project=project, name=name, place=place, key=str(place + 1))
    return project


@pytest.fixture
def admin(project):
    return _member(project, "admin")


@pytest.fixture
def reviewer(project):
    return _member(project, "reviewer")


@pytest.fixture
def annotator(project):
    return _member(project, "annotator")


def _member(project: Project, role: str) -> User:
    user = _person(role)
    Membership.objects.create(project=project, user=user, role=role)
    return user


@pytest.fixture
def outsider(db):
    """Somebody with an account and a project of their own, but not this one."""
    user = _person("outsider")
    own = Project.objects.create(name="Elsewhere", audit_seed=8, created_by=user)
    Membership.objects.create(project=own, user=user, role="admin")
    return user


@pytest.fixture
def images(project):
    """Ten image rows without files; the first two are in the audit sample."""
    made = [
        Image(
            project=project, row=row, sha256=f"{row:064x}", name=f"leaf-{row}.png",
            width=32, height=24, format="PNG", bytes=99, key=row / 10, audit=row < 2,
        )
        for row in range(10)
    ]  # fmt: skip
    Project.objects.filter(pk=project.pk).update(next_row=10)
    return Image.objects.bulk_create(made)
