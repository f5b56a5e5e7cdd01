"""A pool of any size, as a database and a disk hold it: a million images in minutes.

    python benchmarks/make_pool.py FOLDER [--images 1000000] [--labels 100] [--answers 50000]
                                   [--people 16] [--no-files] [--model]

Makes a project in the data folder, and in the database that DATABASE_URL names (default: SQLite in
the folder). Its rows are what an import leaves, its originals one small JPEG under every name (hard
links), its embeddings what lies between two real ones, with noise: scikit-learn's digits, embedded
by the project's feature set. The label of a row is that of the nearer one, see `label_of`. Other
benchmarks call `make`.
"""

import argparse
import hashlib
import io
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

AUDIT_SHARE = 0.1
CHUNK = 10_000
MOST_LINKS = 30_000  # to one file; file systems allow some sixty thousand
SOURCES = 300  # real pictures, all others lie between them
NOISE = 0.5  # of the spread of each dimension
COLUMNS = (
    "project_id", "row", "sha256", "name", "width", "height", "format", "bytes", "exif", "state",
    "key", "audit", "split", "address", "in_place", "came_with_id", "created_at",
)  # fmt: skip

Text = Callable[[int], str]  # of a row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="FOLDER", help="the data folder; made if missing")
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--answers", type=int, default=50_000)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--no-files", action="store_true", help="rows and embeddings alone")
    parser.add_argument("--model", action="store_true", help="made-up predictions of every image")
    given = parser.parse_args()
    begin(given.folder)
    began = time.perf_counter()
    number, _ = make(
        given.images, given.people, labels=given.labels, answers=given.answers,
        files=not given.no_files, model=given.model,
    )  # fmt: skip
    print(f"Project {number}: {given.images:,} images in {time.perf_counter() - began:.0f} s")


