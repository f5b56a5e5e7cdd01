"""Images per second of the real embedding work against a bare loop on the same machine.

    python benchmarks/embedding.py [--images 512] [--pairs 3]

The real work is what a worker does: files of the pool's storage → decode → network → shard on
disk, with the lease renewed and progress stored. The bare loop decodes, scales and runs the
network over the same files, batch after batch, and keeps nothing. Both are measured in turns, in
one process; the last line is the median of the pairs' ratios. The goal is 0.85.

Reads the pack `photos.tar` from the folder in LABELER_TEST_DATA (default: ../shared/data).
"""

import argparse
import hashlib
import os
import secrets
import statistics
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PACKS = Path(os.environ.get("LABELER_TEST_DATA", ROOT.parent / "shared" / "data"))
GOAL = 0.85
BATCH = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    pack = PACKS / "photos.tar"
    if not pack.exists():
        print(f"Skipped: {pack} is not here; set LABELER_TEST_DATA to the folder of image packs.")
        return
    with tempfile.TemporaryDirectory() as data:
        os.environ |= {
            "LABELER_DATA": data,
            "DJANGO_SETTINGS_MODULE": "labeler.settings",
            "DATABASE_URL": f"sqlite:///{data}/labeler.sqlite3",
            "CELERY_BROKER_URL": "folder://",
            "LABELER_SECRET_KEY": secrets.token_hex(40),
        }
        project = prepare(photos(pack, options.images))
        ratios = [pair(project) for _ in range(options.pairs)]
    ratio = statistics.median(ratios)
    print(f"ratio {ratio:.2f} of the bare loop (median of {len(ratios)} pairs, goal {GOAL})")
    sys.exit(int(ratio < GOAL))


def photos(pack: Path, count: int) -> list[bytes]:
    with tarfile.open(pack) as tar:
        pictures = [m for m in tar if m.isfile() and m.name.endswith((".jpg", ".jpeg"))]
        return [tar.extractfile(member).read() for member in pictures[:count]]


def prepare(pictures: list[bytes]):
    """A project with these pictures in its storage; the network loaded and warm."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from labeler.pools import storage
    from labeler.pools.models import Image
    from labeler.projects.models import Project, User
    from labeler.training import embedding

    owner = User.objects.create_superuser("owner")
    project = Project.objects.create(name="Photos", audit_seed=1, created_by=owner)
    rows = []
    for row, data in enumerate({hashlib.sha256(d).hexdigest(): d for d in pictures}.items()):
        storage.save_original(project, *data)
        rows.append(
            Image(project=project, row=row, sha256=data[0], name=f"{row}.jpg", width=320,
                  height=320, format="JPEG", bytes=len(data[1]), key=0.5)
        )  # fmt: skip
    Image.objects.bulk_create(rows)
    Project.objects.filter(pk=project.pk).update(next_row=len(rows))
    project.refresh_from_db()
    network = embedding.loaded(project.features)
    network.embed_batch(np.zeros((BATCH, *network.size[::-1], 3), dtype=np.uint8))
    return project


def pair(project) -> float:
    """One measurement of each; which goes first changes from pair to pair by the clock."""
    both = [lambda: bare(project), lambda: real(project)]
    if time.time_ns() % 2:
        second, first = both[1](), both[0]()
        loop, work = first, second
    else:
        loop, work = both[0](), both[1]()
    print(f"bare loop {loop:.1f} images/s, real work {work:.1f} images/s, ratio {work / loop:.2f}")
    return work / loop


def bare(project) -> float:
    from labeler.pools import storage
    from labeler.pools.models import Image
    from labeler.training import embedding
    from ml.images import open_image

    network = embedding.loaded(project.features)
    files = [storage.local_file(image) for image in Image.objects.filter(project=project)]
    began = time.perf_counter()
    for start in range(0, len(files), BATCH):
        batch = [
            network.preprocess(open_image(file, at_least=network.size))
            for file in files[start : start + BATCH]
        ]
        network.embed_batch(np.stack(batch))
    return len(files) / (time.perf_counter() - began)


def real(project) -> float:
    """From a pool without embeddings to its whole shards on disk."""
    from labeler.training import embeddings
    from labeler.training.models import Round, Shard
    from labeler.work.tasks import run

    Shard.objects.all().delete()
    Round.objects.all().delete()
    began = time.perf_counter()
    embeddings.follow(project)
    while embeddings.progress(project)[0] < project.next_row:
        run("embedding")
    return project.next_row / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
