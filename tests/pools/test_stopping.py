"""Pause, go on, cancel: what the page says of it, and what comes of it."""

from uuid import uuid4

import pytest
from django.urls import reverse

from labeler.labeling import progress
from labeler.labeling.models import Annotation
from labeler.pools.models import Image, Import
from labeler.projects.models import Project
from tests.pools.conftest import bring, pictures, send, work


@pytest.fixture
def person(client, admin):
    client.force_login(admin)
    return client


def address(imp, name):
    return reverse(name, args=[imp.project_id, imp.number])


def page(person, project):
    return person.get(reverse("import", args=[project.pk])).content.decode()


def test_pause_and_go_on(person, project, admin):
    imp = send(project, admin, pictures(2))
    person.post(address(imp, "import_pause"))
    imp.refresh_from_db()
    assert imp.state == "paused"
    text = page(person, project)
    assert "Go on" in text
    assert 'hx-trigger="every' not in text
    person.post(address(imp, "import_go_on"))
    imp.refresh_from_db()
    assert imp.state == "due"


def test_cancelling_says_what_it_means(person, project, admin):
    imp = send(project, admin, pictures(2))
    Import.objects.filter(pk=imp.pk).update(total=2, added=1)
    text = page(person, project)
    assert "Stop and keep what came in" in text
    assert "Stop and take it back" in text
    person.post(address(imp, "import_cancel"), {"take_back": "1"})
    imp.refresh_from_db()
    assert imp.cursor["take_back"]
    assert "taking back what it added" in page(person, project)


def test_what_was_taken_back_is_not_in_the_pool_any_more(person, project, admin):
    bring(project, admin, pictures(3))
    imp = bring(project, admin, pictures(5))
    assert "5 images in the pool" in page(person, project)
    person.post(address(imp, "import_cancel"), {"take_back": "1"})
    work(imp)
    assert "3 images in the pool" in page(person, project)
    assert "3 images" in person.get("/").content.decode()
    assert person.get(f"/api/v1/projects/{project.pk}").json()["images"] == 3
    assert progress.as_dict(Project.objects.get(pk=project.pk))["images"] == 3


def test_an_answer_that_somebody_gave_keeps_its_image(person, project, admin, annotator):
    imp = bring(project, admin, pictures(3))
    image = Image.objects.filter(project=project).first()
    annotation = Annotation.objects.create(
        uuid=uuid4(), project=project, image=image, user=annotator, source="queue"
    )
    annotation.labels.add(project.labels.first())
    person.post(address(imp, "import_cancel"), {"take_back": "1"})
    work(imp)
    text = person.get(address(imp, "import_report")).content.decode()
    assert "2 images were taken back." in text
    assert "1 stays: somebody has worked on it since." in text


def test_a_cancel_that_comes_too_late_says_so(person, project, admin):
    imp = bring(project, admin, pictures(1))
    answer = person.post(address(imp, "import_cancel"), follow=True)
    assert "is over already" in answer.content.decode()
    for step, words in (("import_pause", "cannot be paused"), ("import_go_on", "is not paused")):
        assert words in person.post(address(imp, step), follow=True).content.decode()
    imp.refresh_from_db()
    assert imp.state == "done"