def begin(folder: str) -> None:
    """Set Django up on the folder, with every migration."""
    os.environ["LABELER_DATA"] = folder
    os.environ.setdefault("LABELER_SECRET_KEY", "b" * 60)
    os.environ["DJANGO_SETTINGS_MODULE"] = "labeler.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def make(
    images: int,
    people: int,
    *,
    labels: int = 10,
    answers: int = 0,
    files: bool = True,
    embeddings: bool = True,
    model: bool = False,
    audit: int | None = None,
    **settings: Any,
) -> tuple[int, list[dict[str, Any]]]:
    """The number of a new project, and what each of its people needs to label in it.

    answers: so many images, spread over the pool, bear their right label.
    audit: images of the audit sample, the first rows; default 400, or a tenth of a small pool.
    settings: other fields of the project.
    """
    from labeler.labeling import refill
    from labeler.projects.models import Project

    project = Project.objects.create(
        **{"name": f"{images:,} images", "audit_seed": 1, "audit_share": AUDIT_SHARE,
           "created_by": owner(), "next_row": images} | settings
    )  # fmt: skip
    ids = label_ids(project, labels)
    blob = picture()
    audit = min(400, images // 10) if audit is None else audit
    write_images(project, images, size=len(blob), is_audit=lambda row: row < audit)
    if files:
        store(project, images, blob)
    if embeddings:
        embed(project, images)
    if answers:
        answer(project, ids, images, answers)
    if model:
        write_model(project, ids, images)
    refill.top_up(project)
    return project.pk, [person(project, n, ids) for n in range(people)]


def owner() -> Any:
    from django.contrib.auth.hashers import make_password

    from labeler.projects.models import User

    given = {"is_superuser": True, "password": make_password(None)}
    return User.objects.get_or_create(username="owner", defaults=given)[0]


def label_ids(project: Any, labels: int) -> list[int]:
    from labeler.projects.models import Label

    made = [Label(project=project, name=f"class {n}", place=n) for n in range(labels)]
    Label.objects.bulk_create(made)
    mine = Label.objects.filter(project=project).order_by("place")
    return list(mine.values_list("pk", flat=True))


def label_of(row: int, labels: int) -> int:
    """The place of the row's right label."""
    return row % SOURCES % labels


# People -----------------------------------------------------------------------------------


def person(project: Any, number: int, labels: list[int]) -> dict[str, Any]:
    """An annotator who is signed in."""
    from labeler.projects.models import Membership, User

    user = User.objects.create_user(f"person {project.pk}-{number}")
    Membership.objects.create(project=project, user=user, role="annotator")
    return {"project": project.pk, "user": user.pk, "session": session_of(user), "labels": labels}


def session_of(user: Any) -> str:
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


# Rows -------------------------------------------------------------------------------------


def sha256(row: int) -> str:
    """The hash that stands for the bytes of the row's picture."""
    return hashlib.sha256(f"load {row}".encode()).hexdigest()


def write_images(
    project: Any,
    images: int,
    *,
    size: int = 9,
    name: Text = "{}.jpg".format,
    exif: Callable[[int], dict[str, str]] = lambda row: {},
    split: Text = lambda row: "",
    is_audit: Callable[[int], bool] = lambda row: False,
) -> None:
    """The rows of an import that brought so many images."""
    from django.db import connection
    from django.utils import timezone

    from labeler.pools.models import Import

    came_with = Import.objects.create(
        project=project, number=1, source="folder", state="done", added=images,
        created_by=project.created_by,
    ).pk  # fmt: skip
    keys = np.random.default_rng(1).random(images).tolist()
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    insert(
        (project.pk, row, sha256(row), name(row), 320, 240, "JPEG", size, json.dumps(exif(row)),
         "open", keys[row], is_audit(row), split(row), "", False, came_with, now)
        for row in range(images)
    )  # fmt: skip


def insert(rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows of images, as fast as the database takes them."""
    from django.db import connection, transaction

    words = ", ".join(COLUMNS)
    for some in chunks(rows):
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # No value here holds a tab, a new line or a backslash.
                lines = "".join("\t".join(map(str, row)) + "\n" for row in some)
                cursor.copy_expert(f"COPY pools_image ({words}) FROM STDIN", io.StringIO(lines))
            else:
                marks = ", ".join(["%s"] * len(COLUMNS))
                cursor.executemany(f"INSERT INTO pools_image ({words}) VALUES ({marks})", some)


def chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    some: list[Any] = []
    for row in rows:
        some.append(row)
        if len(some) == CHUNK:
            yield some
            some = []
    if some:
        yield some


def answer(project: Any, labels: list[int], images: int, answers: int) -> None:
    """Right answers of the owner, spread over the pool, none of the audit sample."""
    from labeler.labeling.models import Annotation
    from labeler.pools.models import Image

    step = max(1, images // answers)
    rows = Image.objects.filter(project=project, audit=False).order_by("row")
    found = list(rows.values_list("pk", "row"))[::step][:answers]
    through = Annotation.labels.through
    for some in chunks(found):
        made = Annotation.objects.bulk_create(
            [Annotation(uuid=uuid.uuid4(), project=project, image_id=pk, user=project.created_by)
             for pk, _ in some], batch_size=1000,
        )  # fmt: skip
        through.objects.bulk_create(
            [through(annotation=one, label_id=labels[label_of(row, len(labels))])
             for one, (_, row) in zip(made, some, strict=True)], batch_size=1000,
        )  # fmt: skip
        for start in range(0, len(some), 900):
            pks = [pk for pk, _ in some[start : start + 900]]
            Image.objects.filter(pk__in=pks).update(state="labeled")


# Files ------------------------------------------------------------------------------------


def picture() -> bytes:
    """A small JPEG of noise: some ten kilobytes."""
    from PIL import Image as Picture

    pixels = np.random.default_rng(2).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    out = BytesIO()
    Picture.fromarray(pixels).resize((320, 240)).save(out, "JPEG", quality=85)
    return out.getvalue()


def store(project: Any, images: int, blob: bytes) -> None:
    """The same bytes under every image's name: hard links, so a hundred thousand take seconds."""
    from django.core.files.storage import default_storage

    from labeler.pools import storage, whole_files

    made: set[str] = set()
    for row in range(images):
        path = default_storage.path(storage.name_of(project.pk, sha256(row)))
        folder = os.path.dirname(path)  # noqa: PTH120 - a Path for each costs more than its link
        if folder not in made:
            made.add(folder)
            whole_files.folder(Path(folder))
        if row % MOST_LINKS == 0:
            first = path
            whole_files.write(Path(first), blob)
        else:
            os.link(first, path)


def embed(project: Any, images: int) -> None:
    """Shards of vectors between those of two real pictures, the nearer one the row's own."""
    from labeler.training import shards
    from labeler.training.models import Shard
    from ml import arrays

    real = real_vectors(project.features)
    noise = real.std(axis=0) * np.float32(NOISE)
    made = Shard.objects.bulk_create(
        Shard(project=project, features=project.features, number=number, state="done",
              rows_wanted=min(arrays.SHARD, images - number * arrays.SHARD),
              rows_done=min(arrays.SHARD, images - number * arrays.SHARD))
        for number in range(arrays.shard_count(images))
    )  # fmt: skip
    paths = [shards.path(shard) for shard in made]

    def write(number: int) -> None:
        rng = np.random.default_rng([1, number])
        rows = number * arrays.SHARD + np.arange(made[number].rows_done)
        other, share = rng.integers(len(real), size=len(rows)), rng.random(len(rows)) / 2
        table = rng.standard_normal((len(rows), real.shape[1]), dtype=np.float32)
        table *= noise
        table += real[rows % len(real)] * np.float32(1 - share[:, None])
        table += real[other] * np.float32(share[:, None])
        arrays.write_shard(paths[number], table)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(write, range(len(paths))))


def real_vectors(name: str) -> np.ndarray:
    """The embeddings of real pictures, (SOURCES, d): handwritten digits."""
    from PIL import Image as Picture
    from sklearn.datasets import load_digits

    from ml import features

    found = features.get(name)
    drawn = [
        Picture.fromarray(np.uint8(255 - 15.9 * digit)).resize((64, 64)).convert("RGB")
        for digit in load_digits().images[:SOURCES]
    ]
    return np.concatenate([found.embed(drawn[at : at + 50]) for at in range(0, SOURCES, 50)])


def write_model(project: Any, labels: list[int], images: int) -> Any:
    """A version with made-up predictions of every image, for those who need no real one."""
    from labeler.training import answers_by_row, predictions
    from labeler.training.models import ModelVersion, Round
    from ml import arrays

    done = Round.objects.create(
        project=project, number=1, reason="labels", state="done", total=images
    )
    version = ModelVersion.objects.create(
        project=project, number=1, round=done, head="logistic", features=project.features,
        label_ids=labels, strategy="margin", n_labels=1, seen_annotation=0, sha256="0" * 64,
        serving=True,
    )  # fmt: skip
    rng, folder = np.random.default_rng(2), predictions.folder(version)
    folder.mkdir(parents=True)
    for number in range(arrays.shard_count(images)):
        rows = min(arrays.SHARD, images - number * arrays.SHARD)
        table = rng.gamma(0.3, size=(rows, len(labels))) + 1e-6
        proba = table / table.sum(axis=1, keepdims=True)
        arrays.write_shard(folder / f"{number}.npy", proba.astype(np.float16))
    answers_by_row.write(folder, multi=False)
    return version


if __name__ == "__main__":
    main()
