"""How far a project's features are: waiting, learning, embedding, ready or failed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from labeler.projects.models import Project
from labeler.training import embeddings, feature_fits, shards, spaces, versions
from labeler.training.models import FeatureFit, Shard
from labeler.training.spaces import Space
from ml import arrays

State = FeatureFit.State
Word = Literal["waiting", "learning", "embedding", "ready", "failed"]
SAMPLES = "samples.webp"  # a sheet of pictures above what an autoencoder makes of them
NOBODY_YET = "It begins as soon as a worker is free."
EMPTY = "The pool is empty."


@dataclass(frozen=True)
class FeatureState:
    """What is told about the features that a project's settings name."""

    features: str
    state: Word
    detail: str = ""  # why it waits, or what went wrong
    phase: str = ""  # of learning: "reading", "learning"
    done: int = 0  # of `total`: pictures read, passes over them, or images embedded
    total: int = 0  # 0: nobody knows yet
    learns: bool = False
    fingerprint: str = ""  # of what it has learned; "" before
    images: int | None = None  # that it learned from
    dimensions: int | None = None
    kept: float | None = None  # share of the variance, where components were chosen
    losses: list[dict[str, float]] = field(default_factory=list)  # one per pass
    samples: bool = False
    bytes: int = 0  # of its files
    serving: str = ""  # the features of the serving model, where those are others or older ones

    @property
    def share(self) -> float:
        """How far the present step is, in [0, 1]."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def begins(self) -> bool:
        """Whether learning is under way, or about to be."""
        return self.state == "learning" or self.detail == NOBODY_YET

    @property
    def moving(self) -> bool:
        """Whether it is likely to be another one soon."""
        return self.begins or self.state == "embedding"


def of(project: Project) -> FeatureState:
    """The state of the project's features now; reads rows and the sizes of files."""
    space = spaces.chosen(project)
    learns = spaces.learns(space.features)
    fit = FeatureFit.objects.filter(project=project, features=space.features).first()
    fit = fit if learns else None
    now = _learning(fit, space) if learns else None
    return FeatureState(
        features=space.features, learns=learns, fingerprint=space.fingerprint,
        **(now or _embedding(project, space)), **_learned(fit, space),
        samples=bool(samples(project, space)), bytes=_bytes(project, space),
        serving=_serving(project, space),
        dimensions=_dimensions(project, space, fit),
    )  # fmt: skip


def samples(project: Project, space: Space) -> Path | None:
    """The sheet of samples, where there is one."""
    if not space.fingerprint:
        return None
    sheet = feature_fits.folder(project, space.features) / space.fingerprint / SAMPLES
    return sheet if sheet.is_file() else None


def _learning(fit: FeatureFit | None, space: Space) -> dict[str, Any] | None:
    """What is told of a set that learns, or has to; None once it has and only embeds."""
    if fit is None or fit.state in (State.DUE, State.CANCELLED):
        return {"state": "waiting", "detail": (fit and fit.error) or NOBODY_YET}
    if fit.state == State.RUNNING:
        return {"state": "learning", "phase": fit.phase, "done": fit.done, "total": fit.total}
    if fit.state == State.WAITING:
        return {"state": "waiting", "detail": fit.error}
    if fit.state == State.FAILED:
        return {"state": "failed", "detail": fit.error}
    return None if space.fingerprint else {"state": "waiting", "detail": fit.error}


def _embedding(project: Project, space: Space) -> dict[str, Any]:
    done, total = embeddings.progress(project, space)
    far = {"done": done, "total": total}
    if not total:
        return {"state": "waiting", "detail": EMPTY}
    if done == total:
        return {"state": "ready", **far}
    mine = Shard.objects.filter(project=project, **space._asdict())
    broken = mine.filter(state=Shard.State.FAILED).first()
    if broken:
        return {"state": "failed", "detail": broken.error, **far}
    return {"state": "embedding", **far}


def _learned(fit: FeatureFit | None, space: Space) -> dict[str, Any]:
    if fit is None:
        return {}
    known = {name: fit.facts.get(name) for name in ("images", "kept")} if space.fingerprint else {}
    return {**known, "losses": fit.facts.get("losses", [])}


def _dimensions(project: Project, space: Space, fit: FeatureFit | None) -> int | None:
    """Read from what is there: a network would have to be loaded to tell."""
    if fit and space.fingerprint:
        return int(fit.facts["dimensions"]) if "dimensions" in fit.facts else None
    for shard in shards.embedded(project, space)[:1]:
        try:
            return int(arrays.read_shard(shards.path(shard)).shape[1])
        except (FileNotFoundError, arrays.ArrayDamaged):
            return None
    return None


def _serving(project: Project, space: Space) -> str:
    version = versions.serving(project)
    return version.features if version and spaces.of(version) != space else ""


def _bytes(project: Project, space: Space) -> int:
    """What the vectors take, and what was learned."""
    places = [shards.folder(project, space)]
    if space.fingerprint:
        places.append(feature_fits.folder(project, space.features) / space.fingerprint)
    return sum(size for place in places for size in _sizes(place))


def _sizes(place: Path) -> Iterator[int]:
    for file in place.rglob("*") if place.is_dir() else ():
        try:
            yield file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:  # just renamed, or taken away
            continue
