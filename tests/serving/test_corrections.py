"""A picture that the model got wrong goes into the pool with its right label, once, and blindly
asked images stay blind."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.work.tasks import run
from tests.training.drawn import draw, striped

pytestmark = pytest.mark.django_db


def send(client, user, project, row, *labels, **more):
    client.force_login(user)
    file = SimpleUploadedFile("my leaf.png", striped(row), "image/png")
    return client.post(
        f"/api/v1/projects/{project.pk}/corrections", {"file": file, "label": labels, **more}
    )


def said(project, image):
    rows = Annotation.objects.filter(project=project, image=image, current=True)
    return [(row.user.username, row.audit, [la.name for la in row.labels.all()]) for row in rows]


@pytest.fixture
def name(project):
    return project.labels.order_by("place").first().name


def test_a_new_picture_is_imported_with_its_label_as_the_senders_answer(
    client, project, admin, name
):
    told = send(client, admin, project, 3, name)
    assert (told.status_code, told.json()["image"]) == (202, None)
    run("import")
    image = Image.objects.get(project=project)
    assert image.name == "my leaf.png"
    assert said(project, image) == [(admin.username, False, [name])]


def test_a_known_picture_gets_the_label_in_place_of_the_others(
    client, project, reviewer, annotator, name
):
    draw(project, [0])
    image = Image.objects.get(project=project)
    other = project.labels.order_by("place").last()
    wrong = Annotation.objects.create(uuid=uuid4(), project=project, image=image, user=annotator)
    wrong.labels.add(other)
    assert send(client, reviewer, project, 0, name).status_code == 201
    assert said(project, image) == [(reviewer.username, False, [name])]
    image.refresh_from_db()
    assert image.state == Image.State.LABELED


def test_the_same_sent_twice_is_stored_once(client, project, reviewer, name):
    draw(project, [0])
    uuid = str(uuid4())
    assert send(client, reviewer, project, 0, name, uuid=uuid).status_code == 201
    assert send(client, reviewer, project, 0, name, uuid=uuid).status_code == 200
    assert Annotation.objects.count() == 1


def test_an_audit_image_stays_open_and_is_never_measured_by_it(client, project, reviewer, name):
    draw(project, [9])
    image = Image.objects.get(project=project)
    assert image.audit
    item = QueueItem.objects.create(
        project=project, image=image, rank=0, strategy="audit", audit=True
    )
    assert send(client, reviewer, project, 9, name).status_code == 201
    image.refresh_from_db()
    item.refresh_from_db()
    assert (image.state, item.done_at) == (Image.State.OPEN, None)
    assert said(project, image) == [(reviewer.username, False, [name])]


def test_a_blind_answer_is_not_taken_back_by_it(client, project, reviewer, name):
    draw(project, [9])
    image = Image.objects.get(project=project)
    blind = Annotation.objects.create(
        uuid=uuid4(), project=project, image=image, user=reviewer, audit=True
    )
    told = send(client, reviewer, project, 9, name)
    assert (told.status_code, told.json()["code"]) == (409, "audit")
    blind.refresh_from_db()
    assert blind.current


def test_new_pictures_take_an_admin(client, project, reviewer, annotator, outsider, name):
    assert send(client, reviewer, project, 3, name).status_code == 403
    assert send(client, annotator, project, 3, name).status_code == 403
    assert send(client, outsider, project, 3, name).status_code == 404


@pytest.mark.parametrize("labels", [[], ["no such label"], [" "]])
def test_wrong_labels_import_nothing(client, project, admin, labels):
    assert send(client, admin, project, 3, *labels).status_code == 422
    assert not project.imports.exists()


def test_a_call_without_a_picture_says_so(client, project, admin, name):
    client.force_login(admin)
    told = client.post(f"/api/v1/projects/{project.pk}/corrections", {"label": name})
    assert (told.status_code, told.json()["code"]) == (422, "no_file")
