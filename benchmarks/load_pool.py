"""A large pool in seconds: rows, one small real picture under every name, made-up embeddings."""

import hashlib
import os
from io import BytesIO
from pathlib import Path

import numpy as np

LABELS = 10
AUDIT_SHARE = 0.1
MOST_LINKS = 30_000  # to one file; file systems allow some sixty thousand
SPREAD = 0.12  # how far the groups lie apart: they overlap, so the model is never quite sure


def sha256(row: int) -> str:
    """The hash that stands for the bytes of the row's picture."""
    return hashlib.sha256(f"load {row}".encode()).hexdigest()


def make(images: int, people: int) -> tuple[int, list[dict]]:
    """The number of a new project, and what each of its people needs to label in it."""
    from django.contrib.auth.hashers import make_password

    from labeler.projects.models import Label, Membership, Project, User

    owner, _ = User.objects.get_or_create(
        username="owner", defaults={"is_superuser": True, "password": make_password(None)}
    )
    project = Project.objects.create(
        name=f"{images:,} images", audit_seed=1, audit_share=AUDIT_SHARE, created_by=owner,
        next_row=images,
    )  # fmt: skip
    labels = [Label(project=project, name=f"class {n}", place=n) for n in range(LABELS)]
    Label.objects.bulk_create(labels)
    ids = list(Label.objects.filter(project=project).values_list("pk", flat=True).order_by("place"))
    users = [User.objects.create_user(f"person {project.pk}-{n}") for n in range(people)]
    Membership.objects.bulk_create(
        [Membership(project=project, user=user, role="annotator") for user in users]
    )
    fill(project, images)
    return project.pk, [
        {"project": project.pk, "user": user.pk, "session": session_of(user), "labels": ids}
        for user in users
    ]


def session_of(user) -> str:
    """The key of a session in which the user is signed in."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from labeler.projects.sessions import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


def fill(project, images: int) -> None:
    """Image rows, their files and their embeddings; the row's label is row % 10."""
    from labeler.labeling import refill
    from labeler.pools.models import Image
    from labeler.training import shards
    from labeler.training.models import Shard
    from ml import arrays, features

    rng = np.random.default_rng(1)
    keys, audit = rng.random(images), min(400, images // 10)
    blob = picture()
    Image.objects.bulk_create(
        [Image(project=project, row=row, sha256=sha256(row), name=f"{row}.jpg", width=320,
               height=240, format="JPEG", bytes=len(blob), key=keys[row], audit=row < audit)
         for row in range(images)], batch_size=2000,
    )  # fmt: skip
    store(project, images, blob)
    width = features.get(project.features).dimensions
    centres = (rng.normal(size=(LABELS, width)) * SPREAD).astype(np.float32)
    for number in range(arrays.shard_count(images)):
        rows = np.arange(number * arrays.SHARD, min(images, (number + 1) * arrays.SHARD))
        shard = Shard.objects.create(
            project=project, features=project.features, number=number, state="done",
            rows_wanted=len(rows), rows_done=len(rows),
        )  # fmt: skip
        noise = rng.standard_normal(size=(len(rows), width), dtype=np.float32)
        arrays.write_shard(shards.path(shard), centres[rows % LABELS] + noise)
    refill.top_up(project)


def picture() -> bytes:
    """A small JPEG of noise: some ten kilobytes."""
    from PIL import Image as Picture

    pixels = np.random.default_rng(2).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    out = BytesIO()
    Picture.fromarray(pixels).resize((320, 240)).save(out, "JPEG", quality=85)
    return out.getvalue()


def store(project, images: int, blob: bytes) -> None:
    """The same bytes under every image's name: hard links, so a hundred thousand take seconds."""
    from django.core.files.storage import default_storage

    from labeler.pools import storage, whole_files

    for row in range(images):
        path = Path(default_storage.path(storage.name_of(project.pk, sha256(row))))
        if row % MOST_LINKS == 0:
            first = path
            whole_files.write(first, blob)
        else:
            whole_files.folder(path.parent)
            os.link(first, path)
