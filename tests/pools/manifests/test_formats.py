"""Every format in, through a whole import: labels, splits and guesses reach their pictures."""

import pytest

from labeler.pools.models import Guess, Image
from tests.pools.conftest import bring, refusals
from tests.pools.manifests.conftest import adds_up, let_go, look, told_of
from tests.pools.manifests.deliveries import DELIVERIES

SHOWN = {"xlsx": "table", "vertex-csv": "automl"}  # the same to the reader


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_delivery_is_shown_before_anything_is_stored(project, admin, name):
    files, told = DELIVERIES[name]()
    imp = look(project, admin, files)
    plan = imp.plan
    assert plan["format"] in (name, SHOWN.get(name)), plan
    assert (plan["error"], plan["missing"], plan["bad_rows"], plan["unlisted"]) == ("", 0, 0, 0)
    assert plan["files"] == len(told)
    assert plan["answers"] == sum(labels is not None for labels, _ in told.values())
    assert plan["splits"] == {
        split: sum(each == split for _, each in told.values())
        for split in ("train", "validation", "test")
    }
    assert {each["how"] for each in plan["labels"]} <= {"known"}
    assert not Image.objects.exists()
    assert told_of(project) == {}


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_delivery_comes_in_whole(project, admin, name):
    files, told = DELIVERIES[name]()
    imp = let_go(look(project, admin, files))
    assert not refusals(imp)
    assert adds_up(imp)
    assert told_of(project) == told
    assert imp.labels_added == sum(len(labels or ()) for labels, _ in told.values())
    assert project.labels.count() == 3


@pytest.mark.parametrize("name", [name for name in DELIVERIES if name != "tree"])
def test_nobody_needs_to_look(project, admin, name):
    files, told = DELIVERIES[name]()
    assert adds_up(bring(project, admin, files))
    assert told_of(project) == told


def test_folders_stay_names_where_nobody_asked_and_nobody_looks(project, admin):
    files, told = DELIVERIES["tree"]()
    assert adds_up(bring(project, admin, files))
    assert told_of(project) == dict.fromkeys(told, (None, ""))
    assert project.labels.count() == 3


@pytest.mark.parametrize("name", ["label-studio", "sagemaker"])
def test_what_a_model_believed_comes_along_as_a_guess(project, admin, name):
    files, _ = DELIVERIES[name]()
    imp = bring(project, admin, files)
    guess = Guess.objects.get()
    assert (guess.image.name[-5:], guess.label.name) == ("1.png", "mildew")
    assert guess.p == pytest.approx(0.83 if name == "label-studio" else 0.7)
    assert guess.version == ("resnet-7" if name == "label-studio" else "")
    assert imp.plan["guesses"] == 1


def test_splits_and_guesses_can_be_left_behind(project, admin):
    files, _ = DELIVERIES["label-studio"]()
    bring(project, admin, files, options={"guesses": False})
    files, _ = DELIVERIES["automl"]()
    imp = bring(project, admin, [(f"x/{name}", data) for name, data in files],
                options={"splits": False})  # fmt: skip
    assert not Guess.objects.exists()
    assert not Image.objects.exclude(split="").exists()
    assert sum(imp.plan["splits"].values()) == 0


def test_an_address_is_kept_with_the_picture_that_was_sent(project, admin):
    files, _ = DELIVERIES["automl"]()
    bring(project, admin, files)
    assert Image.objects.get(name="0.png").address == "gs://leaves/2024/0.png"
