"""Files that were cut, emptied, changed, replaced or deleted on disk: found, never believed."""

import pickle
from contextlib import contextmanager

import numpy as np
import pytest
from django.test import Client

from labeler.labeling import queue
from labeler.pools import storage
from labeler.serving import answering
from labeler.serving.pictures import Asked
from labeler.training import embeddings, memory, predictions, shards, versions
from labeler.training.models import ModelVersion, Round, Shard
from labeler.work.tasks import run
from tests.conftest import picture
from tests.serving.taught import teach
from tests.training.drawn import striped
from tests.training.invented import answer, run_round

pytestmark = pytest.mark.django_db

FIRED = []


class Trap:
    """A pickle that would leave a trace where it is opened."""

    def __reduce__(self):
        return (FIRED.append, ("opened",))


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def emptied(data: bytes) -> bytes:
    return b""


def one_bit_flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def replaced_by_a_pickle(data: bytes) -> bytes:
    return pickle.dumps(Trap())


def missing(data: bytes) -> None:
    """Not there any more."""


DAMAGES = [cut, emptied, one_bit_flipped, replaced_by_a_pickle, missing]


def damage(file, how):
    """Put what `how` makes of the file in its place."""
    data = how(file.read_bytes())
    if data is None:
        file.unlink()
    else:
        file.write_bytes(data)


@pytest.fixture
def taught(project, settings):
    """A project with two model versions; this process is worker and prediction service."""
    settings.SERVING = True
    memory._pools.clear()
    answering._shelf.clear()
    teach(project)
    answer(project, range(22, 27))
    run_round(project)
    answering._shelf.clear()
    FIRED.clear()
    yield project
    assert not FIRED
    answering._shelf.clear()


def said(project):
    """Which version judges a picture now."""
    told = answering.answer(project, [Asked("x.png", lambda: striped(100))])
    assert told["predictions"][0]["scores"]
    return told["model_version"]


def model_file(version, name):
    folder = versions.folder(version)
    return folder / name if name == "manifest.json" else next(folder.glob("head.*"))


@contextmanager
def damaged(file, how):
    """The file as `how` leaves it, for a while."""
    whole = file.read_bytes()
    damage(file, how)
    yield
    file.write_bytes(whole)


@pytest.mark.parametrize("name", ["head", "manifest.json"])
class TestAModelFile:
    def test_the_version_before_judges_and_the_next_round_goes_on(self, taught, name):
        file = model_file(versions.serving(taught), name)
        for how in DAMAGES:
            with damaged(file, how):
                assert said(taught) == 1, how
            answering._shelf.clear()
        damage(file, cut)
        memory._pools.clear()  # another worker, which does not have the head in memory
        answer(taught, range(27, 29))
        assert run_round(taught).state == Round.State.DONE
        assert said(taught) == 3

    def test_where_no_version_is_whole_it_says_which_file_is_not(self, taught, name, reviewer):
        first, second = ModelVersion.objects.order_by("number")
        damage(model_file(first, name), emptied)
        client = Client()
        client.force_login(reviewer)
        for how in DAMAGES:
            with damaged(model_file(second, name), how):
                told = client.post(
                    f"/api/v1/projects/{taught.pk}/predict",
                    {"images": [taught.images.first().pk]}, content_type="application/json",
                )  # fmt: skip
            assert (told.status_code, told.json()["code"]) == (409, "model_damaged"), how
            assert "odel 2" in told.json()["detail"]
            answering._shelf.clear()


CUT = [cut, emptied, replaced_by_a_pickle, missing]


def test_damaged_embeddings_are_named_and_computed_again(taught, annotator):
    shard = Shard.objects.get(project=taught)
    whole = np.array(shards.load(shard), dtype=np.float32)
    for how in CUT:
        damage(shards.path(shard), how)
        memory._pools.clear()
        waiting = run_round(taught)
        assert waiting.state == Round.State.DUE, how
        assert "The embeddings of images 0 to 29 are damaged" in waiting.error
        assert queue.claim(project=taught, user=annotator)  # the last ranking goes on

        run(embeddings.KIND)
        shard.refresh_from_db()
        assert np.allclose(np.array(shards.load(shard)), whole, atol=1e-3), how
        assert run_round(taught).state == Round.State.DONE, how


def test_damaged_predictions_are_made_again_by_the_next_round(taught):
    for how in CUT:
        damage(predictions.folder(versions.serving(taught)) / "0.npy", how)
        memory._pools.clear()
        assert run_round(taught).state == Round.State.DONE, how
        assert len(predictions.shard(versions.serving(taught), 0)) == 30


def test_a_damaged_thumbnail_gives_way_to_the_picture(taught, reviewer):
    image = taught.images.first()
    client = Client()
    client.force_login(reviewer)

    def shown(size):
        return b"".join(client.get(f"/images/{image.pk}/{size}").streaming_content)

    for size, format in (("thumb", "WEBP"), ("screen", "JPEG")):
        file = storage._local_path(storage.name_of(taught.pk, image.sha256, size))
        small = picture(1, format=format)
        file.write_bytes(small)
        assert shown(size) == small
        for how in CUT:
            with damaged(file, how):
                assert shown(size) == striped(image.row), (size, how)
