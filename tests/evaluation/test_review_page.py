"""Review of the audit sample: what the page knows, and what an answer changes there."""

import json
import re
import uuid

import pytest

from labeler.labeling.models import Annotation
from labeler.training.models import ModelVersion
from tests.evaluation.conftest import proba_of
from tests.evaluation.pages import page, post, text_of
from tests.evaluation.test_report import HEALTHY, MILDEW, RUST, sixty


def review_data(response):
    found = re.search(r'id="review-data"[^>]*>(.*?)</script>', response.content.decode(), re.S)
    return json.loads(found[1])


def test_review_brings_the_scores_along(client, bench, reviewer):
    images, _ = sixty(bench)
    rust = bench.labels[RUST]
    data = review_data(page(client, reviewer, "review", bench.project, label=rust.pk))
    assert data["label"] == rust.pk
    assert data["threshold"] == 0
    assert data["images"] == [image.pk for image in images]
    assert data["truth"][30] == [rust.pk]
    assert data["scores"][30] == pytest.approx(0.8, abs=1e-4)
    assert data["best"][:30].count(rust.pk) == 2


def test_review_opens_the_label_with_most_mistakes(client, bench, reviewer):
    sixty(bench)
    data = review_data(page(client, reviewer, "review", bench.project))
    assert data["label"] in (bench.labels[HEALTHY].pk, bench.labels[RUST].pk)
    for odd in ("x", "0", "99999999999999999999", "-1", "٣"):
        assert page(client, reviewer, "review", bench.project, label=odd).status_code == 200


def test_a_cell_of_the_confusion_opens_its_images(client, bench, reviewer):
    sixty(bench)
    rust, healthy = bench.labels[RUST].pk, bench.labels[HEALTHY].pk
    response = page(client, reviewer, "review", bench.project, truth=rust, predicted=healthy)
    assert review_data(response)["cell"] == {"truth": rust, "predicted": healthy}
    assert "people say rust, model says healthy" in text_of(response)


def test_of_several_labels_a_cell_is_what_was_given_instead(client, multi_bench, reviewer):
    bench = multi_bench
    images = bench.audit([(RUST,)] * 60)
    bench.version(images, [[0.1, 0.1, 0.9]] * 60)
    _, rust, mildew = bench.ids
    response = page(client, reviewer, "review", bench.project, truth=rust, predicted=mildew)
    assert review_data(response)["cell"] == {"truth": rust, "predicted": mildew}
    assert "missed, and given instead: mildew" in text_of(response)
    response = page(client, reviewer, "review", bench.project, truth=rust, predicted="unknown")
    assert "missed, and given instead: nothing" in text_of(response)


def test_review_without_model_or_labels_says_so(client, bench, reviewer):
    assert "No model yet" in text_of(page(client, reviewer, "review", bench.project))
    image = bench.images(1)
    bench.version(image, proba_of([HEALTHY], 3))
    assert "No audit labels yet" in text_of(page(client, reviewer, "review", bench.project))


def test_an_answer_given_in_review_moves_the_numbers_and_can_be_undone(client, bench, reviewer):
    images, _ = sixty(bench)
    rust, uid = bench.labels[RUST], str(uuid.uuid4())
    fields = {"image": images[28].pk, "labels": rust.pk, "uuid": uid}
    assert post(client, reviewer, "review_answer", bench.project, **fields).status_code == 201
    assert post(client, reviewer, "review_answer", bench.project, **fields).status_code == 200
    response = page(client, reviewer, "review", bench.project, label=rust.pk)
    assert "1 false positive" in response.content.decode()
    assert "1 audit labels were corrected here , of 1 looked at." in text_of(response)
    dashboard = text_of(page(client, reviewer, "dashboard", bench.project))
    assert "1 of these labels was corrected in review" in dashboard
    assert "so the figure leans upward" in dashboard

    assert post(client, reviewer, "review_undo", bench.project, uuid=uid).status_code == 201
    assert review_data(page(client, reviewer, "review", bench.project))["looked"] == []


def test_confirming_a_label_corrects_nothing(client, bench, reviewer):
    images, _ = sixty(bench)
    fields = {"image": images[28].pk, "labels": bench.labels[HEALTHY].pk, "uuid": uuid.uuid4()}
    post(client, reviewer, "review_answer", bench.project, **fields)
    data = review_data(page(client, reviewer, "review", bench.project))
    assert (data["looked"], data["corrected"]) == ([images[28].pk], [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"image": "0"}, {"image": "x"}, {"image": ""}, {"labels": "0"}, {"labels": []},
        {"labels": "x"}, {"uuid": "1"}, {"uuid": ""}, {"image": str(2**64)},
    ],
)  # fmt: skip
def test_a_wrong_answer_changes_nothing(client, bench, reviewer, wrong):
    images, _ = sixty(bench)
    before = Annotation.objects.count()
    good = {"image": images[0].pk, "labels": bench.labels[0].pk, "uuid": str(uuid.uuid4())}
    response = post(client, reviewer, "review_answer", bench.project, **{**good, **wrong})
    assert response.status_code == 400
    assert response.json()["detail"]
    assert Annotation.objects.count() == before


