"""The ways to an export: the page, the API and the command."""

import io
import json
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from labeler.labeling import exporting, extent
from labeler.labeling.selection import Selection


def test_the_page_counts_before_it_sends(client, pool, reviewer):
    client.force_login(reviewer)
    url = reverse("export", args=[pool.project.pk])
    body = {"format": "coco", "images": "1", "splits": ["train", "none"], "do": "count"}
    text = client.post(url, body).content.decode()
    assert "3 images" in text
    assert "format=coco&amp;splits=train,none&amp;images=1" in text


def test_the_page_sends_what_was_chosen(client, pool, reviewer):
    client.force_login(reviewer)
    url = reverse("export", args=[pool.project.pk])
    response = client.post(url, {"format": "coco", "images": "1", "splits": "train"})
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"].endswith('-coco.zip"')
    found = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert len(found.namelist()) == 3


def test_the_page_says_what_is_wrong_with_a_filter(client, pool, reviewer):
    client.force_login(reviewer)
    url = reverse("export", args=[pool.project.pk])
    response = client.post(url, {"format": "csv", "confidence_from": "2"})
    assert response.status_code == 422
    assert "A confidence is a number from 0 to 1" in response.content.decode()
    assert client.post(url, {"format": "csv", "do": "count", "audit": "x"}).status_code == 200


def test_the_api_takes_the_filters_and_tells_the_size(client, pool, reviewer):
    client.force_login(reviewer)
    where = f"/api/v1/projects/{pool.project.pk}/export"
    told = client.get(f"{where}/size?format=coco&images=1&splits=train").json()
    assert (told["entries"], told["images"], told["exact"]) == (2, 2, True)
    lines = b"".join(client.get(f"{where}?splits=train").streaming_content).splitlines()
    assert len(lines) == 3
    for query in ("format=csv&images=1", "format=yolo&images=0", "labels=999999", "splits=x"):
        assert client.get(f"{where}?{query}").status_code == 422, query


def test_the_count_is_what_comes(pool, model):
    for chosen in (Selection(), Selection(by="all"), Selection(audit=False, low=0.6)):
        for format in exporting.FORMATS.values():
            if format.write is None:
                continue
            found = extent.of(pool.project, chosen, format, images=False)
            if format.key in ("csv", "jsonl", "images.jsonl", "huggingface", "doccano"):
                sent = b"".join(format.pieces(pool.project, chosen)).splitlines()
                assert found.entries == len(sent) - (format.key == "csv"), (format.key, chosen)


def test_the_command_takes_the_filters_by_name(pool, tmp_path, capsys):
    path = tmp_path / "out.zip"
    call_command(
        "export", str(pool.project.pk), "--format", "coco", "--images", "--to", str(path),
        "--label", "rust", "--split", "train", "--person", "person0", "--json",
    )  # fmt: skip
    assert json.loads(capsys.readouterr().out)["entries"] == 1
    with zipfile.ZipFile(path) as found:
        assert found.namelist() == ["images/leaf-1-1.png", "annotations.json"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--label", "moss"], "There is no label 'moss'. Known: healthy, rust, mildew."),
        (["--person", "nobody"], "There is no person who answered here 'nobody'"),
        (["--confidence-from", "2"], "A confidence is a number from 0 to 1"),
        (["--images"], "CSV comes without images"),
    ],
)
def test_the_command_explains_what_cannot_be(pool, tmp_path, flags, words):
    path = tmp_path / "out.csv"
    with pytest.raises(CommandError, match=words):
        call_command("export", str(pool.project.pk), "--to", str(path), *flags)
    assert not path.exists()
