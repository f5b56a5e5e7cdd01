"""What the filters let through, and what the model adds."""

import csv
import io
import json

import pytest

from labeler.labeling import agreed, exporting, selection
from labeler.labeling.models import Annotation
from labeler.labeling.selection import BadSelection, Selection
from labeler.pools.models import Guess, Image
from labeler.projects.models import Label


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
