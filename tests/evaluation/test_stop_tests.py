"""Stop tests: declared, looked at by the plan alone, ended, withdrawn; both kinds of project."""

import pytest

from labeler.evaluation import scored, stop_tests
from labeler.evaluation.models import StopTest
from labeler.evaluation.scored import Thresholds
from labeler.projects.models import Project
from labeler.training.signals import round_finished
from ml import stopping
from tests.evaluation.conftest import Bench, proba_of
from tests.evaluation.pages import page, post, text_of

HEALTHY, RUST, MILDEW = 0, 1, 2
TRUTH = [HEALTHY] * 100 + [RUST] * 60 + [MILDEW] * 40
PLAN = {"measure": "macro_f1", "label": None, "target": 0.9, "confidence": 0.95,
        "looks": 3, "every": 50}  # fmt: skip


def declared(bench, **fields):
    return stop_tests.declare(bench.project, bench.user, **{**PLAN, **fields})


def after(bench, images, n_labels, wrong=0):
    """A round that leaves a version of so many labels, wrong about so many images."""
    said = [(each + 1) % 3 if i < wrong else each for i, each in enumerate(TRUTH)]
    version = bench.version(images, proba_of(said, 3), n_labels=n_labels)
    round_finished.send(
        sender=None, project_id=bench.project.pk, round_id=version.round_id, version=version.number
    )
    return version


def test_looks_come_when_their_labels_are_there_and_not_before(bench):
    images = bench.audit(TRUTH)
    after(bench, images, 100)
    test = declared(bench)
    assert stop_tests.next_look(test) == 150
    for n_labels, looks in ((120, 0), (149, 0), (155, 1), (170, 1), (201, 2)):
        after(bench, images, n_labels, wrong=60)
        test.refresh_from_db()
        assert len(test.made) == looks, n_labels
    assert [look["n_labels"] for look in test.made] == [155, 201]
    assert test.ended == ""


def test_a_look_that_shows_the_target_ends_it(bench):
    images = bench.audit(TRUTH)
    test = declared(bench)
    after(bench, images, 60, wrong=60)
    after(bench, images, 100, wrong=2)
    test.refresh_from_db()
    assert [look["passed"] for look in test.made] == [False, True]
    assert test.ended == "reached"
    after(bench, images, 150)
    test.refresh_from_db()
    assert len(test.made) == 2


def test_the_last_look_ends_it_too(bench):
    images = bench.audit(TRUTH)
    test = declared(bench, looks=2)
    for n_labels in (50, 100, 150):
        after(bench, images, n_labels, wrong=60)
    test.refresh_from_db()
    assert (len(test.made), test.ended) == (2, "used_up")


def test_the_same_round_run_twice_looks_once(bench):
    images = bench.audit(TRUTH)
    test = declared(bench)
    version = after(bench, images, 120, wrong=60)  # two looks would be due
    stop_tests.consider(bench.project, version)
    test.refresh_from_db()
    assert len(test.made) == 1


def test_too_few_audit_labels_wait(bench):
    images = bench.audit(TRUTH[:40])
    test = declared(bench)
    bench.version(images, proba_of(TRUTH[:40], 3), n_labels=60)
    assert stop_tests.consider(bench.project, bench.project.model_versions.get()) is None
    test.refresh_from_db()
    assert test.made == []


@pytest.mark.parametrize(("measure", "hits", "among"), [("precision", 94, 94), ("recall", 94, 100)])
def test_the_bound_of_one_label_is_exact(bench, measure, hits, among):
    images = bench.audit(TRUTH)
    version = bench.version(
        images, proba_of([HEALTHY] * 94 + [RUST] * 6 + TRUTH[100:], 3), n_labels=60
    )
    test = declared(bench, measure=measure, label=bench.labels[HEALTHY])
    compared = scored.of(bench.project, version)
    found = stop_tests.lower_bound(test, compared, Thresholds.of_version(bench.project, version))
    assert found == pytest.approx(stopping.share_low(hits, among, 1 - 0.05 / 3))


def test_several_labels_per_image(multi_bench: Bench):
    images = multi_bench.audit([(HEALTHY, RUST)] * 60 + [()] * 60)
    proba = [[0.9, 0.9, 0.1]] * 60 + [[0.1, 0.1, 0.1]] * 60
    test = stop_tests.declare(multi_bench.project, multi_bench.user, **PLAN)
    version = multi_bench.version(images, proba, n_labels=60)
    stop_tests.consider(multi_bench.project, version)
    test.refresh_from_db()
    assert test.ended == "reached"
    assert 0.9 < test.made[0]["low"] < 1


def test_one_test_at_a_time(bench, annotator):
    declared(bench)
    with pytest.raises(stop_tests.NotDeclared):
        declared(bench)
    assert stop_tests.withdraw(bench.project)
    assert not stop_tests.withdraw(bench.project)
    declared(bench)
    assert stop_tests.declared_before(bench.project) == 2


# The page ---------------------------------------------------------------------------------

FORM = {"measure": "macro_f1", "label": "", "target": "85", "confidence": "0.95",
        "looks": "5", "every": "100"}  # fmt: skip


def test_a_test_is_declared_and_withdrawn_on_the_page(bench, client, reviewer):
    post(client, reviewer, "stop_test", bench.project, **FORM)
    test = StopTest.objects.get()
    assert (test.target, test.confidence, test.looks, test.every) == (0.85, 0.95, 5, 100)
    words = text_of(page(client, reviewer, "learning", bench.project))
    assert "Macro F1 of at least 85.0 % , with 95 % confidence." in words
    assert "0 of 5 looks made, the next at 100 labels" in words
    assert "Declare" not in words.replace("Declared", "")

    post(client, reviewer, "stop_test_withdraw", bench.project)
    words = text_of(page(client, reviewer, "learning", bench.project))
    assert "withdrawn" in words
    assert "Declare another" in words


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"target": "0.85"}, "Type a target in percent, from 1 to 99.9."),
        ({"target": "x"}, "Type a target in percent, from 1 to 99.9."),
        ({"looks": "11"}, "Plan 1 to 10 looks"),
        ({"every": "5"}, "at least 10"),
        ({"measure": "recall"}, "Say of which label."),
    ],
)
def test_what_cannot_be_declared_is_told_at_its_field(bench, client, reviewer, wrong, words):
    answer = post(client, reviewer, "stop_test", bench.project, **{**FORM, **wrong})
    assert words in text_of(answer)
    assert "Nothing was declared." in text_of(answer)
    assert not StopTest.objects.exists()


def test_a_label_of_another_project_is_refused(bench, client, reviewer, owner):
    other = Project.objects.create(name="Other", audit_seed=1, created_by=owner)
    foreign = other.labels.create(name="elsewhere", place=0)
    wrong = {**FORM, "measure": "recall", "label": str(foreign.pk)}
    post(client, reviewer, "stop_test", bench.project, **wrong)
    assert not StopTest.objects.exists()


def test_the_advice_says_when_a_test_was_reached(bench, client, reviewer):
    images = bench.audit(TRUTH)
    declared(bench)
    after(bench, images, 60, wrong=2)
    for name in ("learning", "dashboard"):
        words = text_of(page(client, reviewer, name, bench.project))
        assert "You can stop: your stop test reached its target." in words
