"""A round learns from the part that the project chose: no more, and weighed as wished."""

import datetime
from datetime import date

import numpy as np
import pytest

from labeler.labeling.models import Annotation
from labeler.pools.models import Image, Import
from labeler.projects.creation import SettingsRefused
from labeler.projects.models import Label, Project
from labeler.training import fitting, memory, part, part_wish, part_words, versions
from labeler.training.models import ModelVersion, Round
from labeler.training.part import EVERYTHING, Part
from labeler.training.spaces import Space
from tests.training.invented import FEATURES, answer, run_round

TAUGHT = [row for row in range(45) if row % 10 != 9]


@pytest.fixture(params=["single", "multi"])
def taught(pool, request):
    """True answers to forty images, in a project of either kind."""
    Project.objects.filter(pk=pool.pk).update(kind=request.param)
    pool.refresh_from_db()
    answer(pool, TAUGHT)
    return pool


def learned(project, **wish):
    """The rows of the lesson under a part."""
    part_wish.store(project, wish, None)
    return lesson(project).rows.tolist()


def lesson(project):
    return fitting.lesson(project, memory.pool(project, Space(FEATURES)))


def of_rows(project, rows):
    return Annotation.objects.filter(project=project, image__row__in=list(rows))


def test_everything_is_the_start(taught):
    assert part.of(taught) == EVERYTHING and not EVERYTHING
    assert learned(taught) == TAUGHT
    assert lesson(taught).weights is None


def test_only_some_splits(taught):
    Image.objects.filter(project=taught, row__lt=10).update(split="train")
    Image.objects.filter(project=taught, row__in=(10, 11)).update(split="validation")
    Image.objects.filter(project=taught, row__in=(12, 13)).update(split="test")
    assert learned(taught, splits=["train"]) == list(range(9))
    assert learned(taught, splits=["train", "validation"]) == [*range(9), 10, 11]
    assert learned(taught, splits=["none"]) == [row for row in TAUGHT if row > 13]


def test_only_some_imports(taught):
    made = Import.objects.create(
        project=taught, number=4, source="upload", created_by=taught.created_by
    )
    Image.objects.filter(project=taught, row__in=(3, 4, 9)).update(came_with=made)
    assert learned(taught, imports=[4]) == [3, 4]  # 9 is an audit image


def test_only_some_people(taught, annotator):
    of_rows(taught, range(5)).update(user=annotator)
    assert learned(taught, people=[annotator.pk]) == list(range(5))
    assert learned(taught, people=[annotator.username.upper()]) == list(range(5))


def test_only_some_sources_or_reviewed(taught):
    of_rows(taught, range(5)).update(source="grid")
    of_rows(taught, (5, 6)).update(source="review")
    assert learned(taught, sources=["grid", "review"]) == list(range(7))
    assert learned(taught, reviewed=True) == [5, 6]


def test_only_some_days(taught):
    noon = datetime.time(12, tzinfo=datetime.UTC)
    for row, day in ((0, 1), (1, 2), (2, 3)):
        then = datetime.datetime.combine(date(2026, 1, day), noon)
        of_rows(taught, [row]).update(created_at=then)
    assert learned(taught, since="2026-01-02", until="2026-01-03") == [1, 2]
    assert learned(taught, until="2026-01-02") == [0, 1]


def test_a_label_is_left_out(taught):
    first, second, third = Label.objects.filter(project=taught).order_by("place")
    rows = learned(taught, without=[third.name.upper()])
    found = lesson(taught)
    assert found.label_ids == [first.pk, second.pk]
    if taught.is_multi:  # that it shows none of the others is an answer, too
        assert rows == TAUGHT
        assert not found.y[np.array(TAUGHT) % 3 == 2].any()
    else:
        assert rows == [row for row in TAUGHT if row % 3 != 2]


def test_labels_weigh_as_wished(taught):
    first = Label.objects.filter(project=taught).order_by("place")[0]
    learned(taught, weights={first.name: 4})
    weights, is_first = lesson(taught).weights, np.array(TAUGHT) % 3 == 0
    assert weights.mean() == pytest.approx(1)
    np.testing.assert_allclose(weights[is_first], 4 * weights[~is_first][0], rtol=1e-5)


def test_rare_labels_weigh_as_much_as_frequent_ones(taught):
    of_rows(taught, [row for row in TAUGHT if row % 3 == 0 and row > 5]).delete()
    learned(taught, weights="balanced")
    found = lesson(taught)
    total = [found.weights[found.rows % 3 == at].sum() for at in range(3)]
    np.testing.assert_allclose(total, total[0], rtol=1e-4)


