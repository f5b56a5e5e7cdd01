"""Many images of one predicted label: claimed, confirmed, undone; never audit, never gold."""

from uuid import uuid4

import pytest
from django.db import connection

from labeler.labeling import (
    annotations,
    batches,
    consensus,
    grid,
    progress,
    queue,
    refill,
    replies,
)
from labeler.labeling.answers import Refused
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Label, Project


@pytest.fixture
def rust(project):
    return Label.objects.get(project=project, name="rust")


@pytest.fixture
def sure(project, images, labels):
    """Rows 2 … 7 are rust to the model, surest first by row; rows 8 and 9 are mildew."""
    project.audit_share = 0
    project.save()
    rows = [
        refill.Ranked(
            image.pk, 0.1, {str(labels["rust"]): 0.9}, confidence=round(1 - image.row / 100, 4),
            predicted=labels["rust"] if image.row < 8 else labels["mildew"],
            strategy=grid.CONFIDENT if image.row % 2 else "",
        )
        for image in reversed(images)
    ]  # fmt: skip
    refill.replace(project, rows, strategy="margin", version=3)
    return project


def rows_of(items):
    return [item.image.row for item in items]


def answers_for(items, label="rust", **others):
    """Answers for the items; `row7="mildew"` gives the image in row 7 another label."""
    given = [others.get(f"row{item.image.row}", label) for item in items]
    return [
        {"uuid": str(uuid4()), "item": item.pk, "labels": [name]}
        for item, name in zip(items, given, strict=True)
    ]


@pytest.fixture
def confirm(sure):
    def send(user, items, taken_out=(), batch=None, answers=None, **others):
        return batches.confirm(
            project=sure, user=user, batch=batch or uuid4(),
            answers=answers if answers is not None else answers_for(items, **others),
            taken_out=[item.pk for item in taken_out],
        )  # fmt: skip

    return send


def test_a_page_holds_images_of_one_label_surest_first(sure, annotator, rust):
    items = grid.claim(project=sure, user=annotator, label=rust, count=4)
    assert rows_of(items) == [2, 3, 4, 5]
    held = QueueItem.objects.filter(claimed_by=annotator, claimed_until__isnull=False)
    assert set(held) == set(items)


def test_what_the_model_half_believes_is_not_ticked_for_anybody(sure, images, annotator, rust):
    QueueItem.objects.filter(image=images[2]).update(confidence=0.5)
    QueueItem.objects.filter(image__in=images[3:6]).update(confidence=0.49)
    assert grid.counts(sure, annotator)[rust.pk] == 3
    items = grid.claim(project=sure, user=annotator, label=rust, count=9)
    assert rows_of(items) == [6, 7, 2]


@pytest.fixture
def threshold(monkeypatch):
    """Saves a threshold for a label, as the floor above tells it."""
    saved = {}
    monkeypatch.setattr(progress, "_provider", lambda project: progress.Rounds(thresholds=saved))
    return saved


def test_below_its_saved_threshold_nothing_is_called_by_a_label(sure, annotator, rust, threshold):
    threshold[rust.pk] = 0.96  # rows 2, 3 and 4 reach it
    assert grid.counts(sure, annotator)[rust.pk] == 3
    items = grid.claim(project=sure, user=annotator, label=rust, count=9)
    assert rows_of(items) == [2, 3, 4]


def test_what_was_chosen_in_explore_is_shown_below_the_threshold_too(
    sure, images, annotator, rust, threshold
):
    threshold[rust.pk] = 0.99
    QueueItem.objects.filter(image=images[6]).update(strategy=refill.ASKED_FOR)
    assert grid.counts(sure, annotator, chosen=True) == {rust.pk: 1}
    items = grid.claim(project=sure, user=annotator, label=rust, count=9, chosen=True)
    assert rows_of(items) == [6]


def test_a_suggestion_below_its_threshold_says_unknown(sure, annotator, rust, threshold):
    def suggestion():
        item = queue.claim(project=sure, user=annotator, count=1)[0]
        return replies.claimed(sure, annotator, [item])["items"][0]["suggestion"]

    assert suggestion()["unknown"] is False
    threshold[rust.pk] = 0.95
    found = suggestion()
    assert (found["unknown"], found["label"], found["p"]) == (True, "rust", 0.9)


@pytest.mark.parametrize(("saved", "unknown"), [(None, False), (0.95, True), (0.85, False)])
def test_of_several_labels_one_must_reach_its_threshold(
    sure, annotator, rust, threshold, saved, unknown
):
    Project.objects.filter(pk=sure.pk).update(kind="multi")
    sure.refresh_from_db()
    if saved:
        threshold[rust.pk] = saved
    item = queue.claim(project=sure, user=annotator, count=1)[0]
    told = replies.claimed(sure, annotator, [item])["items"][0]["suggestion"]
    assert told["unknown"] is unknown


