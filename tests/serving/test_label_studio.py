"""Label Studio asks Labeler as its model, in the words of its own protocol."""

import base64
import json
import subprocess
from pathlib import Path

import pytest

from labeler.formats.label_studio_config import NotForUs, parse
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects import tokens
from tests.labeling.test_readers import the_readers

pytestmark = pytest.mark.django_db


def config(names, choice="single", value="$image"):
    choices = "".join(f'<Choice value="{name}"/>' for name in names)
    return (
        f'<View><Image name="img" value="{value}"/>'
        f'<Choices name="kind" toName="img" choice="{choice}">{choices}</Choices></View>'
    )


@pytest.fixture
def names(project):
    return [label.name for label in project.labels.order_by("place")]


@pytest.fixture
def studio(client, project, admin):
    """Calls as Label Studio makes them: basic auth, a token as the password, JSON."""
    return caller(client, project, admin)


def caller(client, project, user):
    secret = tokens.issue(user=user, name="Label Studio")[1]
    sent = base64.b64encode(f"anybody:{secret}".encode()).decode()
    base = f"/api/v1/projects/{project.pk}/label-studio"

    def call(path, body=None):
        kind = {"HTTP_AUTHORIZATION": f"Basic {sent}"}
        if body is None:
            return client.get(base + path, **kind)
        return client.post(base + path, json.dumps(body), content_type="application/json", **kind)

    return call


def event(image, labels, action="ANNOTATION_CREATED", at="2026-01-01T00:00:00Z", pk=7):
    result = [{"from_name": "kind", "to_name": "img", "type": "choices",
               "value": {"choices": labels}}]  # fmt: skip
    annotation = {"id": pk, "result": result, "updated_at": at, "was_cancelled": False}
    return {"action": action, "annotation": annotation, "task": {"id": 1, "data": image}}


def said(image):
    rows = Annotation.objects.filter(image=image, current=True)
    return [[label.name for label in row.labels.all()] for row in rows]


# The connection ---------------------------------------------------------------------------


def test_health_and_setup_as_the_connection_form_asks(studio, served, names):
    assert studio("/health").json()["status"] == "UP"
    told = studio("/setup", {"project": "1.17", "schema": config(names), "hostname": "http://ls"})
    assert (told.status_code, told.json()) == (200, {"model_version": "1"})


@pytest.mark.parametrize("schema", [
    "", "no xml", "<View><Text name='t' value='$t'/></View>", 7, None,
    '<!DOCTYPE x [<!ENTITY a "b">]><View>&a;</View>',
])  # fmt: skip
def test_other_configurations_are_told_why_not(studio, project, schema):
    told = studio("/setup", {"schema": schema})
    assert (told.status_code, told.json()["code"]) == (422, "bad_config")


def test_choices_that_are_no_labels_are_told(studio, project):
    told = studio("/setup", {"schema": config(["something", "else"])})
    assert (told.status_code, told.json()["code"]) == (422, "no_label")


def test_a_wrong_password_and_roles(client, project, annotator, outsider):
    bad = base64.b64encode(b"anybody:lbl_wrong").decode()
    url = f"/api/v1/projects/{project.pk}/label-studio/health"
    assert client.get(url, HTTP_AUTHORIZATION=f"Basic {bad}").status_code == 401
    assert client.get(url, HTTP_AUTHORIZATION="Basic ???").status_code == 401
    assert caller(client, project, annotator)("/health").status_code == 403
    assert caller(client, project, outsider)("/health").status_code == 404


# Predictions ------------------------------------------------------------------------------


def test_tasks_are_predicted_in_order_and_one_that_fails_does_not_stop_them(studio, served, names):
    _, made = served
    tasks = [
        {"id": 1, "data": {"image": f"/api/v1/images/{made[20].pk}/file?size=original"}},
        {"id": 2, "data": {"image": "/data/upload/1/0123abcd-leaf.jpg"}},
        {"id": 3, "data": {"labeler_image": made[21].pk}},
        {"id": 4, "data": {"image": "http://127.0.0.1/secret.png"}},
        {"id": 5, "data": {}},
    ]
    told = studio("/predict", {"tasks": tasks, "label_config": config(names)}).json()
    results = told["results"]
    assert [bool(each["result"]) for each in results] == [True, False, True, False, False]
    assert all("error" in results[at] for at in (1, 3, 4))
    choice = results[0]["result"][0]
    assert (choice["from_name"], choice["to_name"], choice["type"]) == ("kind", "img", "choices")
    assert choice["value"]["choices"][0] in names
    assert 0 < results[0]["score"] <= 1
    assert told["model_version"] == results[0]["model_version"] == "1"


