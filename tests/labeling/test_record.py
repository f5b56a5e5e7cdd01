"""Promise 2: an acknowledged label is never lost and never counted twice."""

from uuid import uuid4

import pytest

from labeler.labeling import annotations, queue, refill, signals
from labeler.labeling.models import Annotation, QueueItem
from labeler.projects.models import Label, Project

UUID = "7e0b36c4-2b0a-4a5f-9a0d-2f8a5f4a3c11"


@pytest.fixture
def item(ranked, annotator):
    ranked.audit_share = 0
    return queue.claim(project=ranked, user=annotator)[0]


def test_an_answer_is_stored_with_its_why(item, annotator, answer, labels):
    outcome = answer(annotator, item, "rust", elapsed_ms=640)
    stored = Annotation.objects.get()
    assert (outcome.code, outcome.status) == ("created", 201)
    assert [label.name for label in stored.labels.all()] == ["rust"]
    assert (stored.strategy, stored.score, stored.rank, stored.version) == ("margin", 0.9, 0, 3)
    assert stored.elapsed_ms == 640
    assert stored.suggestion_shown
    item.image.refresh_from_db()
    assert item.image.state == "labeled"


def test_the_same_answer_again_is_one_answer(item, annotator, answer):
    first = answer(annotator, item, "rust", uuid=UUID, elapsed_ms=5)
    again = answer(annotator, item, "rust", uuid=UUID.upper(), elapsed_ms=5)
    assert (again.code, again.status) == ("replayed", 200)
    assert again.annotation == first.annotation
    assert Annotation.objects.count() == 1


@pytest.mark.parametrize("change", [{"elapsed_ms": 6}, {"labels": ["mildew"]}, {"item": 999}])
def test_the_same_uuid_for_another_answer_is_refused(item, annotator, project, change):
    sent = {"uuid": UUID, "item": item.pk, "labels": ["rust"], "elapsed_ms": 5}
    record = lambda body: annotations.record(project=project, user=annotator, answers=[body])[0]  # noqa: E731
    record(sent)
    outcome = record(sent | change)
    assert (outcome.code, outcome.status) == ("conflict", 409)
    assert Annotation.objects.count() == 1


def test_anothers_uuid_is_refused_and_tells_nothing(item, annotator, reviewer, answer):
    answer(annotator, item, "rust", uuid=UUID)
    outcome = answer(reviewer, item, "rust", uuid=UUID)
    assert outcome.code == "conflict"
    assert outcome.annotation is None


def test_a_late_answer_counts_if_nobody_else_has_the_image(item, annotator, answer, expire):
    expire()
    assert answer(annotator, item, "rust").code == "created"


def test_a_late_answer_is_lost_when_somebody_else_holds_the_image(
    item, annotator, reviewer, project, answer, expire
):
    expire()
    assert queue.claim(project=project, user=reviewer)[0] == item
    outcome = answer(annotator, item, "rust")
    assert (outcome.code, outcome.status) == ("claim_lost", 409)
    assert "reviewer has that image now" in outcome.detail
    assert answer(reviewer, item, "mildew").code == "created"


def test_a_late_answer_is_lost_when_somebody_else_answered(
    item, annotator, reviewer, project, answer, expire
):
    expire()
    answer(reviewer, queue.claim(project=project, user=reviewer)[0], "mildew")
    outcome = answer(annotator, item, "rust")
    assert outcome.code == "claim_lost"
    assert outcome.detail == "reviewer answered that image first. Here is the next one."
    assert [label.name for label in Annotation.objects.get().labels.all()] == ["mildew"]


def test_a_late_answer_survives_a_refill(item, annotator, project, images, answer, expire):
    """An hour offline, and meanwhile a round ranked the queue anew."""
    expire()
    refill.replace(
        project, [refill.Ranked(i.pk) for i in images[2:]], strategy="entropy", version=4
    )
    assert answer(annotator, item, "rust").code == "created"
    assert not queue.open_items(project).filter(image=item.image).exists()
    assert not QueueItem.objects.filter(image=item.image, done_at=None).exists()


def test_a_change_of_mind_supersedes(item, annotator, answer):
    first = answer(annotator, item, "rust").annotation
    second = answer(annotator, item, "mildew").annotation
    first.refresh_from_db()
    assert not first.current
    assert second.supersedes == first
    assert Annotation.objects.filter(current=True).count() == 1


def test_a_skip_has_a_reason_and_closes_the_question(item, annotator, answer):
    assert answer(annotator, item, skip="unsure").code == "created"
    item.image.refresh_from_db()
    assert item.image.state == "skipped"


