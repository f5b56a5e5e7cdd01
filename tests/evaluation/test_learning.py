"""Where the curve goes, what random draws give, class balance, and the page that says so."""

import numpy as np
import pytest
from django.urls import reverse

from labeler.evaluation import balance, curve, drawn, label_curves, outlook, studies
from labeler.evaluation.models import Score, Study
from tests.evaluation.conftest import proba_of
from tests.evaluation.pages import page, post, text_of

HEALTHY, RUST, MILDEW = 0, 1, 2
TRUTH = [HEALTHY] * 80 + [RUST] * 80 + [MILDEW] * 40


def grown(bench, rights=(100, 130, 150, 160, 166, 170), counts=(40, 60, 90, 130, 190, 280)):
    """Versions that are right on ever more of 200 audit images, spread over the labels."""
    images = bench.audit(TRUTH)
    order = np.random.default_rng(0).permutation(200)
    for right, n in zip(rights, counts, strict=True):
        said = np.array(TRUTH)
        said[order[right:]] = (said[order[right:]] + 1) % 3
        bench.version(images, proba_of(said, 3), n_labels=n)
    while curve.refresh(bench.project, most=10):
        pass
    has_images(bench.project, 5000)
    return images


def has_images(project, n):
    """So many, of which 200 are answered."""
    project.next_row = n
    project.save(update_fields=["next_row"])


def test_a_rising_curve_has_a_forecast_with_a_range(bench):
    grown(bench)
    found = outlook.of(bench.project)
    assert [p.n_labels for p in found.points] == [40, 60, 90, 130, 190, 280]
    assert found.gain.low < found.gain.value < found.gain.high
    assert 0 < found.gain.value < 0.05
    assert found.state == "going"
    assert found.left.low is not None
    assert found.ahead[0][0] == 280
    assert all(low <= value <= high for _, value, low, high in found.ahead)


def test_a_target_beyond_the_images_left_says_so(bench, client, reviewer):
    grown(bench)
    has_images(bench.project, 210)
    assert outlook.of(bench.project).state == "short"
    words = text_of(page(client, reviewer, "learning", bench.project))
    assert "and 10 images are left. Look at the mistakes, or add images." in words


def test_three_versions_are_too_early_for_a_forecast(bench):
    grown(bench, (100, 130, 150), (40, 60, 90))
    found = outlook.of(bench.project)
    assert (found.state, found.lacking, found.gain) == ("early", 1, None)


def test_a_curve_that_ended_below_the_target_says_that_labels_will_not_help(bench):
    grown(bench, (150, 150, 151, 150, 150, 151), (100, 160, 250, 400, 640, 1000))
    bench.project.target = 0.95
    found = outlook.of(bench.project)
    assert found.state == "beyond"
    assert found.left.value is None


def test_a_curve_that_ended_near_the_target_may_stop(bench):
    grown(bench, (150, 150, 151, 150, 150, 151), (100, 160, 250, 400, 640, 1000))
    bench.project.target = 0.7
    assert outlook.of(bench.project).state in ("flat", "reached")


def test_versions_that_learned_otherwise_are_on_another_curve(bench):
    images = grown(bench)
    bench.version(images, proba_of(TRUTH, 3), n_labels=300)
    bench.project.model_versions.filter(number=7).update(head="linear_svm")
    while curve.refresh(bench.project, most=10):
        pass
    assert [p.version for p in outlook.points(bench.project)] == [7]


def test_one_labels_curve_leaves_versions_without_enough_images_out(bench):
    grown(bench)
    rust = bench.labels[RUST]
    assert len(outlook.points(bench.project, rust.pk)) == 6
    score = Score.objects.get(version__number=6)
    for each in score.per_label:
        each["support"] = 4
    score.save()
    assert len(outlook.points(bench.project, rust.pk)) == 5


def test_the_weakest_label_comes_first(bench):
    grown(bench)
    small = label_curves.of(bench.project)
    assert [each.value for each in small] == sorted(each.value for each in small)
    assert small[0].line.startswith("M14.3 ")  # 40 of 280 labels


def test_class_balance_by_hand(bench, annotator):
    bench.audit([HEALTHY] * 5 + [RUST] * 15)
    for image in bench.images(30, audit=False):
        bench.answer(image, MILDEW)
    healthy, rust, mildew = balance.of(bench.project)
    assert (healthy.answers, rust.answers, mildew.answers) == (5, 15, 30)
    assert mildew.given == pytest.approx(0.6)
    assert (rust.pool.value, mildew.pool.value) == (0.75, 0)
    assert (rust.lean, mildew.lean) == ("less", "more")


