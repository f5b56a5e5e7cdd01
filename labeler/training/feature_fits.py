"""Feature sets that learn in a project before they embed: their rows, and what they learned.

The row asks for learning, as a shard asks for vectors. What was learned lies in a folder named by
its fingerprint, so that learning anew disturbs nobody: the vectors made with the old stay in use
until those made with the new are whole, and only then does the old go.
"""

import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import transaction

from labeler.pools import storage, whole_files
from labeler.projects.models import Project, User
from labeler.training import shards, spaces, versions
from labeler.training.models import FeatureFit, Shard
from labeler.training.spaces import Space
from labeler.work import leases
from labeler.work.messages import nudge
from ml import features
from ml.features import FeatureSet

KIND = "feature_fit"
BESIDE = "beside"
State = FeatureFit.State


class NotLearned(ValueError):
    """The feature set has to learn in this project first, and has not done so yet."""


# What was learned -------------------------------------------------------------------------


def usable(project: Project, name: str) -> FeatureSet:
    """The feature set of this name, ready to embed.

    Raises: NotLearned; ValueError for an unknown name; FileNotFoundError or FeaturesDamaged when
    what it learned is not there any more.
    """
    return usable_in(project, spaces.newest(project, name))


def usable_in(project: Project, space: Space) -> FeatureSet:
    """The feature set as it was when it made the vectors of this space. Raises as `usable`."""
    if spaces.is_there(space):
        place = folder(project, space.features) / space.fingerprint if space.fingerprint else None
        return _loaded(space.features, place)
    raise NotLearned(f"{space.features} has not learned from this project's images yet")


@lru_cache(maxsize=2)
def _loaded(name: str, place: Path | None) -> FeatureSet:
    """The feature set with its weights, kept between shards."""
    found = features.get(name)
    return found.restore(place) if place else found


def folder(project: Project, name: str) -> Path:
    """features/<name> in the project's folder; what was learned lies in <fingerprint>/ below."""
    return storage.arrays_folder(project) / "features" / shards.safe_name(name)


def keep(
    row: FeatureFit, learned: FeatureSet, facts: Mapping[str, Any], extra: Mapping[str, bytes]
) -> None:
    """Store what was learned, with more files by name, and say so in the row. Raises LeaseLost.

    Nothing is visible before it is whole: the files are written beside and renamed.
    """
    place, fingerprint = folder(row.project, row.features), learned.fingerprint
    beside = place / BESIDE / f"{row.pk}-{row.lease_no}"
    learned.save(beside)
    for name, data in extra.items():
        whole_files.write(beside / name, data)
    with leases.publishing(row):
        # The same was learned once more: the new files take the place of the old.
        shutil.rmtree(place / fingerprint, ignore_errors=True)
        beside.rename(place / fingerprint)
        leases.finish(
            row, fingerprint=fingerprint, facts=dict(facts), again=False, phase="", error=""
        )
    shutil.rmtree(place / BESIDE, ignore_errors=True)


# Rows -------------------------------------------------------------------------------------


def ask(project: Project, name: str, by: User | None = None) -> None:
    """Let the feature set learn anew, or for the first time; a run at work goes on."""
    row = _made(project, name)
    idle = FeatureFit.objects.filter(pk=row.pk).exclude(state=State.RUNNING)
    idle.update(again=True, asked_by=by)
    _due(row)


def follow(project: Project, name: str) -> None:
    """See to it that a feature set that must learn has a row, and wake one that waits for more
    images or was given up when nobody wanted it any more."""
    if project.archived_at:
        return
    row = _made(project, name)
    if _has_more(row) or row.state == State.CANCELLED:
        _due(row)
    elif row.is_open:
        nudge(KIND, row.pk)


def find() -> None:
    """Wake what waits for more images or labels; take away what no vectors are made with now."""
    from labeler.training.fine_tuning import find as find_tuning

    find_tuning()
    for row in FeatureFit.objects.filter(state=State.WAITING).select_related("project"):
        if _has_more(row):
            _due(row)
    for row in FeatureFit.objects.filter(state=State.DONE).select_related("project"):
        _prune(row)


def run(row: FeatureFit) -> None:
    """Work on a claimed row."""
    try:
        from_labels = features.get(row.features).learns_from_labels
    except ValueError as error:
        raise leases.Hopeless(f"{error}. Choose another one in the project's settings.") from error
    if row.features != row.project.features and not row.again:
        leases.finish(row, State.CANCELLED, error="")  # another one was chosen meanwhile
    elif from_labels:
        from labeler.training.fine_tuning import run as tune

        tune(row)
    else:
        from labeler.training.feature_learning import run as learn

        learn(row)


def wait_for_images(row: FeatureFit, why: str) -> None:
    """Put the row aside until the pool has grown. Raises LeaseLost."""
    pool = Project.objects.values_list("next_row", flat=True).get(pk=row.project_id)
    leases.finish(row, State.WAITING, error=why, attempts=0, facts={**row.facts, "pool": pool})


def _made(project: Project, name: str) -> FeatureFit:
    row, _ = FeatureFit.objects.get_or_create(project=project, features=name)
    row.project = project
    return row


def _due(row: FeatureFit) -> None:
    idle = FeatureFit.objects.filter(pk=row.pk).exclude(state=State.RUNNING)
    idle.update(state=State.DUE, attempts=0, not_before=None, finished_at=None, error="")
    nudge(KIND, row.pk)


def _has_more(row: FeatureFit) -> bool:
    """Whether the pool has grown since there was too little to learn from."""
    waits = row.state == State.WAITING and "pool" in row.facts
    return waits and row.project.next_row > int(row.facts["pool"])


def _prune(row: FeatureFit) -> None:
    """Take away what was learned earlier, with its vectors, unless a model in use needs it."""
    place = folder(row.project, row.features)
    if not place.is_dir():
        return
    needed = {row.fingerprint, BESIDE}
    used = (
        versions.serving(row.project),
        versions.newest(row.project),
        versions.pinned(row.project),
    )
    needed.update(version.fingerprint for version in used if version)
    old = [each.name for each in place.iterdir() if each.name not in needed]
    if old:
        _take_away(row, old)


@transaction.atomic
def _take_away(row: FeatureFit, old: list[str]) -> None:
    """Vectors first: whoever goes on after a crash still finds the folder that tells of them."""
    same = FeatureFit.objects.filter(pk=row.pk, state=State.DONE, fingerprint=row.fingerprint)
    if leases.lock(same).first() is None:
        return  # it learns again: what lies there may be new
    for fingerprint in old:
        space = Space(row.features, fingerprint)
        Shard.objects.filter(project=row.project, **space._asdict()).delete()
        shutil.rmtree(shards.folder(row.project, space), ignore_errors=True)
        shutil.rmtree(folder(row.project, row.features) / fingerprint, ignore_errors=True)
