"""What the filters let through, what the model adds, what the decision log remembers."""

import csv
import io
import json
import zipfile
from uuid import uuid4

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from labeler.labeling import agreed, annotations, exporting, extent, queue, selection
from labeler.labeling.models import Annotation
from labeler.labeling.selection import BadSelection, Selection
from labeler.pools import storage
from labeler.pools.models import Guess, Image
from labeler.projects.models import Label, Project
from labeler.training import predictions
from ml import arrays
from tests.conftest import picture
from tests.evaluation.conftest import Bench


@pytest.fixture
def pool(project, people, reviewer):
    """Ten images with files: 0–3 labeled, 4 disputed, 5 settled, 6 skipped, 7–9 open; splits."""
    ann, ben = people(2)
    bench = Bench(project, ann)
    images = bench.images(10, audit=False)
    for image in images:
        storage.save_original(project, image.sha256, picture(image.row))
    for image, place in zip(images[:4], (0, 1, 1, 2), strict=True):
        bench.answer(image, place)
    bench.answer(images[4], 0)
    bench.answer(images[4], 1, user=ben)
    bench.answer(images[5], 0)
    bench.answer(images[6], skip="broken")
    bench.labels_by_name = {label.name: label.pk for label in bench.labels}
    annotations.review(
        project=project, user=reviewer, image=images[5], uuid=uuid4(),
        label_ids=[bench.labels_by_name["mildew"]],
    )  # fmt: skip
    for row, split in ((0, "train"), (1, "train"), (2, "validation"), (3, "test")):
        Image.objects.filter(project=project, row=row).update(split=split)
    Image.objects.filter(project=project, row=3).update(audit=True)
    Annotation.objects.filter(image__row=3).update(audit=True)
    bench.ben = ben
    return bench


@pytest.fixture
def model(pool):
    """A version that believes "rust" of everything, the surer the higher the row; 9 is unscored."""
    version = pool.version([], np.empty((0, 3)))
    sure = np.linspace(0.5, 0.9, 9)
    table = np.stack([(1 - sure) / 2, sure, (1 - sure) / 2], axis=1).astype(np.float16)
    arrays.write_shard(predictions.folder(version) / "0.npy", table)
    return version


def rows_of(bench, **chosen):
    found = agreed.told(bench.project, Selection(**chosen))
    return {each.picture.row: each.labels for each in found}


def test_without_filters_every_answered_image_is_there(pool):
    assert rows_of(pool) == {
        0: ("healthy",), 1: ("rust",), 2: ("rust",), 3: ("mildew",), 4: None, 5: ("mildew",),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "rows"),
    [
        ({"splits": ("train",)}, {0, 1}),
        ({"splits": ("none", "test")}, {3, 4, 5}),
        ({"audit": True}, {3}),
        ({"audit": False}, {0, 1, 2, 4, 5}),
        ({"reviewed": True}, {5}),
        ({"reviewed": False}, {0, 1, 2, 3, 4}),
    ],
)
def test_each_filter_lets_its_images_through(pool, chosen, rows):
    assert set(rows_of(pool, **chosen)) == rows


def test_a_label_is_looked_for_in_what_people_agree_on(pool):
    ids = pool.labels_by_name
    assert set(rows_of(pool, labels=(ids["rust"],))) == {1, 2}
    assert set(rows_of(pool, labels=(ids["rust"], ids["mildew"]))) == {1, 2, 3, 5}


def test_only_the_chosen_peoples_answers_count(pool):
    assert rows_of(pool, people=(pool.ben.pk,)) == {4: ("rust",)}


def test_the_model_speaks_where_nobody_did(pool, model):
    assert rows_of(pool, by="model") == {7: ("rust",), 8: ("rust",)}
    assert set(rows_of(pool, by="all")) == {0, 1, 2, 3, 4, 5, 7, 8}
    told = list(agreed.rows(pool.project, Selection(by="model")))
    assert [(each["by"], each["model_version"]) for each in told] == [(agreed.MODELS_OWN, 1)] * 2
    assert [each["confidence"] for each in told] == [pytest.approx(0.85, abs=1e-3),
                                                     pytest.approx(0.9, abs=1e-3)]  # fmt: skip
    assert not any(each["agreed"] for each in told)


def test_the_models_confidence_filters_peoples_answers_too(pool, model):
    assert set(rows_of(pool, low=0.64)) == {3, 4, 5}
    assert set(rows_of(pool, high=0.56)) == {0, 1}
    assert rows_of(pool, low=0.99) == {}


def test_without_a_model_nothing_is_sure(pool):
    assert rows_of(pool, low=0.0) == {}
    assert rows_of(pool, by="model") == {}