def test_two_labels_are_refused_where_one_is_asked(client, bench, reviewer):
    images, _ = sixty(bench)
    fields = {"image": images[0].pk, "labels": bench.ids[:2], "uuid": str(uuid.uuid4())}
    response = post(client, reviewer, "review_answer", bench.project, **fields)
    assert (response.status_code, response.json()["detail"]) == (400, "Choose one label.")


def test_a_label_key_that_the_page_needs_gives_way_to_a_digit(client, bench, reviewer):
    label = bench.labels[RUST]
    label.key = "y"
    label.save()
    sixty(bench)
    html = page(client, reviewer, "review", bench.project).content.decode()
    keys = re.findall(r'data-fix value="(\d+)" aria-keyshortcuts="(.)"', html)
    assert dict(keys)[str(label.pk)] == "2"
    assert html.count('aria-keyshortcuts="Y"') == 1


def test_an_audit_image_is_not_reviewed_before_its_blind_answer(client, bench, reviewer):
    sixty(bench)
    other, blind = bench.images(1, audit=False)[0], bench.images(1)[0]
    for image, status in ((other, 201), (blind, 400)):
        fields = {"image": image.pk, "labels": bench.ids[0], "uuid": str(uuid.uuid4())}
        response = post(client, reviewer, "review_answer", bench.project, **fields)
        assert response.status_code == status


def test_a_threshold_is_saved_with_the_version_and_marked(client, bench, reviewer):
    sixty(bench)
    rust = bench.labels[RUST]
    fields = {"version": 1, "label": rust.pk, "threshold": "0.85"}
    assert post(client, reviewer, "review_threshold", bench.project, **fields).status_code == 200
    assert ModelVersion.objects.get().thresholds == {str(rust.pk): 0.85}
    response = page(client, reviewer, "dashboard", bench.project)
    assert "thresholds picked on this sample" in text_of(response)
    assert "rust – never said by the model 0" in text_of(response)

    assert ModelVersion.objects.get().picked == {str(rust.pk): {"version": 1, "on": "audit"}}

    later = {**fields, "version": 2}
    assert post(client, reviewer, "review_threshold", bench.project, **later).status_code == 409
    for odd in ("nan", "1.01", "-0.1", "", "x"):
        bad = {**fields, "threshold": odd}
        assert post(client, reviewer, "review_threshold", bench.project, **bad).status_code == 400


def test_one_threshold_for_all_labels_and_back_to_standard(client, bench, reviewer):
    sixty(bench)
    send = {"version": 1, "all": "1", "threshold": "0.6", "on": "labels"}
    assert post(client, reviewer, "review_threshold", bench.project, **send).status_code == 200
    version = ModelVersion.objects.get()
    assert version.thresholds == {str(pk): 0.6 for pk in bench.ids}
    assert version.picked[str(bench.ids[0])] == {"version": 1, "on": "labels"}

    one = {"version": 1, "label": bench.ids[0], "standard": "1"}
    assert post(client, reviewer, "review_threshold", bench.project, **one).status_code == 200
    version.refresh_from_db()
    assert set(version.thresholds) == set(version.picked) == {str(pk) for pk in bench.ids[1:]}

    for wrong in (
        {"version": 1, "threshold": "0.6"},
        {**one, "threshold": "0.5"},
        {**one, "all": 1},
    ):
        answer = post(client, reviewer, "review_threshold", bench.project, **wrong)
        assert (answer.status_code, bool(answer.json()["detail"])) == (400, True)


def test_several_labels_per_image_are_toggled(client, multi_bench, reviewer):
    bench = multi_bench
    images = bench.audit([(HEALTHY, RUST)] * 30 + [(MILDEW,)] * 30)
    bench.version(images, [[0.9, 0.6, 0.5]] * 30 + [[0.1, 0.1, 0.9]] * 30)
    response = page(client, reviewer, "review", bench.project, label=bench.ids[MILDEW])
    data = review_data(response)
    assert data["threshold"] == 0.5
    assert data["given"][0] == bench.ids
    mildew = data["each"][str(bench.ids[MILDEW])]  # at 0.5 it is wrong for the first thirty
    assert [mildew["tp"][at] for at in (50, 90, 91)] == [30, 30, 0]
    assert [mildew["fp"][at] for at in (50, 51)] == [30, 0]
    assert mildew["support"] == 30
    assert "or toggle" in text_of(response)
    fields = {"image": images[0].pk, "uuid": str(uuid.uuid4())}  # none of them
    assert post(client, reviewer, "review_answer", bench.project, **fields).status_code == 201
