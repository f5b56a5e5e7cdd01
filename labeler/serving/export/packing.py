"""The archive: the model, its facts, an example, its card, and their checksums."""

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.template.loader import render_to_string

from labeler.pools import whole_files
from labeler.serving.export.card import Card

EXAMPLE = "predict.py"


def pack(target: Path, model: Path, facts: dict[str, Any], card: Card) -> None:
    """Write the ZIP to `target`; it appears whole or not at all. Raises OSError."""
    texts = {
        "labels.json": json.dumps(facts, ensure_ascii=False, indent=1) + "\n",
        "card.md": card.markdown(),
        "card.html": render_to_string("serving/model_card.html", {"card": card}),
    }
    if model.suffix == ".onnx":
        texts[EXAMPLE] = (resources.files("ml.portable") / EXAMPLE).read_text(encoding="utf-8")
    with whole_files.writing(target) as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.write(model, model.name)
        sums = [(_sha256(model.read_bytes()), model.name)]
        for name, text in sorted(texts.items()):
            archive.writestr(name, text)
            sums.append((_sha256(text.encode()), name))
        archive.writestr("SHA256SUMS", "".join(f"{digest}  {name}\n" for digest, name in sums))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
