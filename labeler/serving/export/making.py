"""Making the model file of a version, and checking it against what the service says."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from labeler.pools import storage
from labeler.pools.models import Image
from labeler.serving.export import ExportFailed, card, packing
from labeler.serving.loaded import Loaded
from labeler.training.models import ModelVersion
from labeler.training.versions import ModelDamaged
from ml.backbones import WeightsMissing
from ml.features import FeaturesDamaged
from ml.features.packages import PackageMissing
from ml.images import ImageRefused
from ml.portable import NotPortable, onnx_graph, program
from ml.portable.answers import has_steps
from ml.portable.network import Whole, example
from ml.portable.pictures import preparation

WRITERS = {"onnx": onnx_graph, "torch": program}
FILES = {"onnx": "model.onnx", "torch": "model.pt2"}
TOLERANCE = 1e-4  # between the file's probabilities and the service's
COMPARED = 32  # images of the pool, drawn at random


class Checked(NamedTuple):
    """How the file was compared with the service."""

    images: int
    largest: float  # difference of a probability


def make(version: ModelVersion, format: str, target: Path) -> Checked:
    """Write the archive of the version to `target`. Raises: ExportFailed; OSError.

    format: a key of WRITERS. Nothing is written unless the file says what the service says.
    """
    with _loaded(version) as loaded, tempfile.TemporaryDirectory() as place:
        facts = facts_of(loaded)
        model = Path(place) / FILES[format]
        checked = _written(loaded, format, model, facts)
        told = facts | {"checked": checked._asdict()}
        packing.pack(target, model, told, card.of(version, loaded, checked))
    return checked


@contextmanager
def _loaded(version: ModelVersion) -> Iterator[Loaded]:
    try:
        loaded = Loaded(version)
    except (ModelDamaged, FeaturesDamaged, FileNotFoundError, WeightsMissing, ValueError) as error:
        raise ExportFailed(f"Version {version.number} cannot be loaded: {error}") from error
    try:
        yield loaded
    finally:
        loaded.close()


def facts_of(loaded: Loaded) -> dict[str, Any]:
    """What another program needs to know; part of the model file, and `labels.json` beside."""
    version, floors = loaded.version, loaded.floors(loaded.version)
    return {
        "format": 1,
        "made_by": "Labeler",
        "project": version.project.name,
        "version": version.number,
        "created_at": version.created_at.isoformat(),
        "kind": "multi" if loaded.multi else "single",
        "labels": [
            {"name": name, "threshold": float(floor)}
            for name, floor in zip(loaded.names, floors, strict=True)
        ],
        "features": version.features,
        "head": version.head,
        "temperature": version.temperature,
        "preparation": preparation(loaded.features),
    }


def _written(loaded: Loaded, format: str, path: Path, facts: dict[str, Any]) -> Checked:
    places = [loaded.names.index(name) for name in loaded.columns]
    writer = WRITERS[format]
    try:
        network = Whole(loaded.features, loaded.head, loaded.version.temperature, places)
        words = {"labeler": json.dumps(facts, ensure_ascii=False)}
        writer.write(network, example(loaded.features), path, words)
        pictures = _pictures(loaded)
        found = writer.run(path, pictures)
    except (NotPortable, PackageMissing, WeightsMissing) as error:
        raise ExportFailed(str(error)) from error
    except (RuntimeError, ValueError, TypeError) as error:  # torch's exporters: a graph too odd
        raise ExportFailed(
            f"{loaded.version.features} with {loaded.version.head} could not be written as "
            f"{format}: {str(error)[:300]} Try the other format, or other features."
        ) from error
    return _compared(loaded, pictures, found)


def _pictures(loaded: Loaded) -> npt.NDArray[np.uint8]:
    """Real images of the pool, as the network takes them."""
    prepared = []
    for image in Image.objects.filter(project=loaded.version.project).order_by("key")[:COMPARED]:
        try:
            with storage.open_original(image) as file:
                prepared.append(loaded.prepared(bytes(file.read())))
        except (OSError, ImageRefused):
            continue  # others will do
    if not prepared:
        raise ExportFailed(
            "No image of the pool can be read, so the file cannot be compared with the model. "
            "Add images, or mend the storage, then export again."
        )
    return np.stack(prepared)


def _compared(
    loaded: Loaded, pictures: npt.NDArray[np.uint8], found: npt.NDArray[np.float32]
) -> Checked:
    said = loaded.batches.judged(list(pictures))[:, : len(loaded.names)]
    largest = float(np.abs(found - said).max()) if found.shape == said.shape else np.inf
    if not largest <= TOLERANCE:  # nan too
        steps = " Trees jump where a feature differs in its last digit." * has_steps(loaded.head)
        raise ExportFailed(
            f"The file does not say what the model says: on {len(pictures)} images of the pool a "
            f"probability differs by {largest:.2g}, more than {TOLERANCE:g}.{steps} Nothing was "
            "written. Train a version with another head or other features."
        )
    return Checked(len(pictures), largest)