def test_the_next_page_leaves_out_what_the_page_knows(sure, annotator, rust):
    first = grid.claim(project=sure, user=annotator, label=rust, count=4)
    known = [item.pk for item in first]
    second = grid.claim(project=sure, user=annotator, label=rust, count=4, known=known)
    assert rows_of(second) == [6, 7]


def test_after_a_reload_the_same_images_stand_there(sure, annotator, rust):
    first = grid.claim(project=sure, user=annotator, label=rust, count=3)
    assert grid.claim(project=sure, user=annotator, label=rust, count=3) == first


def test_two_people_never_share_an_image(sure, annotator, reviewer, rust):
    mine = grid.claim(project=sure, user=annotator, label=rust, count=3)
    theirs = grid.claim(project=sure, user=reviewer, label=rust, count=3)
    one_by_one = queue.claim(project=sure, user=reviewer, count=50)
    assert not {i.image_id for i in mine} & {i.image_id for i in [*theirs, *one_by_one]}
    assert rows_of(theirs) == [5, 6, 7]


def test_a_claim_that_ran_out_is_somebody_elses(sure, annotator, reviewer, rust, expire):
    mine = grid.claim(project=sure, user=annotator, label=rust, count=2)
    expire()
    theirs = grid.claim(project=sure, user=reviewer, label=rust, count=2)
    assert theirs == mine
    assert queue.keep(project=sure, user=annotator, item_ids=[i.pk for i in mine]) == []


def test_audit_gold_and_unseen_images_never_stand_on_a_grid(sure, annotator, rust, images):
    QueueItem.objects.filter(image=images[2]).update(audit=True)
    QueueItem.objects.filter(image=images[3]).update(gold=True)
    QueueItem.objects.filter(image=images[4]).update(predicted=None, confidence=None)
    Image.objects.filter(pk=images[5].pk).update(audit=True)  # drawn since the round
    items = grid.claim(project=sure, user=annotator, label=rust, count=60)
    assert rows_of(items) == [6, 7]
    assert grid.counts(sure, annotator)[rust.pk] == 2


def test_counts_say_how_many_of_each_label_wait(sure, annotator, reviewer, rust, labels):
    assert grid.counts(sure, annotator) == {labels["rust"]: 6, labels["mildew"]: 2}
    grid.claim(project=sure, user=reviewer, label=rust, count=5)
    assert grid.counts(sure, annotator) == {labels["rust"]: 1, labels["mildew"]: 2}
    assert grid.counts(sure, reviewer)[rust.pk] == 6, "one's own are still there to see"


def test_a_page_is_stored_as_asked(sure, annotator, rust, confirm):
    items = grid.claim(project=sure, user=annotator, label=rust, count=4)
    batch = uuid4()
    done = confirm(annotator, items[:3], taken_out=items[3:], batch=batch, row3="mildew")
    assert (done.stored, done.taken_out) == (3, 1)
    stored = Annotation.objects.order_by("image__row")
    assert [a.labels.get().name for a in stored] == ["rust", "mildew", "rust"]
    assert {(a.source, a.batch, a.suggestion_shown, a.version, a.audit) for a in stored} == {
        ("grid", batch, True, 3, False)
    }
    assert [a.strategy for a in stored] == ["margin", "confident", "margin"]
    assert set(Image.objects.filter(state="labeled").values_list("row", flat=True)) == {2, 3, 4}
    assert len(consensus.training_answers(sure)) == 3


def test_what_was_taken_out_is_asked_next_and_in_no_grid(sure, annotator, reviewer, rust, confirm):
    items = grid.claim(project=sure, user=annotator, label=rust, count=4)
    confirm(annotator, items[:2], taken_out=items[2:])
    assert rows_of(grid.claim(project=sure, user=reviewer, label=rust, count=60)) == [6, 7]
    asked = queue.claim(project=sure, user=annotator, count=3)
    assert {(i.image.row, i.rank, i.strategy) for i in asked} == {
        (4, 0, "taken_out"), (5, 0, "taken_out"), (9, 0, "confident"),
    }  # fmt: skip


def test_a_later_round_leaves_it_off(sure, annotator, reviewer, rust, confirm, images):
    items = grid.claim(project=sure, user=annotator, label=rust, count=2)
    confirm(annotator, items[:1], taken_out=items[1:])
    again = [refill.Ranked(i.pk, 0.1, {}, rust.pk, 0.99, grid.CONFIDENT) for i in images]
    refill.replace(sure, again, strategy="margin", version=4)
    assert 3 not in rows_of(grid.claim(project=sure, user=annotator, label=rust, count=60))
    assert 3 in rows_of(queue.claim(project=sure, user=reviewer, count=2))


def test_only_ones_own_images_are_taken_out(sure, annotator, reviewer, rust):
    theirs = grid.claim(project=sure, user=reviewer, label=rust, count=2)
    ids = [item.pk for item in theirs]
    assert grid.take_out(project=sure, user=annotator, item_ids=ids) == 0