BAD = {
    "unknown label": ({"labels": ["blight"]}, "unknown_label"),
    "unknown id": ({"labels": [10**9]}, "unknown_label"),
    "two labels": ({"labels": ["rust", "mildew"]}, "one_label"),
    "no label": ({"labels": []}, "one_label"),
    "doubled": ({"labels": ["rust", "Rust "]}, "doubled_label"),
    "10,000 labels": ({"labels": ["rust"] * 10_000}, "too_many_labels"),
    "not a list": ({"labels": "rust"}, "bad_labels"),
    "true as id": ({"labels": [True]}, "bad_labels"),
    "neither": ({}, "labels_or_skip"),
    "both": ({"labels": ["rust"], "skip": "unsure"}, "labels_or_skip"),
    "odd skip": ({"skip": "tired"}, "bad_skip"),
    "negative time": ({"labels": ["rust"], "elapsed_ms": -1}, "bad_elapsed"),
    "float time": ({"labels": ["rust"], "elapsed_ms": 1.5}, "bad_elapsed"),
    "text time": ({"labels": ["rust"], "elapsed_ms": "5"}, "bad_elapsed"),
    "endless time": ({"labels": ["rust"], "elapsed_ms": 1e308}, "bad_elapsed"),
    "not a uuid": ({"labels": ["rust"], "uuid": "x"}, "bad_uuid"),
    "braces": ({"labels": ["rust"], "uuid": "{" + UUID + "}"}, "bad_uuid"),
    "nil": ({"labels": ["rust"], "uuid": "00000000-0000-0000-0000-000000000000"}, "bad_uuid"),
    "item as text": ({"labels": ["rust"], "item": "7"}, "bad_item"),
    "huge item": ({"labels": ["rust"], "item": 2**64}, "bad_item"),
    "no such item": ({"labels": ["rust"], "item": 2**62}, "unknown_item"),
    "odd field": ({"labels": ["rust"], "user": 1}, "unknown_field"),
}


@pytest.mark.parametrize(("change", "code"), BAD.values(), ids=BAD.keys())
def test_a_bad_answer_is_refused_with_a_reason(item, annotator, project, change, code):
    sent = {"uuid": UUID, "item": item.pk} | change
    outcome = annotations.record(project=project, user=annotator, answers=[sent])[0]
    assert outcome.code == code
    assert 400 <= outcome.status < 500
    assert outcome.detail.endswith(".")
    assert not Annotation.objects.exists()
    item.refresh_from_db()
    assert item.done_at is None


@pytest.mark.parametrize("sent", [None, [], "x", 5, {}])
def test_what_is_no_answer_at_all_is_refused(item, annotator, project, sent):
    outcome = annotations.record(project=project, user=annotator, answers=[sent])[0]
    assert outcome.status == 422


def test_a_retired_or_foreign_label_is_refused(item, annotator, project, outsider, answer, labels):
    Label.objects.filter(name="rust").update(retired=True)
    foreign = Label.objects.create(project=outsider.projects.get(), name="oak", place=0)
    assert answer(annotator, item, labels["rust"]).code == "retired_label"
    assert answer(annotator, item, foreign.pk).code == "unknown_label"


def test_an_item_of_another_project_is_unknown(item, outsider, answer):
    own = outsider.projects.get()
    outcome = annotations.record(
        project=own, user=outsider, answers=[{"uuid": UUID, "item": item.pk, "skip": "unsure"}]
    )[0]
    assert outcome.code == "unknown_item"


def test_of_a_mixed_list_the_good_ones_are_kept(ranked, annotator):
    first, second = queue.claim(project=ranked, user=annotator, count=2)
    outcomes = annotations.record(
        project=ranked,
        user=annotator,
        answers=[
            {"uuid": str(uuid4()), "item": first.pk, "labels": ["rust"]},
            {"uuid": str(uuid4()), "item": first.pk, "labels": ["blight"]},
            {"uuid": str(uuid4()), "item": second.pk, "skip": "broken"},
        ],
    )
    assert [outcome.status for outcome in outcomes] == [201, 422, 201]
    assert Annotation.objects.count() == 2


def test_in_a_multi_label_project_none_of_them_is_an_answer(ranked, annotator, answer, labels):
    Project.objects.filter(pk=ranked.pk).update(kind="multi")
    ranked.refresh_from_db()
    first, second = queue.claim(project=ranked, user=annotator, count=2)
    assert answer(annotator, first).code == "created"
    assert answer(annotator, second, labels["rust"], labels["mildew"]).code == "created"
    assert sorted(a.labels.count() for a in Annotation.objects.all()) == [0, 2]


def test_an_audit_answer_is_blind_whatever_the_client_says(project, images, annotator, answer):
    project.audit_share = 1
    item = queue.claim(project=project, user=annotator)[0]
    stored = answer(annotator, item, "rust", suggestion_shown=True).annotation
    assert stored.audit
    assert not stored.suggestion_shown


def test_the_client_may_say_that_no_suggestion_was_shown(item, annotator, answer):
    assert not answer(annotator, item, "rust", suggestion_shown=False).annotation.suggestion_shown


def test_news_goes_out_after_the_commit_and_only_for_something_new(
    item, annotator, answer, project, django_capture_on_commit_callbacks
):
    heard = []
    listener = lambda **news: heard.append(news["project_id"])  # noqa: E731
    signals.answered.connect(listener)
    try:
        with django_capture_on_commit_callbacks() as callbacks:
            answer(annotator, item, "rust", uuid=UUID)
        assert not heard, "nothing is said before the commit"
        callbacks[0]()
        assert heard == [project.pk]
        with django_capture_on_commit_callbacks() as callbacks:
            answer(annotator, item, "rust", uuid=UUID)
        assert not callbacks, "a replay is no news"
    finally:
        signals.answered.disconnect(listener)


def test_an_answer_takes_few_queries(item, annotator, answer, django_assert_max_num_queries):
    # labels, item, uuid, current answers, insert, labels of it, close, state; two savepoints
    with django_assert_max_num_queries(11):
        answer(annotator, item, "rust")
