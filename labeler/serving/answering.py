"""A prediction request from its pictures to its answer."""

import time
from typing import Any

from labeler.projects.models import Project
from labeler.serving.loaded import Loaded, Said
from labeler.serving.pictures import Asked, Missing
from labeler.serving.shelf import Shelf
from ml.images import ImageRefused

_shelf: list[Shelf] = []


def shelf() -> Shelf:
    """The models of this process."""
    if not _shelf:
        _shelf.append(Shelf())
    return _shelf[0]


def answer(project: Project, asked: list[Asked], number: int | None = None) -> dict[str, Any]:
    """What the model says of each picture; one version answers for all of them.

    number: of a version other than the serving one. A picture that cannot be had or read has an
    `error` in its place, and the rest goes on. Raises: NoModel, Busy, ModelDamaged.
    """
    began = time.monotonic()
    books = shelf()
    loaded, version = books.pinned(project, number) if number else books.serving(project)
    found = [_prepared(loaded, each) for each in asked]
    sound = [picture for picture in found if not isinstance(picture, dict)]
    said = iter(loaded.said(loaded.batches.judged(sound), version) if sound else ())
    return {
        "model_version": version.number,
        "predictions": [
            {"name": each.name, "model_version": version.number,
             **(got if isinstance(got, dict) else _told(next(said), loaded))}
            for each, got in zip(asked, found, strict=True)
        ],
        "took_ms": round(1000 * (time.monotonic() - began), 1),
    }  # fmt: skip


def _prepared(loaded: Loaded, asked: Asked) -> Any:
    """The picture as the network wants it, or what is wrong with it."""
    try:
        return loaded.prepared(asked.read())
    except ImageRefused as error:
        return {"error": {"code": error.code, "detail": str(error)}}
    except Missing as error:
        return {"error": {"code": error.code, "detail": str(error)}}


def _told(said: Said, loaded: Loaded) -> dict[str, Any]:
    label = said.labels[0] if said.labels and not loaded.multi else None
    told: dict[str, Any] = {"scores": said.scores, "label": label, "unknown": said.unknown}
    return {**told, "labels": list(said.labels)} if loaded.multi else told
