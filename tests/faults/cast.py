"""Fills the stand's database with a pool, people and their sessions; prints them as JSON.

    python -m tests.faults.cast IMAGES PEOPLE      (in the environment of the stand)

Rows as an import leaves them, one small real picture under every name, made-up embeddings in ten
groups that overlap. It all appears in one transaction: workers are looking for work meanwhile.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np

LABELS = 10
SPREAD = 0.12  # how far the groups lie apart: they overlap, so the model is never quite sure


def main(images: int, people: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeler.settings")
    import django

    django.setup()
    from django.db import transaction

    from labeler.projects.models import User

    owner = User.objects.filter(is_superuser=True).order_by("pk")[0]
    with transaction.atomic():
        project = _project(owner, images)
        told = {
            "project": project.pk,
            "labels": list(project.labels.order_by("place").values_list("pk", flat=True)),
            "people": [_signed_in(_annotator(project, n)) for n in range(people)],
            "owner": _signed_in(owner),
        }
        _fill(project, images)
    print(json.dumps(told))


def _project(owner, images: int):
    from labeler.projects.models import Label, Project

    project = Project.objects.create(
        name=f"{images:,} images", audit_seed=1, audit_share=0.1, created_by=owner, next_row=images
    )
    for place in range(LABELS):
        Label.objects.create(project=project, name=f"class {place}", place=place)
    return project


def _annotator(project, number: int):
    from labeler.projects.models import Membership, User

    user = User.objects.create_user(f"person {project.pk}-{number}")
    Membership.objects.create(project=project, user=user, role="annotator")
    return user


def _signed_in(user) -> dict:
    """The person's number, and the key of a session in which they are signed in."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from labeler.projects.sessions import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return {"user": user.pk, "session": session.session_key}


def _fill(project, images: int) -> None:
    from labeler.labeling import refill
    from labeler.pools.models import Image

    keys, blob = np.random.default_rng(1).random(images), _picture()
    audit = min(400, images // 10)
    Image.objects.bulk_create(
        [Image(project=project, row=row, sha256=_sha256(row), name=f"{row}.jpg", width=320,
               height=240, format="JPEG", bytes=len(blob), key=keys[row], audit=row < audit)
         for row in range(images)], batch_size=2000,
    )  # fmt: skip
    _store(project, images, blob)
    _embed(project, images)
    refill.top_up(project)


def _sha256(row: int) -> str:
    return hashlib.sha256(f"fault {row}".encode()).hexdigest()


def _picture() -> bytes:
    from tests.conftest import picture

    return picture(1, (320, 240), "JPEG")


def _store(project, images: int, blob: bytes) -> None:
    """The same bytes under every name: hard links, so thousands take a moment."""
    from django.core.files.storage import default_storage

    from labeler.pools import storage, whole_files

    first = Path(default_storage.path(storage.name_of(project.pk, _sha256(0))))
    whole_files.write(first, blob)
    for row in range(1, images):
        path = Path(default_storage.path(storage.name_of(project.pk, _sha256(row))))
        whole_files.folder(path.parent)
        os.link(first, path)


def _embed(project, images: int) -> None:
    from labeler.training import shards
    from labeler.training.models import Shard
    from ml import arrays, features

    rng, width = np.random.default_rng(1), features.get(project.features).dimensions
    centres = (rng.normal(size=(LABELS, width)) * SPREAD).astype(np.float32)
    for number in range(arrays.shard_count(images)):
        rows = np.arange(number * arrays.SHARD, min(images, (number + 1) * arrays.SHARD))
        shard = Shard.objects.create(
            project=project, features=project.features, number=number, state="done",
            rows_wanted=len(rows), rows_done=len(rows),
        )  # fmt: skip
        noise = rng.standard_normal(size=(len(rows), width), dtype=np.float32)
        arrays.write_shard(shards.path(shard), centres[rows % LABELS] + noise)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
