"""A round that learns nothing: it scores the pool with an earlier version, which then serves."""

from pathlib import Path
from typing import NoReturn

from labeler.training import (
    embeddings,
    memory,
    model_files,
    predictions,
    scoring,
    spaces,
    versions,
)  # fmt: skip
from labeler.training.fitting import Fitted
from labeler.training.models import ModelVersion, Round
from labeler.training.ranking import Progress
from labeler.work.leases import Hopeless
from ml.heads.base import Kind


def version_of(row: Round) -> ModelVersion:
    """The version that the round shall score the pool with. Raises: Hopeless if it is gone."""
    mine = ModelVersion.objects.filter(project=row.project, number=row.serves or 0)
    version = mine.select_related("project").first()
    if version is None:
        raise Hopeless(f"Version {row.serves} was deleted meanwhile.")
    return version


def score(version: ModelVersion, into: Path, progress: Progress) -> int:
    """Write the version's predictions of every embedded image; how many images those are.

    Raises: Hopeless where its embeddings or its model are gone; the version is unpinned then.
    """
    project, space = version.project, spaces.of(version)
    if not embeddings.progress(project, space)[0]:
        _give_up(version, f"the embeddings it needs ({space.features}) were removed")
    pool = memory.pool(project, space)
    fitted = _loaded(version)
    kind: Kind = "multi" if project.is_multi else "single"
    for first, _ in scoring.over(pool, fitted, kind, into=into, look=lambda block, proba: None):
        progress("scoring", first)
    return len(pool)


def publish(version: ModelVersion, beside: Path) -> None:
    """Let the version serve with these predictions, if it is still pinned."""
    model_files.put_in_place(beside, predictions.folder(version))
    if versions.locked(version.project).filter(pk=version.pk, pinned=True).exists():
        versions.let_serve(version)


def _loaded(version: ModelVersion) -> Fitted:
    try:
        head = model_files.load(version)
    except versions.ModelDamaged as error:
        _give_up(version, str(error))
    return Fitted(head, version.temperature, version.cross_validated)


def _give_up(version: ModelVersion, why: str) -> NoReturn:
    ModelVersion.objects.filter(pk=version.pk).update(pinned=False)
    raise Hopeless(
        f"Version {version.number} cannot serve: {why}. It was unpinned; the version that "
        "served before goes on."
    )