def test_the_replay_stands_beside_the_curve(bench):
    grown(bench)
    rows = [{"labels": n, "value": v, "low": v - 0.1, "high": v + 0.1, "per_label": {}}
            for n, v in ((10, 0.3), (50, 0.5), (110, 0.7), (400, 0.9))]  # fmt: skip
    study = Study.objects.create(
        project=bench.project, kind="replay", state="done", facts={"points": rows}
    )
    found = drawn.beside(outlook.points(bench.project), drawn.points(study))
    before, after = (p.macro_f1 for p in outlook.points(bench.project)[2:4])
    assert (found.labels, found.drawn["value"]) == (110, 0.7)
    assert found.value == pytest.approx((before + after) / 2)
    assert drawn.points(study, bench.labels[0].pk) == []


# Pages ------------------------------------------------------------------------------------


def test_the_page_says_how_many_labels_are_left(bench, client, reviewer):
    grown(bench)
    words = text_of(page(client, reviewer, "learning", bench.project))
    assert "When to stop" in words
    assert "The next 100 labels should add" in words
    assert "Keep going" in words
    assert "Class balance" in words
    assert words.count("Show as table") >= 2  # the curve, and the small curves of the labels


def test_the_page_of_one_label(bench, client, reviewer):
    grown(bench)
    words = text_of(page(client, reviewer, "learning", bench.project, label=bench.ids[RUST]))
    assert "F1 of rust" in words


def test_an_empty_project_has_a_page(project, client, reviewer):
    words = text_of(page(client, reviewer, "learning", project))
    assert "The curve starts with a model version" in words
    assert "Too early for a forecast" in words


def test_the_dashboard_shows_the_forecast_and_leads_here(bench, client, reviewer):
    grown(bench)
    found = page(client, reviewer, "dashboard", bench.project)
    assert "The next 100 labels should add" in text_of(found)
    assert reverse("learning", args=[bench.project.pk]) in found.content.decode()


def test_asking_for_a_study_twice_joins_it(bench, client, reviewer):
    for _ in range(2):
        post(client, reviewer, "learning_study", bench.project, kind="replay")
    study = Study.objects.get()
    assert (study.kind, study.asked_by) == ("replay", reviewer)
    words = text_of(page(client, reviewer, "learning", bench.project))
    assert "Waiting for a worker" in words


def test_the_state_of_a_study_ends_with_a_fresh_page(bench, client, reviewer):
    study = studies.ask(bench.project, reviewer, "replay")
    Study.objects.filter(pk=study.pk).update(state="running", done=3, total=25)
    waiting = page(client, reviewer, "learning_state", bench.project, kind="replay")
    assert "3 of 25" in text_of(waiting)
    Study.objects.filter(pk=study.pk).update(state="done")
    done = page(client, reviewer, "learning_state", bench.project, kind="replay")
    assert (done.status_code, done["HX-Refresh"]) == (204, "true")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "nonsense"}, "Say which study"),
        ({"kind": "strategies"}, "Choose at least one strategy"),
        ({"kind": "strategies", "strategies": ["best"]}, "There is no such strategy"),
    ],
)
def test_bad_orders_are_told(bench, client, reviewer, fields, words):
    post(client, reviewer, "learning_study", bench.project, **fields)
    assert words in text_of(page(client, reviewer, "learning", bench.project))
    assert not Study.objects.exists()


# API --------------------------------------------------------------------------------------


def test_the_api_tells_curve_forecast_and_labels_left(bench, client, reviewer):
    grown(bench)
    client.force_login(reviewer)
    address = f"/api/v1/projects/{bench.project.pk}/learning"
    found = client.get(address).json()
    assert [p["n_labels"] for p in found["points"]] == [40, 60, 90, 130, 190, 280]
    gain = found["gain_of_next_100"]
    assert gain["low"] < gain["value"] < gain["high"]
    assert found["state"] == "going"
    assert found["stop_test"] is None
    of_rust = client.get(address, {"label": bench.ids[RUST]}).json()
    assert of_rust["points"][-1]["value"] != found["points"][-1]["value"]
    assert client.get(address, {"label": 999_999}).status_code == 404


def test_the_api_asks_for_a_study_and_follows_it(bench, client, reviewer):
    client.force_login(reviewer)
    address = f"/api/v1/projects/{bench.project.pk}/studies"
    wish = {"kind": "strategies", "strategies": ["badge"]}
    made = client.post(address, wish, content_type="application/json")
    assert (made.status_code, made.json()["state"]) == (202, "queued")
    assert Study.objects.get().options == {"strategies": ["badge"]}
    assert client.get(f"{address}/{made.json()['id']}").json()["facts"] == {}
    wrong = client.post(address, {**wish, "strategies": ["best"]}, content_type="application/json")
    assert wrong.status_code == 422
