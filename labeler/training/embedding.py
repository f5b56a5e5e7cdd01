"""Work on one shard of embeddings: pictures come from files, vectors go into the shard."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np
import numpy.typing as npt

from labeler.pools import storage
from labeler.pools.models import Image
from labeler.training import feature_fits, rounds, shards, spaces
from labeler.training.models import Shard
from labeler.work import leases
from ml import arrays
from ml.arrays import SHARD
from ml.features import FeaturesDamaged, FeatureSet
from ml.images import ImageRefused, open_image

STEP = 256  # images between two writes: what a crash repeats at most
BATCH = 32
DECODERS = 2
AHEAD = 3 * BATCH  # prepared pictures that may wait for the network
TURN_SECONDS = 10.0  # after which other chores get a turn
PATIENCE = 60.0  # seconds until a shard whose features are damaged looks again

Vectors = npt.NDArray[np.float32]
Prepared = npt.NDArray[np.uint8] | ImageRefused | None


def run(shard: Shard) -> None:
    """Embed what is missing, for one turn; keep what is done after every few hundred images."""
    try:
        feature_set = feature_fits.usable_in(shard.project, spaces.of(shard))
    except ValueError as error:
        raise leases.Hopeless(f"{error}. Choose another one in the project's settings.") from error
    except (FileNotFoundError, FeaturesDamaged) as error:
        _wait_for_features(shard, error)
    else:
        _embed_for_a_turn(shard, feature_set)


def _embed_for_a_turn(shard: Shard, feature_set: FeatureSet) -> None:
    table = _begun(shard, feature_set)
    until = time.monotonic() + TURN_SECONDS
    while shard.rows_done < shard.rows_wanted:
        with leases.keeping(shard):
            table = _step(shard, feature_set, table)
        if time.monotonic() > until:
            break
    _close(shard)


def _wait_for_features(shard: Shard, error: Exception) -> None:
    """What the feature set learned is lost. If it is today's, it learns again: the same, and the
    shard goes on, or something else, which has shards of its own."""
    if spaces.newest(shard.project, shard.features) == spaces.of(shard):
        feature_fits.ask(shard.project, shard.features)
    why = f"What these features had learned is damaged ({error}); they learn again."
    leases.put_off(shard, why, seconds=PATIENCE)


def _begun(shard: Shard, feature_set: FeatureSet) -> Vectors:
    if not shard.rows_done:
        return np.empty((0, feature_set.dimensions), dtype=np.float32)
    return np.asarray(shards.load(shard), dtype=np.float32)


def _step(shard: Shard, feature_set: FeatureSet, table: Vectors) -> Vectors:
    """Embed the next images, write the shard anew, and only then say so in the database."""
    last = min(shard.rows_done + STEP, shard.rows_wanted)
    images = _images(shard, shard.rows_done, last)
    vectors, refused = embed(feature_set, images)
    table = np.concatenate([table, vectors])
    arrays.write_shard(shards.path(shard), table)
    leases.renew(shard, rows_done=last, error=_note(shard, refused))
    return table


def _images(shard: Shard, first: int, last: int) -> list[Image | None]:
    """The images of these rows; None where a row has none any more."""
    base = shard.number * SHARD
    rows = Image.objects.filter(
        project=shard.project_id, row__range=(base + first, base + last - 1)
    )
    found = {image.row: image for image in rows}
    return [found.get(row) for row in range(base + first, base + last)]


def embed(feature_set: FeatureSet, images: Iterable[Image | None]) -> tuple[Vectors, list[Image]]:
    """Vectors of images in their order, NaN where there is none, and the images that could not
    be read.

    Two threads fetch and decode ahead while the network works on the batch before.
    Raises OSError when the storage fails: that is no fault of the image.
    """
    parts, refused = [np.empty((0, feature_set.dimensions), dtype=np.float32)], []
    prepared = _prepared(feature_set, images)
    while batch := list(islice(prepared, BATCH)):
        parts.append(_vectors(feature_set, [p for _, p in batch]))
        refused += [image for image, p in batch if image and isinstance(p, ImageRefused)]
    return np.concatenate(parts), refused


def _vectors(feature_set: FeatureSet, batch: list[Prepared]) -> Vectors:
    sound = [isinstance(p, np.ndarray) for p in batch]
    vectors = np.full((len(batch), feature_set.dimensions), np.nan, dtype=np.float32)
    if any(sound):
        vectors[sound] = feature_set.embed_batch(
            np.stack([p for p in batch if isinstance(p, np.ndarray)])
        )
    return vectors


def _prepared(
    feature_set: FeatureSet, images: Iterable[Image | None]
) -> Iterator[tuple[Image | None, Prepared]]:
    waiting: deque[tuple[Image | None, Future[Prepared]]] = deque()
    with ThreadPoolExecutor(DECODERS) as pool:
        for image in images:
            waiting.append((image, pool.submit(_prepare, feature_set, image)))
            if len(waiting) >= AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def _prepare(feature_set: FeatureSet, image: Image | None) -> Prepared:
    if image is None:
        return None
    try:
        picture = open_image(storage.local_file(image), at_least=feature_set.size)
    except FileNotFoundError:
        return ImageRefused("missing", "The stored file is gone.", "Import the image again.")
    except ImageRefused as error:
        return error
    return feature_set.preprocess(picture)


def _note(shard: Shard, refused: list[Image]) -> str:
    if not refused:
        return shard.error
    more = f"{len(refused)} images" if len(refused) > 1 else "1 image"
    said = f"{shard.error} " if shard.error else ""
    return f"{said}{more} could not be read, for example {refused[0].name}."[:2000]


def _close(shard: Shard) -> None:
    """Finish, unless the pool has grown meanwhile or the turn is over."""
    with leases.publishing(shard):
        wanted = Shard.objects.values_list("rows_wanted", flat=True).get(pk=shard.pk)
        if shard.rows_done < wanted:
            leases.yield_back(shard)
            return
        leases.finish(shard, error=shard.error)
    if reason := rounds.due(shard.project):  # the pool is whole: rank it
        rounds.ask(shard.project, reason)
