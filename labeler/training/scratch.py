"""Scratch copies of a project, in which `simulate` may label what it likes.

A copy has the same images in the same rows, the same audit draw and the same embeddings, whose
files it shares. Nothing of the original is touched. It lives as long as the simulation.
"""

import os
import shutil
import time
from pathlib import Path

from django.db import DatabaseError, transaction

from labeler.labeling import refill
from labeler.pools import storage, whole_files
from labeler.pools.models import Image
from labeler.projects import removal
from labeler.projects.models import Label, Project, User
from labeler.training import embeddings, feature_fits, shards, spaces
from labeler.training.models import FeatureFit, Shard
from labeler.training.spaces import Space

AT_ONCE = 2000
NEVER = 100_000  # answers: rounds start when the simulation asks, and at no other time
ANNOTATOR = "perfect-annotator"
TRIES, PAUSE = 5, 0.5  # seconds between them


def annotator() -> User:
    """The account the simulated answers belong to; nobody can sign in to it."""
    user, made = User.objects.get_or_create(username=ANNOTATOR, defaults={"is_active": False})
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


@transaction.atomic
def copy(project: Project, strategy: str) -> Project:
    """The project's pool without a single answer, to be asked by another strategy."""
    twin = Project.objects.create(
        name=f"Simulation of {project.name[:60]}: {strategy}",
        question=project.question, kind=project.kind, strategy=strategy,
        audit_share=project.audit_share, audit_target=project.audit_target,
        audit_seed=project.audit_seed, audit_rate=project.audit_rate, overlap=1,
        retrain_after=NEVER, features=_space(project).features, head=project.head,
        suggestion_share=project.suggestion_share, target=project.target,
        next_row=project.next_row, created_by=annotator(),
    )  # fmt: skip
    Label.objects.bulk_create(
        Label(project=twin, name=label.name, place=label.place)
        for label in Label.objects.filter(project=project, retired=False)
    )
    for first in range(0, project.next_row, AT_ONCE):
        _copy_images(project, twin, first)
    _share_embeddings(project, twin)
    refill.top_up(twin)
    return twin


def _copy_images(project: Project, twin: Project, first: int) -> None:
    some = Image.objects.filter(project=project, row__range=(first, first + AT_ONCE - 1))
    Image.objects.bulk_create(
        Image(
            project=twin, row=image.row, sha256=image.sha256, name=image.name, width=image.width,
            height=image.height, format=image.format, bytes=image.bytes, key=image.key,
            audit=image.audit,
        )
        for image in some
    )  # fmt: skip


def _share_embeddings(project: Project, twin: Project) -> None:
    space = _space(project)
    _share_fit(project, twin, space)
    place = whole_files.folder(shards.folder(twin, space))
    for shard in Shard.objects.filter(project=project, **space._asdict()):
        _share(shards.path(shard), place)
        Shard.objects.create(
            project=twin, **space._asdict(), number=shard.number, state=Shard.State.DONE,
            rows_wanted=shard.rows_wanted, rows_done=shard.rows_done, error=shard.error,
        )  # fmt: skip


def _space(project: Project) -> Space:
    """A copy does not learn from its own labels before it can be asked."""
    return embeddings.stand_in(spaces.chosen(project))


def _share_fit(project: Project, twin: Project, space: Space) -> None:
    """What the feature set has learned, if it learns."""
    if not space.fingerprint:
        return
    fit = FeatureFit.objects.get(project=project, features=space.features)
    source = feature_fits.folder(project, space.features) / space.fingerprint
    top = feature_fits.folder(twin, space.features) / space.fingerprint
    for file in (each for each in source.rglob("*") if each.is_file()):
        _share(file, whole_files.folder(top / file.parent.relative_to(source)))
    FeatureFit.objects.create(
        project=twin, features=fit.features, fingerprint=fit.fingerprint, facts=fit.facts,
        state=FeatureFit.State.DONE,
    )  # fmt: skip


def _share(source: Path, place: Path) -> None:
    try:
        os.link(source, place / source.name)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, place / source.name)


def remove(twin: Project) -> None:
    """Take the copy away, rows and files."""
    place = storage.arrays_folder(twin)
    _delete(twin)
    shutil.rmtree(place, ignore_errors=True)


def _delete(twin: Project) -> None:
    """A worker may still be writing down what the last round was worth; then it comes first."""
    for _ in range(TRIES):
        try:
            return removal.delete(twin)
        except DatabaseError as error:
            refused = error
            time.sleep(PAUSE)
    raise refused


def remove_left_over() -> int:
    """Take away copies that a killed simulation left; how many there were."""
    found = list(Project.objects.filter(created_by__username=ANNOTATOR))
    for twin in found:
        remove(twin)
    return len(found)
