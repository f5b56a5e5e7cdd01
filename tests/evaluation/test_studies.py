"""What workers find out for the Learning page: random draws, and strategies on one's own labels."""

import numpy as np
import pytest

from labeler.evaluation import comparing_strategies, drawn, replaying, strategy_table, studies
from labeler.evaluation.models import Study
from labeler.projects.models import Project
from labeler.training import memory
from tests.evaluation.pages import page, text_of
from tests.training.invented import answer, fill, work_on


@pytest.fixture(autouse=True)
def _fresh_memory():
    memory._pools.clear()


@pytest.fixture
def answered(project):
    """600 embedded images, 60 of them audit and answered, 90 others too."""
    fill(project, 600)
    answer(project, [row for row in range(600) if row % 10 == 9])
    answer(project, [row for row in range(100) if row % 10 != 9])
    return project


def several(project):
    """The same answers in a project of several labels per image."""
    Project.objects.filter(pk=project.pk).update(kind="multi")
    project.refresh_from_db()
    return project


def asked(project, kind, **options):
    study = studies.ask(project, None, kind, **options)
    work_on(studies.KIND)
    study.refresh_from_db()
    assert study.state == "done", study.error
    return study


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_random_draws_are_replayed_on_the_audit_sample_alone(answered, kind):
    if kind == "multi":
        several(answered)
    facts = asked(answered, "replay").facts
    assert facts["audit_labels"] == 60
    counts = [each["labels"] for each in facts["points"]]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (10, 48)  # four fifths of sixty
    for each in facts["points"]:
        assert each["low"] <= each["value"] <= each["high"]
    assert facts["points"][-1]["value"] > 0.9  # three groups far apart
    assert set(facts["points"][-1]["per_label"]) == {
        str(pk) for pk in answered.labels.values_list("pk", flat=True)
    }
    assert drawn.points(drawn.newest(answered))[-1]["labels"] == 48


def test_the_replay_needs_fifty_audit_labels(project):
    fill(project, 300)
    answer(project, [row for row in range(300) if row % 10 == 9])
    study = studies.ask(project, None, "replay")
    work_on(studies.KIND)
    study.refresh_from_db()
    assert study.state == "failed"
    assert "the replay needs 50" in study.error


def test_no_image_is_measured_by_a_model_that_saw_it(answered, monkeypatch):
    seen = []

    class Spy:
        def fit(self, x, y, **_):
            self.known = {row.tobytes() for row in np.asarray(x)}
            return self

        def predict_proba(self, x):
            seen.append(any(row.tobytes() in self.known for row in np.asarray(x)))
            return np.full((len(x), 3), 1 / 3)

    monkeypatch.setattr(replaying.heads, "get", lambda _: Spy())
    asked(answered, "replay")
    assert seen
    assert not any(seen)


def test_label_counts_rise_to_four_fifths():
    assert replaying.label_counts(400)[0] == 10
    assert replaying.label_counts(400)[-1] == 320
    assert len(replaying.label_counts(400)) == 8


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_strategies_are_compared_with_random_order(answered, kind, client, reviewer):
    if kind == "multi":
        several(answered)
    study = asked(answered, "strategies", strategies=["margin", "nonsense"])
    facts = study.facts
    assert [each["strategy"] for each in facts["curves"]] == ["random", "margin"]
    assert (facts["measured_on"], facts["test"], facts["pool"]) == ("audit", 60, 90)
    assert (facts["budget"], study.done) == (60, study.total)
    random, margin = facts["curves"]
    assert random["gain"] is None
    assert margin["gain"]["low"] <= margin["gain"]["value"] <= margin["gain"]["high"]
    assert margin["points"][-1]["labels"] == 60

    rows = strategy_table.newest(answered).rows
    assert next(row for row in rows if row.name == "margin").own
    words = text_of(page(client, reviewer, "learning", answered))
    assert "90 labeled images to ask for, measured on 60 audit images" in words


def test_without_audit_labels_a_quarter_is_held_apart(project):
    fill(project, 200)
    answer(project, [row for row in range(110) if row % 10 != 9])
    facts = asked(project, "strategies", strategies=["margin"]).facts
    assert (facts["measured_on"], facts["test"], facts["pool"]) == ("apart", 24, 75)


def test_a_comparison_needs_sixty_labels(project):
    fill(project, 60)
    answer(project, range(30))
    study = studies.ask(project, None, "strategies", strategies=["margin"])
    work_on(studies.KIND)
    study.refresh_from_db()
    assert study.state == "failed"
    assert "a comparison needs 60" in study.error


def test_a_plan_leaves_a_third_to_choose_from():
    plan = comparing_strategies.plan_for(90, 3, "logistic")
    assert (plan.budget, plan.start, plan.batch) == (60, 10, 7)
    assert comparing_strategies.plan_for(5000, 100, "logistic").start == 133


def test_five_answered_studies_are_kept(answered):
    for _ in range(6):
        Study.objects.create(project=answered, kind="replay", state="done")
    asked(answered, "replay")
    assert Study.objects.filter(kind="replay").count() == studies.KEPT
