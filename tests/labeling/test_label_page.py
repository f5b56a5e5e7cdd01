"""The label page without a script: the same form, the same nouns, one press at a time."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from labeler.labeling import annotations, queue, replies
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Project


@pytest.fixture
def plain(client, ranked, annotator):
    """Opens the page as the annotator; `plain.post` presses a button of the form last seen."""
    ranked.audit_share = 0
    ranked.save()
    client.force_login(annotator)
    return Page(client, reverse("label", args=[ranked.pk]))


class Page:
    def __init__(self, client, url):
        self.client, self.url, self.html = client, url, ""

    def get(self, **query):
        self.html = self.client.get(self.url, query).content.decode()
        return self.html

    def field(self, name):
        return re.search(rf'name="{name}" value="([^"]*)"', self.html)[1]

    def post(self, **pressed):
        form = {"uuid": self.field("uuid"), "item": self.field("item")}
        self.html = self.client.post(self.url, form | pressed, follow=True).content.decode()
        return self.html


def test_a_project_is_labeled_with_the_plain_form_alone(plain, labels):
    plain.get()
    assert "Start labeling" in plain.html
    plain.post(start="1")
    assert "leaf-9.png" in plain.html
    for _ in range(8):
        plain.post(label=str(labels["rust"]))
    plain.post(skip="unsure")
    plain.post(skip="broken")
    assert "Every image has an answer." in plain.html
    assert Annotation.objects.filter(labels=labels["rust"]).count() == 8
    assert Annotation.objects.filter(kind="skip").count() == 2


def test_opening_the_page_claims_nothing(plain):
    plain.get()
    plain.get()
    assert not QueueItem.objects.filter(claimed_by__isnull=False).exists()


def test_the_same_page_sent_twice_is_one_answer(plain, labels):
    plain.get()
    plain.post(start="1")
    form = {"uuid": plain.field("uuid"), "item": plain.field("item"), "label": labels["rust"]}
    for _ in range(2):
        assert plain.client.post(plain.url, form).status_code == 302
    assert Annotation.objects.count() == 1


def test_undo_with_the_plain_form(plain, labels):
    plain.get()
    plain.post(start="1")
    plain.post(label=str(labels["rust"]))
    assert "leaf-8.png" in plain.html
    plain.post(undo=plain.field("undo"))
    assert "data-file>leaf-9.png" in plain.html


def test_an_old_answer_is_changed_with_the_plain_form(plain, labels):
    plain.get()
    plain.post(start="1")
    plain.post(label=str(labels["rust"]))
    plain.get(change=plain.field("undo"))
    assert "data-file>leaf-9.png" in plain.html
    plain.post(label=str(labels["mildew"]))
    current = Annotation.objects.get(current=True)
    assert (current.image.row, current.labels.get().name) == (9, "mildew")


def test_an_answer_that_came_too_late_is_explained(plain, ranked, reviewer, expire, answer, labels):
    plain.get()
    plain.post(start="1")
    expire()
    answer(reviewer, queue.claim(project=ranked, user=reviewer)[0], "rust")
    plain.post(label=str(labels["mildew"]))
    assert "reviewer answered that image first. Here is the next one." in plain.html
    assert "leaf-8.png" in plain.html


def test_several_labels_with_the_plain_form(plain, ranked, labels):
    Project.objects.filter(pk=ranked.pk).update(kind="multi")
    plain.get()
    plain.post(start="1")
    plain.post(label=[str(labels["rust"]), str(labels["mildew"])], save="1")
    plain.post(none="1")
    counts = [a.labels.count() for a in Annotation.objects.order_by("pk")]
    assert counts == [2, 0]


@pytest.mark.parametrize(
    "form",
    [
        {"uuid": "x", "item": "1", "label": "1"},
        {"uuid": "", "item": "", "label": "rust"},
        {"uuid": "7e0b36c4-2b0a-4a5f-9a0d-2f8a5f4a3c11", "item": "٣", "label": "1"},
        {"uuid": "7e0b36c4-2b0a-4a5f-9a0d-2f8a5f4a3c11", "item": "9" * 40, "label": "1"},
        {"undo": "x"},
        {"skip": "tired"},
        {},
    ],
)
def test_a_crooked_form_is_no_error_of_ours_and_stores_nothing(plain, form):
    response = plain.client.post(plain.url, form, follow=True)
    assert response.status_code == 200
    assert not Annotation.objects.exists()


def test_audit_images_are_blind_on_the_page_too(plain, ranked):
    ranked.audit_share = 1
    ranked.save()
    plain.get()
    plain.post(start="1")
    assert "Drawn at random to measure." in plain.html
    assert '"suggestion"' not in plain.html


def test_suggestions_can_be_switched_off_by_a_person(plain, ranked, annotator, labels):
    plain.get()
    plain.post(start="1")
    assert '"suggestion"' in plain.html
    plain.client.post(reverse("label_suggestions", args=[ranked.pk]), {"show": "0"})
    plain.get()
    assert '"suggestion"' not in plain.html
    assert "Show the model" in plain.html
    plain.post(label=str(labels["rust"]))
    assert not Annotation.objects.get().suggestion_shown


def test_suggestions_can_be_switched_off_for_the_project(plain, ranked):
    Project.objects.filter(pk=ranked.pk).update(suggestion_share=0.0)
    plain.get()
    plain.post(start="1")
    assert '"suggestion"' not in plain.html


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda p: p.labels.update(retired=True), "This project has no label yet."),
        (lambda p: Image.objects.filter(project=p).delete(), "The pool is empty."),
        (
            lambda p: Image.objects.filter(project=p).update(state="labeled"),
            "Every image has an answer.",
        ),
    ],
)
def test_an_empty_page_says_what_to_do(plain, ranked, spoil, words):
    spoil(ranked)
    assert words in plain.get()


def test_names_are_shown_as_they_are(plain, ranked):
    nasty = '</script><img src=x onerror="alert(1)">{{ 7 }}'
    Image.objects.filter(project=ranked).update(name=nasty)
    ranked.labels.filter(place=0).update(name=nasty)
    plain.get()
    plain.post(start="1")
    assert "<img src=x" not in plain.html
    assert "&lt;img src=x" in plain.html


def test_outsiders_find_no_page(client, ranked, outsider):
    client.force_login(outsider)
    for name in ("label", "label_state", "label_release", "label_suggestions", "export"):
        url = reverse(name, args=[ranked.pk])
        assert client.post(url).status_code in (404, 405)
        assert client.get(url).status_code in (404, 405)


def test_the_state_says_how_far_the_project_is(client, ranked, annotator):
    client.force_login(annotator)
    state = client.get(reverse("label_state", args=[ranked.pk])).json()
    assert state["user"] == annotator.pk
    assert state["progress"]["images"] == 10
    assert state["progress"]["labeled"] == 0


@pytest.mark.parametrize(
    "body", ["", "null", "[]", "{}", '{"items": 1}', '{"items": ["a"]}', "[" * 9999]
)
def test_a_crooked_release_is_refused(client, ranked, annotator, body):
    client.force_login(annotator)
    url = reverse("label_release", args=[ranked.pk])
    response = client.post(url, body, content_type="application/json")
    assert response.status_code == 422
    assert response.json()["code"] == "bad_items"


def test_released_images_are_free(client, ranked, annotator, reviewer):
    client.force_login(annotator)
    ranked.audit_share = 0
    items = queue.claim(project=ranked, user=annotator, count=3)
    url = reverse("label_release", args=[ranked.pk])
    sent = {"items": [items[2].pk]}
    assert client.post(url, sent, content_type="application/json").json() == {"released": 1}
    assert queue.claim(project=ranked, user=reviewer)[0] == items[2]


def test_a_removed_member_labels_no_more(plain, ranked, annotator, labels):
    plain.get()
    plain.post(start="1")
    form = {"uuid": plain.field("uuid"), "item": plain.field("item"), "label": labels["rust"]}
    ranked.memberships.filter(user=annotator).delete()
    assert plain.client.post(plain.url, form).status_code == 404
    assert not Annotation.objects.exists()


def test_the_strip_holds_what_still_stands(plain, ranked, annotator, answer):
    items = queue.claim(project=ranked, user=annotator, count=3)
    outcomes = [answer(annotator, item, "rust") for item in items]
    annotations.undo(project=ranked, user=annotator, uuid=outcomes[1].annotation.uuid)
    html = plain.get()
    shown = set(re.findall(r'data-uuid="([0-9a-f-]{36})"', html))
    assert shown == {str(outcomes[n].annotation.uuid) for n in (0, 2)}


@pytest.mark.parametrize("body", ["", "null", "[]", '{"items": 1}', '{"items": [true]}'])
def test_a_crooked_heartbeat_is_refused(client, ranked, annotator, body):
    client.force_login(annotator)
    url = reverse("label_keep", args=[ranked.pk])
    response = client.post(url, body, content_type="application/json")
    assert response.status_code == 422
    assert response.json()["code"] == "bad_items"


def test_an_open_page_hears_which_images_are_still_its_own(client, ranked, annotator, reviewer):
    client.force_login(annotator)
    mine = queue.claim(project=ranked, user=annotator, count=2)
    (other,) = queue.claim(project=ranked, user=reviewer)
    sent = {"items": [mine[0].pk, other.pk]}
    url = reverse("label_keep", args=[ranked.pk])
    told = client.post(url, sent, content_type="application/json").json()
    assert told["held"] == [mine[0].pk]
    assert told["user"] == annotator.pk
    assert told["progress"]["images"] == 10


def test_a_page_that_closes_gives_its_images_back_a_little_later(client, ranked, annotator):
    """Fifteen seconds, so that a page that is reloaded keeps what it shows."""
    client.force_login(annotator)
    items = queue.claim(project=ranked, user=annotator, count=2)
    sent = {"items": [item.pk for item in items], "leaving": True}
    url = reverse("label_release", args=[ranked.pk])
    assert client.post(url, sent, content_type="application/json").json() == {"released": 2}
    soon = timezone.now() + timedelta(seconds=20)
    held = QueueItem.objects.filter(claimed_by=annotator, claimed_until__lt=soon)
    assert held.count() == 2
    assert queue.keep(project=ranked, user=annotator, item_ids=sent["items"]) == sent["items"]
    assert not held.filter(claimed_until__lt=soon).exists()
    assert client.post(url, sent, content_type="application/json").json() == {"released": 2}


def test_an_answer_older_than_the_strip_can_be_changed(
    plain, ranked, annotator, answer, monkeypatch
):
    monkeypatch.setattr(replies, "STRIP", 1)
    monkeypatch.setattr(replies.strip, "__defaults__", (1,))
    items = queue.claim(project=ranked, user=annotator, count=2)
    oldest, _ = [answer(annotator, item, "rust").annotation for item in items]
    assert str(oldest.uuid) not in plain.get()
    html = plain.get(change=str(oldest.uuid))
    assert f'"change": "{oldest.uuid}"' in html
    assert f"data-file>{items[0].image.name}" in html
    assert '"change": null' in plain.get(change="nonsense")
