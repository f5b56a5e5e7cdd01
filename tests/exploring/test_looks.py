"""A survey finds the pictures that stand out; each kind is a filter."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageFilter

from labeler.exploring import columns, counts, filters, looks, sieve, surveys
from labeler.exploring.models import Survey
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.work import leases
from ml import looks as pixels

pytestmark = pytest.mark.django_db


def drawn(seed, size=(96, 72)):
    table = np.random.default_rng(seed).integers(60, 200, (size[1], size[0], 3), dtype=np.uint8)
    return Picture.fromarray(table)


@pytest.fixture
def pool(project):
    """Thirty plain pictures, then a black one, a white one, a blurred, a tiny and a long one."""
    pictures = [drawn(seed) for seed in range(30)]
    pictures += [Picture.new("RGB", (96, 72), "black"), Picture.new("RGB", (96, 72), "white")]
    pictures += [drawn(40).filter(ImageFilter.GaussianBlur(6)), drawn(41, (12, 9))]
    pictures += [drawn(42, (300, 72))]
    for row, picture in enumerate(pictures):
        out = BytesIO()
        picture.save(out, "PNG")
        storage.save_original(project, f"{row:064x}", out.getvalue())
        Image.objects.create(
            project=project, row=row, sha256=f"{row:064x}", name=f"{row}.png", format="PNG",
            width=picture.width, height=picture.height, bytes=len(out.getvalue()), key=row / 100,
        )  # fmt: skip
    Project.objects.filter(pk=project.pk).update(next_row=len(pictures))
    project.refresh_from_db()
    columns.forget()
    sieve.forget()
    return project


def surveyed(project, user):
    row = surveys.ask(project, user, Survey.Kind.LOOKS, None, {})
    surveys.run(leases.claim(Survey, row.pk))
    return Survey.objects.get(pk=row.pk)


def rows(project, kind):
    return sieve.found(project, filters.parsed({"odd": [kind]})).rows.tolist()


def test_each_kind_is_a_filter(pool, reviewer):
    assert rows(pool, "dark") == []
    row = surveyed(pool, reviewer)
    assert row.state == "done"
    assert rows(pool, "dark") == [30]
    assert rows(pool, "bright") == [31]
    assert 32 in rows(pool, "blurred")
    assert rows(pool, "tiny") == [33]
    assert rows(pool, "long") == [34]
    assert rows(pool, "far") == []  # nothing is embedded
    assert counts.of(pool)["odd"]["tiny"] == 1


def test_the_page_asks_for_it(client, pool, reviewer):
    client.force_login(reviewer)
    base = f"/projects/{pool.pk}/explore"
    assert "Look at all pictures" in client.get(base).content.decode()
    client.post(f"{base}/looks")
    assert Survey.objects.get().state == "due"
    assert client.get(f"{base}/looks/live").status_code == 200


def test_an_upright_picture_among_lying_ones_is_nothing_odd():
    sides = np.array([[400, 300]] * 30 + [[300, 400], [1200, 300]], dtype=np.float32)
    rest = np.ones(len(sides), dtype=np.float32)
    measure = looks._measures(rest, rest, sides, rest)["long"]
    odd = pixels.below(measure, pixels.low_fence(measure, looks.SPREAD["long"]))
    assert np.flatnonzero(odd).tolist() == [31]
