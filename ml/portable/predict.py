"""Tell the labels of pictures with an exported model.

    pip install onnxruntime Pillow numpy
    python predict.py PICTURE... [--model model.onnx]

Prints one line of JSON per picture: its labels, whether it is unknown, and every label's
probability. A picture that cannot be read gets its reason instead. Pictures are prepared as
Labeler's prediction service does it: upright (EXIF), transparency on white, scaled whole.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")  # modes of more than eight bits
RESAMPLE = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


class Model:
    """An exported model; all that it needs to know is written in its file."""

    def __init__(self, path: Path) -> None:
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        facts = json.loads(self.session.get_modelmeta().custom_metadata_map["labeler"])
        self.facts: dict[str, Any] = facts
        self.labels = [label["name"] for label in facts["labels"]]
        self.floors = np.array([label["threshold"] for label in facts["labels"]])

    def predict(self, path: Path) -> dict[str, Any]:
        """What the model says of a picture. Raises OSError or ValueError for one that is none."""
        pictures = prepared(path, self.facts["preparation"])[None]
        row = self.session.run(["probabilities"], {"pictures": pictures})[0][0]
        order = np.argsort(-row, kind="stable")
        sure = row >= self.floors
        # Labels that exclude each other: the likeliest alone, if it passes its threshold.
        given = order if self.facts["kind"] == "multi" else order[:1]
        labels = [self.labels[i] for i in given if sure[i]]
        scores = {self.labels[i]: round(float(row[i]), 6) for i in order}
        return {"labels": labels, "unknown": not labels, "scores": scores}


def prepared(path: Path, how: dict[str, Any]) -> Any:
    """The picture as the network takes it: bytes (h, w) or (h, w, 3)."""
    size = (how["size"][0], how["size"][1])
    with Image.open(path) as image:
        if image.format in ("JPEG", "MPO"):  # decoded no larger than needed
            image.draft(image.mode, (max(size), max(size)))
        image.load()
        picture = in_colour(upright(image))
    if how["grey"]:
        picture = picture.convert("L").convert("RGB")
    picture = picture.convert(how["mode"])
    if picture.size != size:
        picture = picture.resize(size, RESAMPLE[how["resample"]], reducing_gap=how["reducing_gap"])
    return np.asarray(picture)


def upright(image: Image.Image) -> Image.Image:
    """Turned as EXIF says, and as nothing else does."""
    for elsewhere in ("xmp", "XML:com.adobe.xmp", "Raw profile type exif"):
        image.info.pop(elsewhere, None)
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # the pixels are sound, only the metadata is not
        return image


def in_colour(image: Image.Image) -> Image.Image:
    """RGB; transparency is laid on white, more than eight bits are scaled to eight."""
    if image.mode in DEEP:
        return in_eight_bits(image).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        flat = Image.new("RGB", layer.size, (255, 255, 255))
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    return image.convert("RGB")


def in_eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits over 257; other ranges as they are, from 0..1, or stretched."""
    values: Any = np.nan_to_num(
        np.asarray(image, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0
    )
    low, high = float(values.min()), float(values.max())
    if image.mode != "F" and low >= 0 and high <= 65535:
        values = values / 257
    elif low >= 0 and high <= 1:
        values = values * 255
    elif low < 0 or high > 255:
        values = (values - low) * (255 / (high - low))
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def main() -> int:
    """Judge the pictures of the command line; 1 if one could not be read."""
    parser = argparse.ArgumentParser(description="Tell the labels of pictures.")
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    beside = Path(__file__).with_name("model.onnx")
    parser.add_argument("--model", type=Path, default=beside, help="(default: beside this file)")
    asked = parser.parse_args()
    model, failed = Model(asked.model), 0
    for path in asked.pictures:
        try:
            said = model.predict(path)
        except (OSError, ValueError, SyntaxError) as error:
            said, failed = {"error": str(error)}, 1
        line = json.dumps({"picture": str(path), **said}, ensure_ascii=False)
        sys.stdout.write(f"{line}\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
