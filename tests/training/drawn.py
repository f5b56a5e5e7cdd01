"""Pools of drawn pictures: stripes that lie, stand or lean, with noise; the row tells which."""

import hashlib
from io import BytesIO

import numpy as np
from PIL import Image as Picture

from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Project

SIDE = 48


def striped(row: int) -> bytes:
    """A PNG whose stripes lie (row % 3 == 0), stand (1) or lean (2)."""
    y, x = np.mgrid[:SIDE, :SIDE]
    rng = np.random.default_rng(row)
    along = (y, x, (x + y) / 1.4)[row % 3]
    wave = 128 + 90 * np.sin(along / 2.5 + rng.uniform(0, 6))
    tint = rng.uniform(0.5, 1.0, size=3)
    table = wave[..., None] * tint + rng.normal(0, 12, size=(SIDE, SIDE, 3))
    out = BytesIO()
    Picture.fromarray(table.clip(0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def draw(project: Project, rows) -> None:
    """Add these rows as stored pictures; every tenth image is in the audit sample."""
    for row in rows:
        data = striped(row)
        sha = hashlib.sha256(data).hexdigest()
        storage.save_original(project, sha, data)
        Image.objects.create(
            project=project, row=row, sha256=sha, name=f"{row}.png", width=SIDE, height=SIDE,
            format="PNG", bytes=len(data), key=(row * 37 % 100) / 100, audit=row % 10 == 9,
        )  # fmt: skip
        Project.objects.filter(pk=project.pk).update(next_row=row + 1)
    project.refresh_from_db()
