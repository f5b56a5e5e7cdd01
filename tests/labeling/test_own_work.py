"""My labels: own answers only, with what a reviewer made of them; and the pace."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from labeler.labeling import annotations, own_work, pace, queue, skips
from labeler.labeling.models import Annotation
from labeler.labeling.own_work import Wish
from labeler.projects.models import Label

pytestmark = pytest.mark.django_db


@pytest.fixture
def given(ranked, answer, annotator):
    """Five answers of the annotator: rust, mildew, a skip, healthy, rust; newest last."""
    said = ["rust", "mildew", None, "healthy", "rust"]
    ranked.audit_share = 0
    ranked.save()
    for n, label in enumerate(said, 1):
        (item,) = queue.claim(project=ranked, user=annotator)
        sent = {"skip": "unsure"} if label is None else {}
        answer(annotator, item, *([label] if label else []), elapsed_ms=1000 * n, **sent)
    return list(Annotation.objects.order_by("pk"))


def review(project, reviewer, row, *label_ids, skip=""):
    return annotations.review(
        project=project, user=reviewer, image=row.image, uuid=uuid.uuid4(),
        label_ids=None if skip else label_ids, skip=skip,
    )  # fmt: skip


def shown(project, user, **wish):
    lines, _ = own_work.page(project, user, Wish(**wish))
    return [(line.answer.pk, line.fate) for line in lines]


def test_newest_first_and_nobody_elses(given, ranked, annotator, people, answer):
    (other,) = people(1)
    (item,) = queue.claim(project=ranked, user=other)
    answer(other, item, "rust")
    assert shown(ranked, annotator) == [(row.pk, "") for row in reversed(given)]
    assert len(shown(ranked, other)) == 1


def test_what_a_reviewer_changed_confirmed_or_asked_again(
    given, ranked, annotator, reviewer, labels
):
    review(ranked, reviewer, given[0], labels["mildew"])
    review(ranked, reviewer, given[1], labels["mildew"])
    skips.ask_again(project=ranked, user=reviewer, image_ids=[given[2].image_id])
    fates = dict(shown(ranked, annotator))
    assert [fates[row.pk] for row in given] == ["changed", "confirmed", "again", "", ""]
    lines, _ = own_work.page(ranked, annotator, Wish(show="changed"))
    assert [line.answer.pk for line in lines] == [given[0].pk]
    assert lines[0].now.user == reviewer
    assert not lines[0].changeable
    assert own_work.changed_count(ranked, annotator) == 1


def test_an_undone_or_changed_answer_is_gone(given, ranked, annotator, answer):
    annotations.undo(project=ranked, user=annotator, uuid=given[4].uuid)
    answer(annotator, given[0].item_id, "healthy")
    rows = dict(shown(ranked, annotator))
    assert given[4].pk not in rows
    assert given[0].pk not in rows
    assert len(rows) == 4


def test_filters(given, ranked, annotator):
    rust = Label.objects.get(name="rust")
    assert [pk for pk, _ in shown(ranked, annotator, show="skipped")] == [given[2].pk]
    assert [pk for pk, _ in shown(ranked, annotator, label=rust)] == [given[4].pk, given[0].pk]
    Annotation.objects.filter(pk=given[0].pk).update(created_at=timezone.now() - timedelta(days=2))
    assert len(shown(ranked, annotator, show="today")) == 4


def test_pages_meet_without_a_gap(given, ranked, annotator, monkeypatch):
    monkeypatch.setattr(own_work, "PAGE", 2)
    seen, before = [], None
    while True:
        lines, before = own_work.page(ranked, annotator, Wish(before=before))
        seen += [line.answer.pk for line in lines]
        if before is None:
            break
    assert seen == [row.pk for row in reversed(given)]


def test_pace_is_the_median_and_a_pause_counts_two_minutes(given, ranked, annotator):
    found = pace.of(ranked, annotator)
    assert found.seconds == 3.0
    assert found.per_hour == pytest.approx(3600 / 3)
    assert [(day.answers, day.seconds) for day in found.days] == [(5, 3.0)]
    assert pace.per_hour([10.0, 9000.0]) == pytest.approx(2 * 3600 / 130)
    assert pace.per_hour([]) is None


def test_the_page_leads_to_the_label_page_where_it_can_be_changed(
    client, given, ranked, annotator, reviewer, labels
):
    review(ranked, reviewer, given[0], labels["mildew"])
    client.force_login(annotator)
    html = client.get(f"/projects/{ranked.pk}/mine").content.decode()
    assert f"/projects/{ranked.pk}/label?change={given[4].uuid}" in html
    assert f"change={given[0].uuid}" not in html
    assert html.count("<b>mildew</b> · reviewer") == 1
    assert (
        "A reviewer gave 1 of your images another answer"
        in client.get(f"/projects/{ranked.pk}/").content.decode()
    )
    for address in ("mine?show=x&label=x&before=x", f"mine?before={2**70}", "mine?show=changed"):
        assert client.get(f"/projects/{ranked.pk}/{address}").status_code == 200
