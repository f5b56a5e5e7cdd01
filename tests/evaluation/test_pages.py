"""The pages: who sees what, what they say, and that looking stays cheap."""

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from labeler.evaluation import status
from labeler.labeling.models import Annotation
from labeler.training.models import ModelVersion, Round
from labeler.work.models import Worker
from tests.evaluation.conftest import proba_of
from tests.evaluation.test_report import HEALTHY, MILDEW, RUST, sixty


def page(client, user, name, project, **query):
    client.force_login(user)
    return client.get(reverse(name, args=[project.pk]), query)


def text_of(response):
    """The page as one reads it."""
    bare = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(bare.replace("\u00a0", " ").replace("&nbsp;", " ").split())


SEEN_BY = [
    ("dashboard", 200, 200),
    ("dashboard_live", 403, 200),
    ("review", 403, 200),
    ("models", 403, 200),
    ("status", 200, 200),
]


@pytest.mark.parametrize(("name", "annotator_gets", "reviewer_gets"), SEEN_BY)
def test_pages_are_for_members_by_role(
    client, project, annotator, reviewer, outsider, name, annotator_gets, reviewer_gets
):
    assert page(client, annotator, name, project).status_code == annotator_gets
    assert page(client, reviewer, name, project).status_code == reviewer_gets
    assert page(client, outsider, name, project).status_code == 404
    client.logout()
    assert client.get(reverse(name, args=[project.pk])).status_code == 302


@pytest.mark.parametrize("name", ["review_answer", "review_undo", "review_threshold", "train_now"])
def test_changing_takes_a_post_and_a_role(client, project, annotator, outsider, name):
    client.force_login(annotator)
    url = reverse(name, args=[project.pk])
    assert client.get(url).status_code == 405
    assert client.post(url).status_code == 403
    client.force_login(outsider)
    assert client.post(url).status_code == 404


def test_only_admins_train(client, project, reviewer, admin):
    url = reverse("train_now", args=[project.pk])
    client.force_login(reviewer)
    assert client.post(url).status_code == 403
    assert "Train now" not in text_of(page(client, reviewer, "models", project))

    client.force_login(admin)
    assert "Train now" in text_of(page(client, admin, "models", project))
    response = client.post(url, {"from": "models"}, follow=True)
    assert "Round 1 is on its way." in response.content.decode()
    assert Round.objects.get().reason == Round.Reason.ASKED
    client.post(url)
    assert Round.objects.count() == 1


def test_an_empty_project_says_what_to_do(client, project, admin):
    words = text_of(page(client, admin, "dashboard", project))
    assert "The pool is empty" in words
    assert "Import images" in words


def test_before_the_first_model_the_page_says_when_it_comes(client, project, images, reviewer):
    words = text_of(page(client, reviewer, "dashboard", project))
    assert "No model yet" in words
    assert "The first comes after 10 more labels." in words


def test_too_early_to_say(client, bench, reviewer):
    answered = bench.audit([HEALTHY] * 22)
    bench.images(178)
    said = {"n": 80, "accuracy": 0.7, "low": 0.6, "high": 0.8}
    bench.version(answered, proba_of([HEALTHY] * 22, 3), cross_validated=said)
    response = page(client, reviewer, "dashboard", bench.project)
    words = text_of(response)
    assert "Too early to say" in words
    assert "22 of 200 audit images labeled; a number appears at 50." in words
    assert "Accuracy 70 % (60 % to 80 %), cross-validated on the labels so far" in words
    assert 'class="prev" id="verdict-dot"' in response.content.decode()


def test_the_dashboard_tells_figures_with_their_intervals(client, bench, reviewer):
    sixty(bench)
    response = page(client, reviewer, "dashboard", bench.project)
    words = text_of(response)
    assert re.search(r"0\.92 macro F1 \(0\.8\d to 0\.9\d\)", words)
    assert "60 images drawn at random, labeled blind, never trained on." in words
    assert "rust 89 80 20" in words
    assert "precision and recall of at least 58 %. It is most often taken for healthy" in words
    assert "Review 6 mistakes" in words
    html = response.content.decode()
    assert 'aria-label="4 images of rust called healthy"' in html
    assert json.loads(re.search(r'id="curve-data"[^>]*>([^<]+)<', html)[1])["labels"] == [100]


def test_too_few_images_of_a_label(client, bench, reviewer):
    truth = [HEALTHY] * 57 + [RUST] * 3
    bench.version(bench.audit(truth), proba_of(truth, 3))
    words = text_of(page(client, reviewer, "dashboard", bench.project))
    assert "Too few to say: 3 audit images have this label; a number appears at 5." in words
    assert "Too few to say: no audit image has this label" in words


