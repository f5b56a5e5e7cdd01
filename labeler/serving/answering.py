"""A prediction request from its pictures to its answer."""

import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.projects.models import Project
from labeler.serving import counting
from labeler.serving.batches import Prepared
from labeler.serving.loaded import Loaded, Said
from labeler.serving.pictures import Asked, Missing
from labeler.serving.shelf import Shelf
from labeler.training.models import ModelVersion
from ml.images import ImageRefused

Near = Callable[[ModelVersion, npt.NDArray[np.float32]], list[dict[str, Any]]]

_shelf: list[Shelf] = []
_hands = ThreadPoolExecutor(max(2, os.cpu_count() or 2), thread_name_prefix="decode")


def shelf() -> Shelf:
    """The models of this process."""
    if not _shelf:
        _shelf.append(Shelf())
    return _shelf[0]


def answer(
    project: Project,
    asked: list[Asked],
    number: int | None = None,
    *,
    request_id: str = "",
    near: Near | None = None,
) -> dict[str, Any]:
    """What the model says of each picture; one version answers for all of them.

    number: of a version to ask, not counted. request_id: draws the version where a canary runs;
    without one the pictures do. near: told a version and a vector, the images like it. A picture
    that cannot be had or read has an `error` in its place, and the rest goes on. Raises: NoModel,
    Busy, ModelDamaged, and what `near` raises.
    """
    began = time.monotonic()
    loaded, version = _chosen(project, number, request_id.encode() or _mark(asked))
    with loaded.batches.announced(len(asked)):
        found = _each(lambda each: _prepared(loaded, each), asked)
    sound = [picture for picture in found if not isinstance(picture, dict)]
    told = iter(_judged(loaded, version, sound, near, counted=number is None) if sound else ())
    return {
        "model_version": version.number,
        "predictions": [
            {"name": each.name, "model_version": version.number,
             **(got if isinstance(got, dict) else next(told))}
            for each, got in zip(asked, found, strict=True)
        ],
        "thresholds": _thresholds(loaded, version),
        "took_ms": round(1000 * (time.monotonic() - began), 1),
    }  # fmt: skip


def _chosen(project: Project, number: int | None, mark: bytes) -> tuple[Loaded, ModelVersion]:
    if number:
        return shelf().pinned(project, number)
    loaded, version = shelf().serving(project)
    return shelf().canary(version, mark) or (loaded, version)


def _mark(asked: list[Asked]) -> bytes:
    digest = hashlib.sha256()
    for each in asked:
        digest.update(each.mark)
    return digest.digest()


def _each(work: Callable[[Asked], Any], asked: list[Asked]) -> list[Any]:
    """The work on each picture; on several, with every core."""
    return [work(each) for each in asked] if len(asked) < 2 else list(_hands.map(work, asked))


def _prepared(loaded: Loaded, asked: Asked) -> Any:
    """The picture as the network wants it, or what is wrong with it."""
    try:
        return loaded.prepared(asked.read())
    except ImageRefused as error:
        return {"error": {"code": error.code, "detail": str(error)}}
    except Missing as error:
        return {"error": {"code": error.code, "detail": str(error)}}


def _judged(
    loaded: Loaded,
    version: ModelVersion,
    sound: list[Prepared],
    near: Near | None,
    *,
    counted: bool,
) -> list[dict[str, Any]]:
    rows = loaded.batches.judged(sound)
    said = loaded.said(rows, version)
    if counted:
        counting.note(version.pk, said)
    told = [_told(each, loaded) for each in said]
    if near:
        for one, vector in zip(told, loaded.vectors(rows), strict=True):
            one["similar"] = near(version, vector)
    return told


def _thresholds(loaded: Loaded, version: ModelVersion) -> dict[str, float]:
    """The saved ones, by label name."""
    floors = loaded.floors(version).tolist()
    return {name: floor for name, floor in zip(loaded.names, floors, strict=True) if floor > 0}


def _told(said: Said, loaded: Loaded) -> dict[str, Any]:
    label = said.labels[0] if said.labels and not loaded.multi else None
    told: dict[str, Any] = {"scores": said.scores, "label": label, "unknown": said.unknown}
    return {**told, "labels": list(said.labels)} if loaded.multi else told
