"""The prediction service: right answers, one version per answer, no pause when versions change."""

import threading
from functools import partial

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections

from labeler.serving import answering, place
from labeler.serving.pictures import Asked
from labeler.serving.shelf import NoModel, Shelf
from labeler.training import pinning, versions
from labeler.training.models import ModelVersion
from tests.conftest import picture
from tests.training.invented import answer, run_round

pytestmark = pytest.mark.django_db
PICTURES = 6


def files(*seeds):
    return [SimpleUploadedFile(f"{n}.png", picture(n), "image/png") for n in seeds]


def ask(client, user, project, **body):
    client.force_login(user)
    url = f"/api/v1/projects/{project.pk}/predict"
    if "files" in body:
        return client.post(url, body)
    return client.post(url, body, content_type="application/json")


def test_uploaded_pictures_get_the_scores_of_the_model(client, served, reviewer):
    project, _ = served
    told = ask(client, reviewer, project, files=files(1, 2)).json()
    assert told["model_version"] == 1
    names = {label.name for label in project.labels.all()}
    for said in told["predictions"]:
        assert set(said["scores"]) == names
        assert sum(said["scores"].values()) == pytest.approx(1, abs=1e-4)
        assert said["label"] == max(said["scores"], key=said["scores"].get)
        assert said["unknown"] is False
    assert [said["name"] for said in told["predictions"]] == ["1.png", "2.png"]


def test_images_of_the_pool_get_what_the_round_said_of_them(client, served, reviewer):
    from labeler.training import predictions

    project, made = served
    told = ask(client, reviewer, project, images=[made[20].pk, made[21].pk]).json()
    version = versions.serving(project)
    known = predictions.proba(version, [made[20].row, made[21].row])
    names = {label.pk: label.name for label in project.labels.all()}
    for row, said in zip(known, told["predictions"], strict=True):
        for pk, p in zip(version.label_ids, row, strict=True):
            assert said["scores"][names[pk]] == pytest.approx(float(p), abs=2e-3)


def test_a_saved_threshold_makes_it_unknown(client, served, reviewer):
    project, _ = served
    version = versions.serving(project)
    version.thresholds = {str(pk): 1.01 for pk in version.label_ids}
    version.save()
    said = ask(client, reviewer, project, files=files(3)).json()["predictions"][0]
    assert (said["unknown"], said.get("label")) == (True, None)


def test_a_picture_that_is_none_says_so_and_the_rest_goes_on(client, served, reviewer):
    project, _ = served
    sent = [*files(1), SimpleUploadedFile("notes.txt", b"no picture at all")]
    told = ask(client, reviewer, project, files=sent).json()["predictions"]
    assert "scores" in told[0]
    assert told[1]["error"]["code"] == "not_an_image"
    gone = ask(client, reviewer, project, images=[10**9]).json()["predictions"][0]
    assert gone["error"]["code"] == "unknown_image"


@pytest.mark.parametrize(("body", "status", "code"), [
    ({}, 422, "no_picture"),
    ({"images": "seven"}, 422, "invalid"),
    ({"images": list(range(1, 70))}, 413, "too_many"),
])  # fmt: skip
def test_bad_requests_are_told_why(client, served, reviewer, body, status, code):
    answered = ask(client, reviewer, served[0], **body)
    assert (answered.status_code, answered.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/a.png", "s3://bucket/a.png", "file:///etc/passwd"]
)
def test_addresses_within_are_not_asked(client, served, reviewer, url):
    told = ask(client, reviewer, served[0], urls=[url]).json()
    assert "error" in told["predictions"][0]


def test_without_a_model_it_says_what_to_do(client, project, reviewer, settings):
    settings.SERVING = True
    answered = ask(client, reviewer, project, files=files(1))
    assert (answered.status_code, answered.json()["code"]) == (409, "no_model")


def test_annotators_and_outsiders_get_nothing(client, served, annotator, outsider):
    assert ask(client, annotator, served[0], files=files(1)).status_code == 403
    assert ask(client, outsider, served[0], files=files(1)).status_code == 404


def test_without_a_service_the_web_server_says_so(client, project, reviewer):
    answered = ask(client, reviewer, project, files=files(1))
    assert (answered.status_code, answered.json()["code"]) == (503, "no_service")
    assert answered.headers["Retry-After"]


def test_a_form_is_handed_on_as_it_came():
    body, kind = place.form([SimpleUploadedFile('a "b"\r\n.png', b"\x00\r\n--x")])
    assert b"\x00\r\n--x\r\n" in body
    assert b'filename="a %22b%22' in body
    assert kind.startswith("multipart/form-data; boundary=")


# Versions change --------------------------------------------------------------------------


def test_a_new_version_answers_once_it_is_warm_and_the_old_until_then(served, settings):
    project, _ = served
    shelf = Shelf()
    assert shelf.serving(project)[1].number == 1
    answer(project, range(22, 27))
    run_round(project)
    loaded, version = shelf.serving(project)
    assert version.number == 1  # beside, the second one is being loaded
    shelf.load(versions.serving(project))
    loaded, version = shelf.serving(project)
    assert (loaded.version.number, version.number) == (2, 2)
    pinning.pin(project, 1)
    assert shelf.serving(project)[1].number == 1


