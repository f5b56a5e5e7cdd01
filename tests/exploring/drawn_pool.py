"""A pool with real files: pictures with large shapes, some saved again or cut a little."""

from io import BytesIO

import numpy as np
from PIL import Image as Picture

from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Project


def shapes(seed: int, side: int = 96) -> Picture.Image:
    """A picture with large shapes, such as photographs have."""
    rng = np.random.default_rng(seed)
    coarse = Picture.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return coarse.resize((side, side), Picture.Resampling.BICUBIC)


def jpeg(picture: Picture.Image, quality: int = 90) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def bring_in(project: Project, files: list[bytes], *, audit: tuple[int, ...] = ()) -> list[Image]:
    """An image per file, in their order; those in `audit` are in the audit sample."""
    made = [
        Image(
            project=project, row=row, sha256=f"{project.pk:032x}{row:032x}", name=f"{row}.jpg",
            width=96, height=96, format="JPEG", bytes=len(data), key=row / 1000, audit=row in audit,
        )
        for row, data in enumerate(files)
    ]  # fmt: skip
    Image.objects.bulk_create(made)
    for image, data in zip(made, files, strict=True):
        storage.save_original(project, image.sha256, data)
    Project.objects.filter(pk=project.pk).update(next_row=len(files))
    project.refresh_from_db()
    return list(Image.objects.filter(project=project).order_by("row"))