@pytest.mark.parametrize("tasks", [[], [{"data": {}}] * 251])
def test_too_few_and_too_many_tasks(studio, project, names, tasks):
    told = studio("/predict", {"tasks": tasks, "label_config": config(names)})
    assert (told.status_code, told.json()["code"]) == (413, "too_many")


# Annotations come back --------------------------------------------------------------------


def test_an_annotation_of_a_known_image_is_stored_once_and_a_change_replaces_it(
    studio, served, names
):
    _, made = served
    image = {"labeler_image": made[25].pk}
    first = event(image, [names[0]])
    assert studio("/webhook", first).status_code == 201
    assert studio("/webhook", first).status_code == 200
    assert said(made[25]) == [[names[0]]]
    later = {"action": "ANNOTATION_UPDATED", "at": "2026-01-02T00:00:00Z"}
    assert studio("/webhook", event(image, [names[1]], **later)).status_code == 201
    back = {"action": "ANNOTATION_UPDATED", "at": "2026-01-03T00:00:00Z"}
    assert studio("/webhook", event(image, [names[0]], **back)).status_code == 201
    assert said(made[25]) == [[names[0]]]


def test_an_audit_image_is_still_asked_blind(studio, served, names):
    _, made = served
    assert made[29].audit
    assert studio("/webhook", event({"labeler_image": made[29].pk}, [names[0]])).status_code == 201
    assert Image.objects.get(pk=made[29].pk).state == Image.State.OPEN
    assert not Annotation.objects.get(image=made[29]).audit


@pytest.mark.parametrize("body", [
    {"action": "PROJECT_UPDATED"}, {"action": "START_TRAINING", "project": {"id": 1}},
    {"action": "ANNOTATION_CREATED"}, {},
    {"action": "ANNOTATION_CREATED", "annotation": {"result": "x"}, "task": {"data": 7}},
])  # fmt: skip
def test_other_events_are_ignored(studio, project, body):
    assert studio("/webhook", body).json()["status"] == "ignored"


@pytest.mark.parametrize(("image", "status"), [
    ("/data/upload/1/0123abcd-leaf.jpg", 422), ("http://127.0.0.1/x.png", 422),
    ("s3://bucket/x.png", 422), ("", 422),
])  # fmt: skip
def test_pictures_that_cannot_be_fetched_are_told(studio, project, names, image, status):
    assert studio("/webhook", event({"image": image}, [names[0]])).status_code == status
    assert not Annotation.objects.exists()


def test_a_choice_that_is_no_label_is_told(studio, served):
    told = studio("/webhook", event({"labeler_image": served[1][0].pk}, ["nonsense"]))
    assert (told.status_code, told.json()["code"]) == (422, "unknown_label")


# Its own SDK ------------------------------------------------------------------------------


def test_configurations_are_read_as_told():
    found = parse(config(["a", "b"], "multiple", "$url"))
    assert (found.image, found.value, found.choices) == ("img", "url", "kind")
    assert (found.multiple, found.names) == (True, ("a", "b"))
    with pytest.raises(NotForUs):
        parse("<View>" + "x" * 300_000)


@pytest.mark.slow
def test_label_studios_sdk_takes_the_predictions(studio, served, names):
    _, made = served
    tasks = [{"id": 1, "data": {"image": f"/images/{made[20].pk}/original"}}]
    schema = config(names)
    told = studio("/predict", {"tasks": tasks, "label_config": schema}).json()
    given = json.dumps({"config": schema, "prediction": told["results"][0]})
    script = Path(__file__).with_name("label_studio_reading.py")
    command = [str(the_readers()), str(script)]
    ran = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr[-2000:]
    read = json.loads(ran.stdout)
    ours = parse(schema)
    assert read == {
        "valid": True, "version": "1", "from_name": ours.choices, "to_name": [ours.image],
        "value": ours.value, "labels": sorted(ours.names),
        "choices": told["results"][0]["result"][0]["value"]["choices"],
    }  # fmt: skip