def test_the_same_page_sent_twice_changes_nothing(sure, annotator, rust, confirm):
    items = grid.claim(project=sure, user=annotator, label=rust, count=4)
    batch, answers = uuid4(), answers_for(items[:3])
    for codes in (["created"] * 3, ["replayed"] * 3):
        done = confirm(annotator, [], items[3:], batch=batch, answers=answers)
        assert [o.code for o in done.outcomes] == codes
    assert Annotation.objects.count() == 3


def test_undo_takes_back_the_whole_page_and_holds_its_images(sure, annotator, rust, confirm):
    items = grid.claim(project=sure, user=annotator, label=rust, count=3)
    batch = uuid4()
    confirm(annotator, items, batch=batch)
    for codes in (["created"] * 3, ["replayed"] * 3):
        outcomes = annotations.undo_batch(project=sure, user=annotator, batch=batch)
        assert [o.code for o in outcomes] == codes
    assert not Annotation.objects.filter(current=True).exists()
    assert Annotation.objects.filter(kind="undo").count() == 3, (
        "taken back by rows, not by deletion"
    )
    assert grid.claim(project=sure, user=annotator, label=rust, count=3) == items


def test_undo_leaves_what_was_changed_since(sure, annotator, reviewer, rust, confirm, labels):
    items = grid.claim(project=sure, user=annotator, label=rust, count=3)
    batch = uuid4()
    confirm(annotator, items, batch=batch)
    change = {"uuid": str(uuid4()), "item": items[0].pk, "labels": ["healthy"]}
    annotations.record(project=sure, user=annotator, answers=[change])
    outcomes = annotations.undo_batch(project=sure, user=annotator, batch=batch)
    assert [o.code for o in outcomes] == ["conflict", "created", "created"]
    assert Annotation.objects.get(current=True).labels.get().name == "healthy"


def test_nobody_undoes_somebody_elses_page(sure, annotator, reviewer, rust, confirm):
    batch = uuid4()
    confirm(annotator, grid.claim(project=sure, user=annotator, label=rust, count=2), batch=batch)
    with pytest.raises(Refused, match="confirmed no such page"):
        annotations.undo_batch(project=sure, user=reviewer, batch=batch)


def test_the_last_pages_are_found_again(sure, annotator, rust, confirm):
    pages = []
    for _ in range(2):
        pages.append(uuid4())
        items = grid.claim(project=sure, user=annotator, label=rust, count=2)
        confirm(annotator, items, batch=pages[-1])
    expected = [{"batch": str(b), "label": rust.pk, "answers": 2} for b in reversed(pages)]
    assert batches.last(sure, annotator) == expected
    annotations.undo_batch(project=sure, user=annotator, batch=pages[1])
    assert batches.last(sure, annotator) == expected[1:]


def test_an_image_that_no_grid_shows_is_not_answered_in_a_batch(sure, annotator, images):
    QueueItem.objects.filter(image=images[2]).update(audit=True)
    item = QueueItem.objects.get(image=images[2])
    sent = {"uuid": str(uuid4()), "item": item.pk, "labels": ["rust"], "batch": str(uuid4())}
    assert annotations.record(project=sure, user=annotator, answers=[sent])[0].code == "not_in_grid"
    assert not Annotation.objects.exists()


def test_with_overlap_each_image_stands_once_on_a_persons_page(
    project, images, annotator, reviewer, rust, confirm, sure
):
    Project.objects.filter(pk=project.pk).update(overlap=2)
    project.refresh_from_db()
    rows = [refill.Ranked(i.pk, 0.1, {}, rust.pk, 0.9 - i.row / 100) for i in images[2:6]]
    QueueItem.objects.all().delete()
    refill.replace(project, rows, strategy="margin", version=4)
    mine = grid.claim(project=project, user=annotator, label=rust, count=60)
    theirs = grid.claim(project=project, user=reviewer, label=rust, count=60)
    assert rows_of(mine) == rows_of(theirs) == [2, 3, 4, 5]
    assert not {i.pk for i in mine} & {i.pk for i in theirs}
    assert grid.claim(project=project, user=annotator, label=rust, count=60) == mine


def test_several_labels_are_confirmed_as_exactly_one(sure, annotator, rust, confirm):
    Project.objects.filter(pk=sure.pk).update(kind="multi")
    sure.refresh_from_db()
    confirm(annotator, grid.claim(project=sure, user=annotator, label=rust, count=2))
    assert [list(a.labels.all()) for a in Annotation.objects.all()] == [[rust], [rust]]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL scans a table of ten rows.")
def test_a_claim_reads_the_index_of_the_grid(sure, annotator, rust):
    assert "queueitem_grid" in grid.waiting_for(sure, annotator, rust).explain()
