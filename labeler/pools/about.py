"""What is known of an image's file: its names, its size, what the camera wrote into it."""

from typing import Any

from labeler.pools.models import Image

# What a browser may show as it came in. Derivatives are ours: WebP and JPEG.
SHOWN = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
MOST_NAMES = 20


def facts(image: Image) -> dict[str, Any]:
    """The facts of the file for the drawer beside the picture; nothing of labels or the model.

    `original`: whether a browser draws the original as the screen size shows it; see `is_drawn`.
    """
    names = list(image.other_names.order_by("pk").values_list("name", flat=True)[: MOST_NAMES + 1])
    return {
        "id": image.pk,
        "name": image.name,
        "names": names[:MOST_NAMES],
        "more_names": len(names) > MOST_NAMES,
        "width": image.width,
        "height": image.height,
        "bytes": image.bytes,
        "format": image.format,
        "came": image.created_at.isoformat(timespec="seconds"),
        "exif": image.exif,
        "original": is_drawn(image),
    }


def is_drawn(image: Image) -> bool:
    """Whether browsers draw the original still, upright and like the screen size.

    They do not know TIFF and BMP, they play a GIF, and they leave a turned WebP lying.
    """
    turned = image.exif.get("Orientation", "1") in set("2345678")
    return image.format in ("JPEG", "PNG") or (image.format == "WEBP" and not turned)
