"""The page of feature sets: adding, measuring and deleting them."""

import numpy as np
import pytest

from labeler.exploring import columns, feature_sets, surveys
from labeler.exploring.models import Survey
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import shards
from labeler.training.models import FeatureFit, Shard
from labeler.training.spaces import Space
from labeler.work import leases
from ml import arrays

pytestmark = pytest.mark.django_db
N = 40


@pytest.fixture
def pool(project, reviewer):
    """Forty labeled images; `pixels` serves, `hog` is computed, too, and tells labels apart."""
    Image.objects.bulk_create(
        Image(
            project=project, row=row, sha256=f"{row:064x}", name=f"{row}.png", width=8, height=8,
            format="PNG", bytes=1, key=row / 100, state="labeled",
        )
        for row in range(N)
    )  # fmt: skip
    Project.objects.filter(pk=project.pk).update(next_row=N, features="pixels")
    project.refresh_from_db()
    labels = list(project.labels.order_by("place"))
    for image in Image.objects.filter(project=project):
        answer = Annotation.objects.create(
            uuid=f"00000000-0000-4000-8000-{image.row:012}", project=project, image=image,
            user=reviewer,
        )  # fmt: skip
        answer.labels.set([labels[image.row % 2]])
    embedded(project, "pixels", np.random.default_rng(0).normal(size=(N, 4)))
    embedded(project, "hog", np.eye(2)[np.arange(N) % 2] * 5)
    columns.forget()
    return project


def embedded(project, name, table):
    shard = Shard.objects.create(
        project=project, features=name, number=0, rows_wanted=N, rows_done=N, state="done"
    )
    place = shards.folder(project, Space(name))
    place.mkdir(parents=True, exist_ok=True)
    arrays.write_shard(shards.path(shard), table.astype(np.float16))


def line(project, name):
    return next(each for each in feature_sets.listed(project) if each.name == name)


def test_what_exists_is_listed_with_its_size(pool):
    pixels, hog = feature_sets.listed(pool)
    assert (pixels.name, pixels.serving, pixels.may_go) == ("pixels", True, False)
    assert (hog.name, hog.ready, hog.may_go) == ("hog", True, True)
    assert hog.bytes > 0


def test_a_probe_measures_a_set_on_the_labels_so_far(pool, reviewer):
    row = surveys.ask(pool, reviewer, Survey.Kind.PROBE, Space("hog"), {})
    assert line(pool, "hog").moving
    surveys.run(leases.claim(Survey, row.pk))
    found = line(pool, "hog")
    assert found.probe_share == 1.0
    assert 0.9 < found.probe["low"] < found.probe["high"] == 1.0
    assert line(pool, "pixels").probe_share is None


def test_a_set_is_added_in_the_background(pool, admin):
    feature_sets.add(pool, admin, "pca:pixels")
    assert FeatureFit.objects.get(features="pca:pixels").again
    assert line(pool, "pca:pixels").learning
    feature_sets.delete(pool, "hog")
    feature_sets.add(pool, admin, "hog")
    again = Shard.objects.get(features="hog")
    assert (again.rows_done, again.rows_wanted, again.state) == (0, N, "due")


def test_a_set_that_is_there_catches_up(pool, admin):
    Project.objects.filter(pk=pool.pk).update(next_row=N + 5)
    feature_sets.add(pool, admin, "hog")
    assert Shard.objects.get(features="hog").rows_wanted == N + 5


def test_a_set_is_deleted_with_its_files_but_never_one_in_use(pool):
    place = shards.folder(pool, Space("hog"))
    feature_sets.delete(pool, "hog")
    assert not place.exists()
    assert not Shard.objects.filter(features="hog").exists()
    with pytest.raises(feature_sets.Refused, match="in use"):
        feature_sets.delete(pool, "pixels")
    assert shards.folder(pool, Space("pixels")).exists()


def test_an_unknown_set_is_refused(pool, admin):
    with pytest.raises(feature_sets.Refused):
        feature_sets.add(pool, admin, "no such set")


def test_the_page(client, pool, admin, reviewer):
    url = f"/projects/{pool.pk}/explore/features"
    client.force_login(reviewer)
    seen = client.get(url).content.decode()
    assert "not measured" in seen
    assert 'value="delete"' not in seen
    assert client.post(f"{url}/change", {"do": "delete", "features": "hog"}).status_code == 403
    client.force_login(admin)
    assert 'value="delete"' in client.get(url).content.decode()
    client.post(f"{url}/change", {"do": "probe", "features": "hog"})
    assert Survey.objects.get().features == "hog"
    client.post(f"{url}/change", {"do": "delete", "features": "pixels"})
    assert Shard.objects.filter(features="pixels").exists()