def test_the_models_answers_are_rows_of_the_table_marked_as_such(pool, model):
    text = "".join(exporting.csv_lines(pool.project, Selection(by="all")))
    told = list(csv.DictReader(io.StringIO(text)))
    assert [each["source"] for each in told].count("model") == 2
    assert told[-1]["annotator"] == ""
    assert float(told[-1]["confidence"]) == pytest.approx(0.9, abs=1e-3)


def test_label_studio_keeps_guesses_apart_from_answers(pool, model):
    format = exporting.FORMATS["label-studio"]
    tasks = json.loads("".join(format.lines(pool.project, Selection(by="all"))))
    by_name = {task["data"]["image"]: task for task in tasks}
    assert by_name["leaf-8.png"]["annotations"] == []
    assert by_name["leaf-8.png"]["predictions"][0]["score"] == pytest.approx(0.9, abs=1e-3)
    assert by_name["leaf-0.png"]["annotations"] != []
    assert by_name["leaf-0.png"]["predictions"][0]["model_version"] == "1"


def test_guesses_that_came_along_go_out_again(pool):
    image = Image.objects.get(project=pool.project, row=0)
    Guess.objects.create(image=image, label=pool.labels[1], p=0.25, version="v3")
    tasks = json.loads("".join(exporting.FORMATS["label-studio"].lines(pool.project)))
    (guess,) = tasks[0]["predictions"]
    assert (guess["model_version"], guess["score"]) == ("v3", 0.25)


def test_an_imported_label_of_an_audit_image_is_not_lost(pool):
    Annotation.objects.filter(image__row=3).update(audit=False, source="import")
    assert rows_of(pool)[3] == ("mildew",)
    pool.answer(Image.objects.get(project=pool.project, row=3), 0, user=pool.ben)
    assert rows_of(pool)[3] == ("healthy",), "the blind answer counts from then on"


def test_addresses_go_where_formats_name_them(pool):
    Image.objects.filter(row=0).update(address="gs://bucket/leaf-0.png")
    Image.objects.filter(row=1).update(address="/srv/leaf-1.png")
    text = "".join(exporting.FORMATS["automl"].lines(pool.project))
    assert "TRAIN,gs://bucket/leaf-0.png,healthy" in text
    assert "TRAIN,leaf-1.png,rust" in text


def test_a_merged_label_goes_by_the_name_it_has_now(pool):
    """Also before the answers that name it are written anew."""
    rust, mildew = (Label.objects.get(name=name) for name in ("rust", "mildew"))
    rust.merged_into, rust.retired = mildew, True
    rust.save()
    assert rows_of(pool)[1] == ("mildew",)
    assert "rust" not in "".join(exporting.csv_lines(pool.project))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"labels": ["9999999"]}, "labels"),
        ({"labels": ["x"]}, "labels"),
        ({"splits": ["train,val"]}, "splits"),
        ({"people": ["99999999999999999999999"]}, "people"),
        ({"reviewed": ["perhaps"]}, "reviewed"),
        ({"answers": ["mine"]}, "answers"),
        ({"confidence_from": ["nan"]}, "confidence_from"),
        ({"confidence_from": ["0.9"], "confidence_to": ["0.1"]}, "confidence"),
    ],
)
def test_a_filter_that_cannot_be_is_explained(pool, given, field):
    with pytest.raises(BadSelection) as refused:
        selection.parsed(pool.project, given)
    assert refused.value.field == field


def test_what_is_parsed_can_be_written_down_again(pool):
    ids = ",".join(str(label.pk) for label in pool.labels)
    told = f"labels={ids}&splits=train,none&audit=no&answers=all&confidence_from=0.5"
    given = {k: [v] for k, v in (pair.split("=") for pair in told.split("&"))}
    assert selection.parsed(pool.project, given).query() == told


# The decision log ---------------------------------------------------------------------------


@pytest.fixture
def decided(ranked, annotator, reviewer, answer):
    """An answer, one that is undone, and one that a reviewer mends."""
    Project.objects.filter(pk=ranked.pk).update(audit_share=0)
    ranked.audit_share = 0
    items = queue.claim(project=ranked, user=annotator, count=3)
    answer(annotator, items[0], "rust", elapsed_ms=640)
    undone = answer(annotator, items[1], "mildew")
    annotations.undo(project=ranked, user=annotator, uuid=undone.annotation.uuid)
    mended = answer(annotator, items[2], "rust")
    label = Label.objects.get(project=ranked, name="healthy")
    annotations.review(
        project=ranked, user=reviewer, image=mended.annotation.image, uuid=uuid4(),
        label_ids=[label.pk],
    )  # fmt: skip
    return ranked


