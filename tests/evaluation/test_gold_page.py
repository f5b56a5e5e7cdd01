"""The page of gold images: marking, taking the mark off, naming in a list, who does how well."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from labeler.labeling import gold
from labeler.labeling.models import Gold
from tests.evaluation.pages import page, text_of


@pytest.fixture
def answered(bench):
    """Six images: rows 0 to 5 are healthy, rust, mildew, healthy, rust, mildew."""
    made = bench.images(6, audit=False)
    for at, image in enumerate(made):
        bench.answer(image, at % 3)
    return made


def post(client, user, project, **fields):
    client.force_login(user)
    return client.post(reverse("gold", args=[project.pk]), fields, follow=True)


def test_marking_and_taking_the_mark_off(client, bench, reviewer, answered):
    chosen = [answered[0].pk, answered[1].pk]
    words = text_of(post(client, reviewer, bench.project, image=chosen, mark="1"))
    assert "2 images are gold now." in words
    assert "2 gold images" in words
    known = {row.image_id: row.labels.get().name for row in Gold.objects.all()}
    assert known == {answered[0].pk: "healthy", answered[1].pk: "rust"}
    words = text_of(post(client, reviewer, bench.project, image=chosen[:1], remove="1"))
    assert "1 image is no longer gold." in words


def test_nothing_chosen_is_said(client, bench, reviewer):
    assert "Choose images first" in text_of(post(client, reviewer, bench.project, mark="1"))


def test_a_list_of_names(client, bench, reviewer, answered):
    open_one, audit = bench.images(1, audit=False)[0], bench.images(1)[0]
    names = "\n".join(
        ["leaf-0.png", "leaf-1.png, Mildew", "nowhere.png", open_one.name, f"{audit.name},rust",
         f"{open_one.name},nonsense", ""]
    )  # fmt: skip
    words = text_of(post(client, reviewer, bench.project, names=names))
    assert "2 images are gold now." in words
    assert "nowhere.png: no image has this name." in words
    assert f"{open_one.name} has no answer that people agree on." in words
    assert f"{audit.name} is in the audit sample" in words
    assert "no label" in words
    assert Gold.objects.get(image=answered[1]).labels.get().name == "mildew"


def test_candidates_by_label_and_reviewed(client, bench, reviewer, answered):
    found = page(client, reviewer, "gold", bench.project, label=bench.ids[1]).context["candidates"]
    assert [image.row for image, _ in found] == [4, 1]
    found = page(client, reviewer, "gold", bench.project, reviewed="1").context["candidates"]
    assert found == []


def test_how_people_do(client, bench, reviewer, admin, answered):
    for image in answered:
        gold.mark(project=bench.project, user=admin, image=image)
        bench.answer(image, 0, user=reviewer, gold=True, body={"label_ids": [bench.ids[0]]})
    found = page(client, reviewer, "gold", bench.project)
    (row,) = found.context["table"].rows
    assert (row.name, row.checked.right, row.checked.answered) == ("reviewer", 2, 6)
    assert row.share.low == pytest.approx(0.0968, abs=5e-4), "Wilson of 2 in 6"
    words = text_of(found)
    assert "1 of 1 right" in words
    assert "also said: healthy" in words


def test_the_person_sees_her_own_figure_only(client, bench, annotator, admin, answered):
    words = text_of(page(client, annotator, "dashboard", bench.project))
    assert "whose answer is known" not in words
    other = bench.images(3, audit=False)
    for image in other:
        bench.answer(image, 1, user=admin)
        gold.mark(project=bench.project, user=admin, image=image)
        bench.answer(image, 1, gold=True, body={"label_ids": [bench.ids[1]]})
    words = text_of(page(client, annotator, "dashboard", bench.project))
    assert "Of 3 so far you gave the known answer to 3." in words
    assert page(client, annotator, "gold", bench.project).status_code == 403


def test_queries_do_not_grow(client, bench, reviewer, admin, answered):
    gold.mark(project=bench.project, user=admin, image=answered[0])
    page(client, reviewer, "gold", bench.project)
    with CaptureQueriesContext(connection) as few:
        page(client, reviewer, "gold", bench.project)
    for image in answered[1:4]:
        gold.mark(project=bench.project, user=admin, image=image)
    with CaptureQueriesContext(connection) as more:
        page(client, reviewer, "gold", bench.project)
    assert len(more) == len(few)


def test_one_image_is_marked_from_its_own_page(client, bench, reviewer, answered):
    url = reverse("image_page", args=[bench.project.pk, answered[0].pk])
    client.force_login(reviewer)
    assert "Make it gold" in text_of(client.get(url))
    chosen = {"image": answered[0].pk, "back": "1"}
    response = client.post(
        reverse("gold", args=[bench.project.pk]), {**chosen, "mark": "1"}, follow=True
    )
    assert response.redirect_chain[-1][0] == url
    assert "No longer gold" in text_of(response)
    client.post(reverse("gold", args=[bench.project.pk]), {**chosen, "remove": "1"})
    assert not Gold.objects.exists()
