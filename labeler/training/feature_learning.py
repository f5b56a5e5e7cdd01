"""A feature set learns from the pictures of a pool: which ones, how far it is, what it tells."""

import io
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import embeddings, feature_fits, feature_states, spaces
from labeler.training.models import FeatureFit
from labeler.work import leases
from labeler.work.presence import presence
from ml import features
from ml.features import FeatureSet, Progress
from ml.features.autoencoder import Autoencoder
from ml.features.derived import Derived
from ml.features.pca import Pca
from ml.images import ImageRefused, open_image

MOST = 4_000  # images it learns from; more change the vectors little and take long
MOST_FOR_NETWORK = 2_000  # images that a network sees dozens of times
LEAST = 20  # fewer say nothing about the images to come
SAY_AFTER = 0.5  # seconds between two notes of progress
ARM_AFTER = 60.0  # seconds after which progress proves anew that the worker does not hang

SHOWN = 8  # pictures on the sheet of samples
GAP = 4  # pixels between them
QUALITY = 85


def run(row: FeatureFit) -> None:
    """Learn, keep what was learned, and have the pool embedded with it.

    A worker that dies on the way leaves nothing; the next one starts over. Too few images, or
    too few that differ, wait for more. Raises LeaseLost, Hopeless, or what went wrong.
    """
    feature_set = _sound(row.features)
    pictures = Pictures(_drawn(row.project, feature_set), feature_set)
    note = Note(row, len(pictures.images))
    try:
        with note.keeping():
            _learn(feature_set, pictures, note)
            facts = note.facts(feature_set, pictures.opened)
            extra = _samples(feature_set, pictures)
    except TooLittle as why:
        feature_fits.wait_for_images(row, str(why))
    else:
        feature_fits.keep(row, feature_set, facts, extra)
        embeddings.follow(row.project)
        embeddings.want(row.project, spaces.newest(row.project, row.features))


class TooLittle(Exception):
    """There is not enough in the pool to learn from."""


def _sound(name: str) -> FeatureSet:
    """The feature set, if the network at its bottom can be had."""
    found = below = features.get(name)
    while isinstance(below, Derived):
        below = below.of
    try:
        _ = below.dimensions  # a network looks for its layers
    except ValueError as error:
        raise leases.Hopeless(f"{error}. Choose another one in the project's settings.") from error
    return found


def _learn(feature_set: FeatureSet, pictures: "Pictures", note: "Note") -> None:
    _check(len(pictures.images))
    try:
        feature_set.fit(pictures, seed=_seed(note.row.project), report=note)
    except ValueError as error:
        raise TooLittle(f"{error}. It is tried again when images are added.") from error
    _check(pictures.opened)


def _check(images: int) -> None:
    if images < LEAST:
        raise TooLittle(
            f"These features learn from {LEAST} images or more that are not in the audit sample; "
            f"there are {images}. They learn when more are added."
        )


def _seed(project: Project) -> int:
    return project.audit_seed % 2**32


# Pictures ---------------------------------------------------------------------------------


def _drawn(project: Project, feature_set: FeatureSet) -> list[Image]:
    """Some thousand images in a random order that is fixed for good; never an audit image."""
    network = any(isinstance(each, Autoencoder) for each in layers(feature_set))
    most = MOST_FOR_NETWORK if network else MOST
    return list(Image.objects.filter(project=project, audit=False).order_by("key", "pk")[:most])


class Pictures:
    """The images' pictures, opened one by one, each time anew when they are walked through.

    opened: how many could be read the last time; damaged and missing ones are left out.
    """

    def __init__(self, images: list[Image], feature_set: FeatureSet) -> None:
        self.images = images
        self.size = feature_set.size
        self.opened = 0

    def __iter__(self) -> Iterator[Pillow.Image]:
        self.opened = 0
        for image in self.images:
            picture = self._open(image)
            if picture is not None:
                self.opened += 1
                yield picture

    def _open(self, image: Image) -> Pillow.Image | None:
        """Raises OSError when the storage fails: that is no fault of the image."""
        try:
            return open_image(storage.local_file(image), at_least=self.size)
        except (FileNotFoundError, ImageRefused):
            return None


# What is told about it --------------------------------------------------------------------


class Note:
    """Writes into the row how far learning is, and keeps its losses."""

    def __init__(self, row: FeatureFit, images: int) -> None:
        self.row = row
        self.images = images
        self.before = {name: row.facts[name] for name in row.facts if name != "losses"}
        self.losses: list[dict[str, float]] = []
        self._began = self._said = self._armed = time.monotonic()
        self._kept = ExitStack()

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Keep the lease while the block runs, however long, as long as progress is told."""
        with self._kept:
            self._kept.enter_context(leases.keeping(self.row))
            yield

    def __call__(self, progress: Progress) -> None:
        """Raises LeaseLost: then somebody else learns, or the project is gone."""
        self._arm()
        if progress.losses:
            self.losses.append({name: float(loss) for name, loss in progress.losses.items()})
        now = time.monotonic()
        if now - self._said > SAY_AFTER:
            self._said = now
            total = progress.total or self.images
            leases.renew(
                self.row, phase=progress.stage, done=min(progress.done, total), total=total,
                facts={**self.before, "losses": self.losses},
            )  # fmt: skip

    def _arm(self) -> None:
        if time.monotonic() - self._armed > ARM_AFTER:
            self._armed = time.monotonic()
            self._kept.close()
            self._kept.enter_context(leases.keeping(self.row))
            presence.goes_on()

    def facts(self, learned: FeatureSet, images: int) -> dict[str, Any]:
        """What is known once it has learned."""
        seconds = round(time.monotonic() - self._began, 1)
        found: dict[str, Any] = {
            "images": images, "dimensions": learned.dimensions, "seconds": seconds,
        }  # fmt: skip
        for each in layers(learned):
            if isinstance(each, Pca) and "kept" not in found:
                found["kept"] = round(each.kept, 4)
            if isinstance(each, Autoencoder):
                found |= {"losses": self.losses, "best_epoch": each.best_epoch}
        return found


def layers(feature_set: FeatureSet) -> Iterator[FeatureSet]:
    """The set, the one it is made over, and so on down."""
    yield feature_set
    while isinstance(feature_set, Derived):
        feature_set = feature_set.of
        yield feature_set


def _samples(feature_set: FeatureSet, pictures: Pictures) -> dict[str, bytes]:
    """For an autoencoder a sheet of pictures above what it makes of them; else nothing."""
    for each in layers(feature_set):
        if isinstance(each, Autoencoder):
            batch = np.stack([each.preprocess(picture) for picture in islice(pictures, SHOWN)])
            return {feature_states.SAMPLES: sheet(batch, each.decode(each.embed_batch(batch)))}
    return {}


def sheet(above: npt.NDArray[np.uint8], below: npt.NDArray[np.uint8]) -> bytes:
    """Two rows of pictures, (n, h, w) or (n, h, w, 3) uint8 each, as one WebP file."""
    height, width = above.shape[1:3]
    page = Pillow.new("RGBA", (len(above) * (width + GAP) - GAP, 2 * height + GAP))
    for y, row in ((0, above), (height + GAP, below)):
        for i, picture in enumerate(row):
            page.paste(Pillow.fromarray(picture), (i * (width + GAP), y))
    file = io.BytesIO()
    page.save(file, "WEBP", quality=QUALITY)
    return file.getvalue()