def test_how_many_more_audit_labels_say_more(client, bench, reviewer):
    # 20 of 60 are rust, recall 0.8: ±5 points take 242 images of rust, 726 audit labels.
    sixty(bench)
    words = text_of(page(client, reviewer, "dashboard", bench.project))
    found = re.search(
        r"recall of (\w+), to ±([\d.]+) points. ±5 takes about (\d+) more audit labels", words
    )
    assert found[1] == "rust"
    assert float(found[2]) == pytest.approx(100 * (0.9193 - 0.5840) / 2, abs=0.5)
    assert 600 < int(found[3]) < 720
    assert "Every audit image is answered already." in words


def test_more_than_fifteen_labels_show_pairs_instead_of_a_table(client, project, reviewer):
    from labeler.projects.models import Label
    from tests.evaluation.conftest import Bench

    Label.objects.bulk_create(Label(project=project, name=f"l{i}", place=i) for i in range(3, 16))
    bench = Bench(project, reviewer)
    truth = list(range(16)) * 4
    said = [0 if t == 15 else t for t in truth]
    bench.version(bench.audit(truth), proba_of(said, 16))
    response = page(client, reviewer, "dashboard", project)
    assert b'class="cm"' not in response.content
    assert "l15 healthy 4" in text_of(response)


def test_an_annotator_sees_own_work_only(client, bench, annotator, reviewer):
    for image in bench.images(3, audit=False):
        bench.answer(image, HEALTHY, elapsed_ms=2000)
    for image in bench.images(5, audit=False):
        bench.answer(image, RUST, user=reviewer, elapsed_ms=1000)
    words = text_of(page(client, annotator, "dashboard", bench.project))
    assert "3 answers in all, 3 today. Half of your last answers took 2.0 s or less." in words
    assert "macro F1" not in words
    assert "reviewer" not in words


def test_a_reviewer_sees_nobodys_pace_an_admin_does(client, bench, reviewer, admin):
    for image in bench.images(3, audit=False):
        bench.answer(image, HEALTHY, elapsed_ms=4200)
    assert "4.2 s" not in text_of(page(client, reviewer, "dashboard", bench.project))
    assert "4.2 s" in text_of(page(client, admin, "dashboard", bench.project))


def digests(response):
    return dict(re.findall(r'data-part="(\w+)" data-digest="(\w+)"', response.content.decode()))


def test_live_sends_only_what_changed(client, bench, reviewer):
    sixty(bench)
    Worker.objects.create(
        name="w", queues="rounds", started_at=timezone.now(), seen_at=timezone.now()
    )
    page(client, reviewer, "dashboard", bench.project)  # measures the version
    known = digests(page(client, reviewer, "dashboard", bench.project))
    assert set(known) == {
        "verdict", "labels", "curve", "rounds", "work", "agreement", "activity", "confusion",
    }  # fmt: skip

    changed = digests(page(client, reviewer, "dashboard_live", bench.project, **known))
    assert set(changed) <= {"work"}  # "seen 1 s ago"

    bench.answer(bench.images(1, audit=False)[0], RUST)
    changed = digests(page(client, reviewer, "dashboard_live", bench.project, **known))
    assert "activity" in changed
    assert "labels" not in changed


def test_live_says_nothing_when_nothing_changed(client, bench, reviewer):
    sixty(bench)
    page(client, reviewer, "dashboard", bench.project)
    known = digests(page(client, reviewer, "dashboard", bench.project))
    response = page(client, reviewer, "dashboard_live", bench.project, **known)
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize("name", ["dashboard", "models", "review"])
def test_queries_do_not_grow_with_the_project(client, bench, reviewer, name):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost():
        for _ in range(6):  # until every version is measured
            page(client, reviewer, name, bench.project)
        with CaptureQueriesContext(connection) as queries:
            assert page(client, reviewer, name, bench.project).status_code == 200
        return len(queries)

    images, _ = sixty(bench)
    bench.version(images, proba_of([HEALTHY] * 60, 3), n_labels=150)
    small = cost()
    for n_labels in (200, 300, 400):
        bench.version(images, proba_of([HEALTHY] * 60, 3), n_labels=n_labels)
    for image in bench.images(40, audit=False):
        bench.answer(image, RUST)
    page(client, reviewer, name, bench.project)
    assert cost() == small


def test_a_failed_round_shows_its_reason(client, bench, reviewer):
    Round.objects.create(
        project=bench.project, number=1, reason="labels", state="failed",
        error="The head did not converge.", finished_at=timezone.now(),
    )  # fmt: skip
    bench.images(1)
    for name in ("dashboard", "models"):
        words = text_of(page(client, reviewer, name, bench.project))
        assert "The head did not converge. The old queue stays in use." in words


def test_a_running_round_is_the_marked_row(client, bench, reviewer):
    Round.objects.create(
        project=bench.project, number=14, reason="labels", state="running", phase="scoring",
        done=62, total=100, started_at=timezone.now(),
    )  # fmt: skip
    html = page(client, reviewer, "models", bench.project).content.decode()
    assert '<tr aria-current="true"><td class="num">14</td><td>running now</td>' in html