def test_the_log_holds_the_whole_history(decided):
    text = b"".join(exporting.FORMATS["decisions.csv"].pieces(decided)).decode()
    told = list(csv.DictReader(io.StringIO(text)))
    assert [(r["person"], r["kind"], r["labels"], r["current"]) for r in told] == [
        ("annotator", "labels", "rust", "yes"),
        ("annotator", "labels", "mildew", "no"),
        ("annotator", "undo", "", "no"),
        ("annotator", "labels", "rust", "no"),
        ("reviewer", "labels", "healthy", "yes"),
    ]
    first, _, undo, *_ = told
    assert (first["strategy"], first["score"], first["rank"]) == ("margin", "0.9", "0")
    assert (first["model_version"], first["elapsed_ms"]) == ("3", "640")
    assert (first["suggestion_shown"], first["suggestion"]) == ("yes", "rust")
    assert first["suggestion_confidence"] == "0.5"
    assert undo["supersedes"] == told[1]["answer"]
    assert len(first["sha256"]) == 64


def test_the_log_as_parquet_holds_the_same_with_types(decided):
    data = b"".join(exporting.FORMATS["decisions.parquet"].pieces(decided))
    table = pq.read_table(io.BytesIO(data)).to_pylist()
    assert [row["labels"] for row in table] == [["rust"], ["mildew"], [], ["rust"], ["healthy"]]
    assert table[0]["suggestion_shown"] is True
    assert table[0]["elapsed_ms"] == 640
    assert table[0]["answered_at"].tzinfo is not None


def test_the_log_of_one_person(decided, reviewer):
    data = exporting.FORMATS["decisions.csv"].pieces(decided, Selection(people=(reviewer.pk,)))
    assert len(b"".join(data).splitlines()) == 2


# With images --------------------------------------------------------------------------------


def opened(bench, key, **chosen):
    pieces = exporting.FORMATS[key].pieces(bench.project, Selection(**chosen), images=True)
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def test_a_tree_has_a_folder_per_split_and_label(pool):
    Label.objects.filter(pk=pool.labels_by_name["rust"]).update(name="a/b")
    with opened(pool, "imagefolder") as found:
        assert found.testzip() is None
        assert sorted(found.namelist()) == [
            "labels.jsonl", "test/mildew/leaf-3-3.png", "train/a%2Fb/leaf-1-1.png",
            "train/healthy/leaf-0-0.png", "unassigned/mildew/leaf-5-5.png",
            "val/a%2Fb/leaf-2-2.png",
        ]  # fmt: skip
        assert found.read("train/healthy/leaf-0-0.png") == picture(0)
        told = [json.loads(line) for line in found.read("labels.jsonl").splitlines()]
    assert {(t["name"], t["label"], t["by"]) for t in told} >= {("leaf-1.png", "a/b", "people")}


def test_guesses_that_a_tool_cannot_mark_are_marked_beside_it(pool, model):
    with opened(pool, "coco", by="all") as found:
        told = [json.loads(line) for line in found.read("labels.jsonl").splitlines()]
    assert [t["by"] for t in told].count(agreed.MODELS_OWN) == 2
    with opened(pool, "label-studio", by="all") as found:
        assert "labels.jsonl" not in found.namelist()


def test_yolo_has_train_even_without_splits(pool):
    with opened(pool, "yolo", splits=("none",)) as found:
        assert found.namelist() == ["train/mildew/leaf-5-5.png", "labels.jsonl"]


@pytest.mark.parametrize("key", [f.key for f in exporting.FORMATS.values() if f.images == "may"])
def test_every_archive_holds_pictures_and_labels_that_fit(pool, key):
    if key == "parquet":
        pieces = exporting.FORMATS[key].pieces(pool.project, images=True)
        table = pq.read_table(io.BytesIO(b"".join(pieces))).to_pylist()
        assert [row["image"]["bytes"] for row in table] == [picture(n) for n in (0, 1, 2, 3, 5)]
        assert [row["label"] for row in table] == [0, 1, 1, 2, 2]
        return
    with opened(pool, key) as found:
        assert found.testzip() is None
        names = found.namelist()
        pictures = [name for name in names if name.endswith(".png")]
        assert len(pictures) == len(set(pictures)) == 5
        assert all(not name.startswith(("/", ".")) and ".." not in name for name in names)
        text = b"".join(found.read(name) for name in names if not name.endswith(".png")).decode()
        for path in pictures:
            assert path.rpartition("/")[2].removesuffix(".png") in text


def test_a_picture_that_cannot_be_read_is_named_and_left_out(pool):
    image = Image.objects.get(project=pool.project, row=1)
    storage.default_storage.delete(storage.name_of(pool.project.pk, image.sha256))
    with opened(pool, "coco") as found:
        assert "images/leaf-1-1.png" not in found.namelist()
        assert "leaf-1.png" in found.read("missing.txt").decode()
        told = json.loads(found.read("annotations.json"))
    assert len(told["images"]) == 4


def test_a_reader_who_hangs_up_leaves_nothing_open(pool):
    pieces = exporting.FORMATS["coco"].pieces(pool.project, images=True)
    next(pieces)
    pieces.close()


# The page -----------------------------------------------------------------------------------


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


# The command --------------------------------------------------------------------------------


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
