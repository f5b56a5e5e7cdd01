"""Exports of accepted labels: marked as the model's, and the pool as sorted folders."""

import io
import json
import zipfile

import pytest

from labeler.labeling import accepted, agreed, exporting, extent, selection, tables
from labeler.labeling.accepted import Given
from labeler.labeling.models import Acceptance
from labeler.labeling.selection import Selection
from tests.conftest import picture


@pytest.fixture
def pool(project, images, owner, labels):
    """Rows 2 and 3 are accepted as rust, row 4 as healthy; the rest is open."""
    acceptance = Acceptance.objects.create(
        project=project, number=1, version=3, upper_bound=0.04, created_by=owner
    )
    names = {2: "rust", 3: "rust", 4: "healthy"}
    accepted.give(
        acceptance,
        [Given(images[row].pk, [labels[name]], 0.97) for row, name in names.items()],
    )
    return acceptance


def test_accepted_labels_come_with_a_source_of_their_own(project, pool, images):
    rows = list(tables.rows(project, Selection(by=selection.ACCEPTED)))
    assert [(row["image"], row["labels"]) for row in rows] == [
        (images[2].pk, ["rust"]), (images[3].pk, ["rust"]), (images[4].pk, ["healthy"]),
    ]  # fmt: skip
    assert {row["source"] for row in rows} == {"accepted"}
    assert {(row["confidence"], row["model_version"]) for row in rows} == {(0.97, 3)}
    told = list(agreed.rows(project, Selection(by=selection.ACCEPTED)))
    assert {row["by"] for row in told} == {"accepted from the model"}
    assert not any(row["agreed"] for row in told)


def test_people_alone_are_the_default(project, pool):
    assert list(agreed.rows(project)) == []


def test_its_size_is_told_before(project, pool):
    held = extent.of(
        project, Selection(by=selection.ACCEPTED), exporting.FORMATS["csv"], images=False
    )
    assert held.entries == 3


def test_sorted_folders(project, pool, images, monkeypatch):
    bytes_of = {image.pk: picture(image.row) for image in images}
    monkeypatch.setattr(
        "labeler.pools.storage.open_original", lambda image: io.BytesIO(bytes_of[image.pk])
    )
    pieces = exporting.FORMATS["sorted"].pieces(project, images=True)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    folders = [name.rpartition("/")[0] for name in archive.namelist()]
    assert folders.count("accepted/rust") == 2
    assert folders.count("accepted/healthy") == 1
    assert folders.count("unknown") == 5, "no audit image is sorted"
    lines = [json.loads(line) for line in archive.read("labels.jsonl").splitlines()]
    assert {line["sorted"] for line in lines} == {"accepted", "unknown"}
    assert archive.testzip() is None
    held = extent.of(project, Selection(), exporting.FORMATS["sorted"], images=True)
    assert held.entries == 8