def test_a_broken_new_version_leaves_the_old_one_at_work(served):
    project, _ = served
    shelf = Shelf()
    shelf.serving(project)
    answer(project, range(22, 27))
    run_round(project)
    new = versions.serving(project)
    (versions.folder(new) / "manifest.json").write_bytes(b"{}")
    shelf._come(new)
    assert shelf.serving(project)[1].number == 1


def test_another_version_can_be_asked_by_number(client, served, reviewer):
    project, _ = served
    answer(project, range(22, 27))
    run_round(project)
    url = f"/api/v1/projects/{project.pk}/predict?model_version=1"
    client.force_login(reviewer)
    assert client.post(url, {"files": files(1)}).json()["model_version"] == 1
    answered = client.post(url.replace("=1", "=9"), {"files": files(1)})
    assert (answered.status_code, answered.json()["code"]) == (409, "no_model")


def test_few_versions_are_kept_and_whoever_holds_one_is_answered(served):
    project, _ = served
    shelf = Shelf(most=1)
    held, _version = shelf.serving(project)
    answer(project, range(22, 27))
    run_round(project)
    shelf.load(ModelVersion.objects.get(project=project, number=2))
    prepared = held.prepared(picture(1))
    rows = held.batches.judged([prepared])
    assert np.isfinite(rows).all()


class Caller(threading.Thread):
    """Asks on and on, and compares each answer with what that version says."""

    def __init__(self, project, expected):
        super().__init__()
        self.project, self.expected = project, expected
        self.seen, self.wrong, self.stop = set(), [], threading.Event()

    def run(self):
        try:
            while not self.stop.is_set():
                self.ask()
        except Exception as error:
            self.wrong.append(error)
        finally:
            connections.close_all()

    def ask(self):
        asked = [Asked(n, partial(picture, n)) for n in range(PICTURES)]
        told = answering.answer(self.project, asked)
        self.seen.add(told["model_version"])
        right = self.expected[told["model_version"]]
        for said, scores in zip(told["predictions"], right, strict=True):
            if any(abs(said["scores"][name] - p) > 1e-3 for name, p in scores.items()):
                self.wrong.append((told["model_version"], said, scores))


def scores_of(loaded, version):
    rows = loaded.batches.judged([loaded.prepared(picture(n)) for n in range(PICTURES)])
    return [said.scores for said in loaded.said(rows, version)]


@pytest.mark.django_db(transaction=True)
def test_no_answer_mixes_versions_while_they_change(served):
    project, _ = served
    answer(project, range(22, 27))
    run_round(project)
    both = ModelVersion.objects.filter(project=project).select_related("project")
    expected = {v.number: scores_of(answering.shelf().load(v), v) for v in both}
    callers = [Caller(project, expected) for _ in range(3)]
    for caller in callers:
        caller.start()
    while any(c.is_alive() and len(c.seen) < 2 and not c.wrong for c in callers):
        pinning.pin(project, 1)
        pinning.pin(project, 2)
    for caller in callers:
        caller.stop.set()
        caller.join(60)
    assert [c.wrong for c in callers] == [[], [], []]
    assert all(c.seen == {1, 2} for c in callers)


def test_no_model_is_an_answer(project):
    with pytest.raises(NoModel, match="has no model yet"):
        Shelf().serving(project)


# Limits -----------------------------------------------------------------------------------


def test_when_too_many_wait_it_says_when_to_ask_again(client, served, reviewer):
    project, _ = served
    batches = answering.shelf().serving(project)[0].batches
    batches._waiting, batches._in = 4, 4
    answered = ask(client, reviewer, project, files=files(1))
    assert (answered.status_code, answered.json()["code"]) == (429, "busy")
    assert int(answered.headers["Retry-After"]) >= 1
    batches._in = 0
    assert ask(client, reviewer, project, files=files(1)).status_code == 200


@pytest.mark.parametrize(("limit", "most", "code"), [
    ("MAX_IMAGE_BYTES", 50, "too_many_bytes"), ("MAX_IMAGE_PIXELS", 100, "too_many_pixels"),
    ("MAX_IMAGE_SIDE", 8, "too_long_side"),
])  # fmt: skip
def test_pictures_beyond_a_limit_are_refused_by_themselves(
    client, served, reviewer, settings, limit, most, code
):
    answering.shelf().serving(served[0])  # warm, before the limit
    setattr(settings, limit, most)
    said = ask(client, reviewer, served[0], files=files(1)).json()["predictions"][0]
    assert said["error"]["code"] == code


def test_a_request_that_is_too_large_never_reaches_the_service(client, project, reviewer, settings):
    settings.SERVE_BYTES = 10
    answered = ask(client, reviewer, project, files=files(1))
    assert (answered.status_code, answered.json()["code"]) == (413, "too_large")