def test_hostile_names_stay_text(client, bench, reviewer):
    label = bench.labels[RUST]
    label.name = "<script>alert(1)</script>\"'</script>"
    label.save()
    images, _ = sixty(bench)
    images[30].name = "</script><img src=x onerror=alert(1)>"
    images[30].save()
    for name in ("dashboard", "review", "models"):
        html = page(client, reviewer, name, bench.project).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html


def test_no_page_has_inline_styles_or_scripts(client, bench, admin):
    sixty(bench)
    for name in ("dashboard", "review", "models"):
        html = page(client, admin, name, bench.project).content.decode()
        assert not re.search(r'\sstyle="|\son\w+="', html)
        scripts = re.findall(r"<script([^>]*)>", html)
        assert all("src=" in s or 'type="application/json"' in s for s in scripts)


# Status ---------------------------------------------------------------------------------


def worker(queues="rounds,chores", ago=0):
    seen = timezone.now() - timedelta(seconds=ago)
    return Worker.objects.create(name=f"w{ago}", queues=queues, started_at=seen, seen_at=seen)


def test_status_says_what_is_at_work(client, project, annotator):
    worker()
    assert text_of(page(client, annotator, "status", project)) == "1 worker up"
    Round.objects.create(
        project=project, number=14, reason="labels", state="running", phase="scoring",
        done=62, total=100,
    )  # fmt: skip
    assert text_of(page(client, annotator, "status", project)) == "Round 14 · scoring 62 %"


def test_status_says_since_when_nobody_works(client, project, annotator, monkeypatch):
    monkeypatch.setattr(status.health, "broker_up", lambda: True)
    words = text_of(page(client, annotator, "status", project))
    assert words.startswith("No worker has been seen yet.")
    worker(ago=370)
    words = text_of(page(client, annotator, "status", project))
    assert words == ("No worker has been seen for 6 minutes. Labels are safe; training waits.")


def test_status_tells_a_silent_broker_from_missing_workers(client, project, annotator, monkeypatch):
    monkeypatch.setattr(status.health, "broker_up", lambda: False)
    words = text_of(page(client, annotator, "status", project))
    assert words.startswith("The broker does not answer.")


def test_status_notices_that_nobody_takes_rounds(client, project, annotator):
    worker(queues="chores")
    assert "No worker takes rounds." in text_of(page(client, annotator, "status", project))


def test_the_installation_has_a_status_for_whoever_is_signed_in(client, annotator):
    url = reverse("system_status")
    assert client.get(url).status_code == 302
    client.force_login(annotator)
    worker()
    assert text_of(client.get(url)) == "1 worker up"


# Review ---------------------------------------------------------------------------------


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


def test_review_without_model_or_labels_says_so(client, bench, reviewer):
    assert "No model yet" in text_of(page(client, reviewer, "review", bench.project))
    image = bench.images(1)
    bench.version(image, proba_of([HEALTHY], 3))
    assert "No audit labels yet" in text_of(page(client, reviewer, "review", bench.project))


def post(client, user, name, project, **fields):
    client.force_login(user)
    return client.post(reverse(name, args=[project.pk]), fields)


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


def test_only_audit_images_are_reviewed_here(client, bench, reviewer):
    sixty(bench)
    other = bench.images(1, audit=False)[0]
    fields = {"image": other.pk, "labels": bench.ids[0], "uuid": str(uuid.uuid4())}
    assert post(client, reviewer, "review_answer", bench.project, **fields).status_code == 400


def test_a_threshold_is_saved_with_the_version_and_marked(client, bench, reviewer):
    sixty(bench)
    rust = bench.labels[RUST]
    fields = {"version": 1, "label": rust.pk, "threshold": "0.85"}
    assert post(client, reviewer, "review_threshold", bench.project, **fields).status_code == 200
    assert ModelVersion.objects.get().thresholds == {str(rust.pk): 0.85}
    response = page(client, reviewer, "dashboard", bench.project)
    assert "thresholds picked on this sample" in text_of(response)
    assert "rust – never said by the model 0" in text_of(response)

    later = {**fields, "version": 2}
    assert post(client, reviewer, "review_threshold", bench.project, **later).status_code == 409
    for odd in ("nan", "1.01", "-0.1", "", "x"):
        bad = {**fields, "threshold": odd}
        assert post(client, reviewer, "review_threshold", bench.project, **bad).status_code == 400


def test_several_labels_per_image_are_toggled(client, multi_bench, reviewer):
    bench = multi_bench
    images = bench.audit([(HEALTHY, RUST)] * 30 + [(MILDEW,)] * 30)
    bench.version(images, [[0.9, 0.6, 0.5]] * 30 + [[0.1, 0.1, 0.9]] * 30)
    response = page(client, reviewer, "review", bench.project, label=bench.ids[MILDEW])
    data = review_data(response)
    assert data["threshold"] == 0.5
    assert data["given"][0] == bench.ids
    assert "or toggle" in text_of(response)
    fields = {"image": images[0].pk, "uuid": str(uuid.uuid4())}  # none of them
    assert post(client, reviewer, "review_answer", bench.project, **fields).status_code == 201
