"""The feature sets of a project: which exist, how far, how large, how good; add and delete.

A set that is added is computed in the background while the serving one serves. It follows the pool
when somebody asks for that again. The serving set and the one that the settings name stay.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from labeler.exploring.models import Survey
from labeler.projects.choices import FEATURES, called
from labeler.projects.models import Project, User
from labeler.training import embeddings, feature_fits, shards, spaces, versions
from labeler.training.models import FeatureFit, Shard
from labeler.training.spaces import Space

MOST = 12  # sets in one project


class Refused(ValueError):
    """What cannot be done to a feature set, in a sentence."""


@dataclass(frozen=True)
class FeatureSetLine:
    """One feature set as the page shows it."""

    space: Space
    title: str
    done: int
    total: int
    bytes: int
    chosen: bool  # the settings name it
    serving: bool  # models learn and predict in it
    learning: bool  # it still learns from the pool
    error: str = ""
    probe: dict[str, Any] = field(default_factory=dict)
    probing: Survey | None = None  # a probe that waits, is under way, or failed

    @property
    def name(self) -> str:
        return self.space.features

    @property
    def probe_share(self) -> float | None:
        """The share of images that the probe predicted right."""
        return self.probe["right"] / self.probe["images"] if self.probe else None

    @property
    def may_go(self) -> bool:
        return not (self.chosen or self.serving)

    @property
    def ready(self) -> bool:
        return self.done >= self.total > 0

    @property
    def moving(self) -> bool:
        busy = self.probing is not None and self.probing.is_open
        return busy or self.learning or (self.total > 0 and not self.ready and not self.error)


def listed(project: Project) -> list[FeatureSetLine]:
    """Every feature set that has vectors, learns, or is chosen; the serving one first."""
    serving, chosen = embeddings.serving(project), spaces.chosen(project)
    names = set(Shard.objects.filter(project=project).values_list("features", flat=True))
    names |= set(FeatureFit.objects.filter(project=project).values_list("features", flat=True))
    names |= {serving.features, chosen.features}
    lines = [_line(project, name, serving, chosen) for name in sorted(names)]
    return sorted(lines, key=lambda line: (not line.serving, not line.chosen, line.name))


def _line(project: Project, name: str, serving: Space, chosen: Space) -> FeatureSetLine:
    space = serving if name == serving.features else spaces.newest(project, name)
    done, total = embeddings.progress(project, space)
    fit = FeatureFit.objects.filter(project=project, features=name).first()
    waits = not spaces.is_there(space)
    broken = Shard.objects.filter(project=project, state=Shard.State.FAILED, **space._asdict())
    error = broken.values_list("error", flat=True).first() or ""
    if waits and fit and fit.state in (FeatureFit.State.FAILED, FeatureFit.State.WAITING):
        error = fit.error
    mine = Survey.objects.filter(project=project, kind=Survey.Kind.PROBE, features=name)
    last = mine.order_by("-pk").first()
    whole = mine.filter(state=Survey.State.DONE).order_by("-pk").first()
    return FeatureSetLine(
        space, str(called(FEATURES, name)), done, total, size_of(project, name),
        chosen=name == chosen.features, serving=name == serving.features,
        learning=waits and not error, error=error, probe=whole.facts if whole else {},
        probing=last if last and last.state != Survey.State.DONE else None,
    )  # fmt: skip


def size_of(project: Project, name: str) -> int:
    """Bytes of the set's files: vectors, and what it has learned."""
    return sum(
        file.stat().st_size
        for place in _places(project, name)
        for file in place.rglob("*")
        if file.is_file()
    )


def _places(project: Project, name: str) -> list[Path]:
    known = Shard.objects.filter(project=project, features=name)
    found = {Space(name, f) for f in known.values_list("fingerprint", flat=True)}
    folders = [shards.folder(project, space) for space in found | {spaces.newest(project, name)}]
    return [place for place in [*folders, feature_fits.folder(project, name)] if place.is_dir()]


def add(project: Project, user: User, name: str) -> None:
    """Compute the set for every image, in the background; one that is there catches up.

    Raises Refused for a name that is none.
    """
    if reason := spaces.wrong_with(name):
        raise Refused(reason)
    known = {line.name for line in listed(project)}
    if name not in known and len(known) >= MOST:
        raise Refused(f"A project keeps at most {MOST} feature sets; delete one first.")
    space = spaces.newest(project, name)
    if spaces.is_there(space):
        embeddings.want(project, space)
    else:
        feature_fits.ask(project, name, user)


def recompute(project: Project, user: User, name: str) -> None:
    """Compute the set anew from the first image. Raises Refused for one that is in use."""
    delete(project, name)
    add(project, user, name)


def delete(project: Project, name: str) -> None:
    """Take away the set's vectors and what it learned.

    Raises Refused for one that is in use, and for what is no set of the project: a name becomes a
    path, and folders are removed.
    """
    if name not in {line.name for line in listed(project)}:
        raise Refused("This project has no such feature set.")
    if name in _in_use(project):
        raise Refused(f"{name} is in use: a model was trained on it, or the settings name it.")
    places = _places(project, name)
    with transaction.atomic():
        Shard.objects.filter(project=project, features=name).delete()
        FeatureFit.objects.filter(project=project, features=name).delete()
        Survey.objects.filter(project=project, kind=Survey.Kind.PROBE, features=name).delete()
    for place in places:
        shutil.rmtree(place, ignore_errors=True)


def _in_use(project: Project) -> set[str]:
    held = (versions.serving(project), versions.pinned(project))
    used = {version.features for version in held if version}
    return used | {spaces.chosen(project).features, embeddings.serving(project).features}
