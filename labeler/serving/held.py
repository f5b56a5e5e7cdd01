"""The model of the batch prediction at work, loaded once for as long as a worker stays with it."""

from labeler.pools.refusing import ImportFailed
from labeler.serving.loaded import Loaded
from labeler.serving.models import BatchPrediction
from labeler.training.models import ModelVersion
from labeler.training.versions import ModelDamaged
from labeler.work import leases
from labeler.work.models import LeasedWork
from ml.features import FeaturesDamaged

_kept: list[tuple[int, Loaded]] = []  # of the last batch, which may have given way


def model(batch: BatchPrediction, row: LeasedWork) -> Loaded:
    """The batch's version; the lease of `row` is kept while it loads. Raises ImportFailed."""
    version = batch.version
    if version is None:
        raise ImportFailed(
            f"Model version {batch.version_number} was deleted. Start again with another one."
        )
    version.project = batch.project
    if not _kept or _kept[0][0] != batch.pk:
        let_go()
        with leases.keeping(row):
            _kept.append((batch.pk, _load(version)))
    return _kept[0][1]


def let_go() -> None:
    """The batch is over: its model leaves the memory."""
    while _kept:
        _kept.pop()[1].close()


def _load(version: ModelVersion) -> Loaded:
    try:
        return Loaded(version)
    except (ModelDamaged, FeaturesDamaged, FileNotFoundError, ValueError) as error:
        raise ImportFailed(
            f"Model version {version.number} cannot be loaded: {error} Train, then start again."
        ) from error