@pytest.mark.parametrize("head", ["logistic", "nearest_mean", "linear_svm", "ensemble"])
def test_the_weights_reach_the_head(taught, head):
    Project.objects.filter(pk=taught.pk).update(head=head)
    taught.refresh_from_db()
    run_round(taught)
    first = Label.objects.filter(project=taught).order_by("place")[0]
    part_wish.store(taught, {"weights": {first.pk: 200}}, None)
    run_round(taught)
    plain, heavy = (
        fitting.model_files.load(v) for v in ModelVersion.objects.order_by("number")
    )  # fmt: skip
    x = memory.pool(taught, Space(FEATURES)).vectors(np.array([45, 46, 47, 50, 52]))
    assert (heavy.predict_proba(x)[:, 0] > plain.predict_proba(x)[:, 0]).sum() >= 4


def test_a_version_remembers_its_part_and_a_change_starts_a_round(taught):
    run_round(taught)
    assert versions.newest(taught).part == {}
    assert part_wish.store(taught, {"people": [taught.created_by.pk]}, None)
    assert Round.objects.filter(project=taught, state="due", reason="asked").exists()
    assert run_round(taught).state == "done"
    newest = versions.newest(taught)
    assert (newest.number, newest.part) == (2, {"people": [taught.created_by.pk]})
    assert newest.cross_validated["n"] == len(TAUGHT)  # measured anew
    assert not part_wish.store(taught, {"people": [taught.created_by.username]}, None)
    assert not Round.objects.filter(project=taught, state="due").exists()


def test_a_part_without_answers_says_so(taught, annotator):
    run_round(taught)
    part_wish.store(taught, {"people": [annotator.pk]}, None)
    failed = run_round(taught)
    assert failed.state == "failed"
    assert "Train on a part" in failed.error
    assert versions.serving(taught).number == 1


@pytest.mark.parametrize(
    ("wish", "field", "words"),
    [
        ([], "training_part", "Send an object"),
        ({"colour": 1}, "colour", "no field of this name"),
        ({"splits": ["test"]}, "splits", "held out"),
        ({"splits": "train"}, "splits", "Send a list"),
        ({"splits": [["train"]]}, "splits", "Choose among none, train, validation"),
        ({"imports": [99]}, "imports", "has no 99"),
        ({"imports": [True, -1]}, "imports", "list of numbers"),
        ({"people": ["nobody"]}, "people", "has no nobody"),
        ({"people": [{}]}, "people", "has no {}"),
        ({"sources": ["dream"]}, "sources", "Choose among queue"),
        ({"since": "yesterday"}, "since", "2026-01-31"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "until", "Turn them round"),
        ({"reviewed": "yes"}, "reviewed", "true or false"),
        ({"without": ["nothing"]}, "without", "has no nothing"),
        ({"weights": "heavy"}, "weights", "Send balanced"),
        ({"weights": {"healthy": 0}}, "weights", "above 0"),
        ({"weights": {"healthy": float("nan")}}, "weights", "above 0"),
        ({"weights": {"healthy": True}}, "weights", "above 0"),
    ],
)
def test_what_cannot_be_is_refused(pool, wish, field, words):
    with pytest.raises(SettingsRefused) as refused:
        part_wish.parse(pool, wish)
    assert words in refused.value.problems[field]


def test_labels_must_be_left_to_tell_apart(pool):
    names = [label.name for label in pool.labels.all()]
    with pytest.raises(SettingsRefused, match="Too few labels"):
        part_wish.parse(pool, {"without": names[:2]})
    pool.kind = "multi"
    assert part_wish.parse(pool, {"without": names[:2]}).without
    with pytest.raises(SettingsRefused, match="Too few labels"):
        part_wish.parse(pool, {"without": names})


def test_a_part_survives_its_way_into_the_database(pool, annotator):
    labels = [label.pk for label in pool.labels.order_by("place")]
    whole = Part(
        splits=("train",), people=(annotator.pk,), sources=("grid",), since=date(2026, 1, 2),
        until=date(2026, 1, 3), reviewed=True, without=(labels[0],), weights={labels[1]: 2.5},
    )  # fmt: skip
    Project.objects.filter(pk=pool.pk).update(training_part=whole.as_dict())
    pool.refresh_from_db()
    assert part.of(pool) == whole


def test_a_part_is_told_in_words(pool, annotator):
    labels = list(pool.labels.order_by("place"))
    kept = Part(
        splits=("train",), people=(annotator.pk,), until=date(2026, 1, 3),
        without=(labels[0].pk,), weights={labels[1].pk: 2.5},
    ).as_dict()  # fmt: skip
    told = part_words.words(kept, part_words.Names.of(pool, [kept, {}]))
    assert told == [
        "only training split", f"only answers by {annotator}", "answers until 2026-01-03",
        f"without {labels[0].name}", f"weighed: {labels[1].name} × 2.5",
    ]  # fmt: skip
    assert part_words.words({}, part_words.Names({}, {})) == []
