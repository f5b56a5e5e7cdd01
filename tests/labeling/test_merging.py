"""A label merged into another: everything says the other, and what was said is kept."""

from uuid import uuid4

import pytest

from labeler.evaluation import sample
from labeler.labeling import annotations, consensus, disputes, gold, relabeling, replies
from labeler.labeling.models import Annotation, Dispute, Example, QueueItem
from labeler.pools.models import Guess, Truth
from labeler.projects import labels as label_set
from labeler.projects import merged
from labeler.projects.labels import LabelsRefused, Wish
from labeler.projects.models import Label, LabelEvent, Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def merge(project, admin, labels):
    """A function that merges one label of the project into another."""

    def do(old="mildew", new="rust"):
        return relabeling.merge(project=project, user=admin, old=labels[old], new=labels[new])

    return do


def item_of(image):
    return QueueItem.objects.get(image=image, done_at=None, slot=0)


def says(image):
    rows = Annotation.objects.filter(image=image, current=True).order_by("pk")
    return [sorted(label.name for label in row.labels.all()) for row in rows]


def test_every_answer_says_the_other_label_and_keeps_what_was_said(
    ranked, images, answer, annotator, labels, merge
):
    answer(annotator, item_of(images[5]), "mildew")
    first = answer(annotator, item_of(images[6]), "healthy").annotation
    changed = answer(annotator, first.item_id, "mildew").annotation
    annotations.undo(project=ranked, user=annotator, uuid=changed.uuid)
    done = merge()
    assert (done.answers, done.past) == (1, 1)
    assert says(images[5]) == [["rust"]]
    assert [label.name for label in changed.labels.all()] == ["rust"]
    assert Annotation.objects.get(image=images[5]).body["labels"] == ["mildew"]
    assert consensus.training_answers(ranked) == [(5, [labels["rust"]])]
    old = Label.objects.get(pk=labels["mildew"])
    assert (old.retired, old.merged_into_id) == (True, labels["rust"])


def test_an_answer_of_several_labels_names_the_one_once(ranked, images, answer, annotator, merge):
    Project.objects.filter(pk=ranked.pk).update(kind="multi")
    ranked.refresh_from_db()
    answer(annotator, item_of(images[5]), "rust", "mildew")
    answer(annotator, item_of(images[6]), "healthy", "mildew")
    merge()
    assert says(images[5]) == [["rust"]]
    assert says(images[6]) == [["healthy", "rust"]]


def test_a_page_that_has_not_noticed_answers_with_the_other_label(
    ranked, images, answer, annotator, labels, merge
):
    merge()
    by_name = answer(annotator, item_of(images[5]), "mildew")
    by_id = answer(annotator, item_of(images[6]), labels["mildew"])
    assert (by_name.code, by_id.code) == ("created", "created")
    assert says(images[5]) == says(images[6]) == [["rust"]]
    assert by_id.annotation.body["sent"]["labels"] == [labels["mildew"]]


def test_an_answer_that_was_looked_up_before_the_merge_is_stored_after_it(
    ranked, images, annotator, labels, merge, monkeypatch
):
    """The labels of a request are read before its transaction begins."""
    read = annotations.LabelSet

    def read_and_wait(project):
        known = read(project)
        if not LabelEvent.objects.filter(kind="merged").exists():
            merge()
        return known

    monkeypatch.setattr(annotations, "LabelSet", read_and_wait)
    sent = {"uuid": str(uuid4()), "item": item_of(images[5]).pk, "labels": ["mildew"]}
    (outcome,) = annotations.record(project=ranked, user=annotator, answers=[sent])
    assert outcome.code == "created"
    assert says(images[5]) == [["rust"]]


def test_an_answer_with_a_label_that_was_retired_meanwhile_is_refused(
    ranked, images, annotator, labels, monkeypatch
):
    read = annotations.LabelSet

    def read_and_wait(project):
        known = read(project)
        Label.objects.filter(pk=labels["mildew"]).update(retired=True)
        return known

    monkeypatch.setattr(annotations, "LabelSet", read_and_wait)
    sent = {"uuid": str(uuid4()), "item": item_of(images[5]).pk, "labels": ["mildew"]}
    (outcome,) = annotations.record(project=ranked, user=annotator, answers=[sent])
    assert outcome.code == "retired_label"
    assert not Annotation.objects.exists()


class TestDisagreements:
    @pytest.fixture
    def two(self, project, people):
        Project.objects.filter(pk=project.pk).update(overlap=2)
        project.refresh_from_db()
        return people(2)

    def test_those_that_were_only_the_one_against_the_other_vanish(
        self, two, ranked, images, answer, merge
    ):
        for user, (here, there) in zip(two, [("rust", "healthy"), ("mildew", "rust")], strict=True):
            answer(user, QueueItem.objects.get(image=images[5], slot=two.index(user)), here)
            answer(user, QueueItem.objects.get(image=images[6], slot=two.index(user)), there)
        assert disputes.count(ranked) == 2
        assert merge().settled == 1
        (left,) = disputes.waiting(ranked)
        assert left.image == images[6]
        assert Dispute.objects.get(image=images[5]).closed_at

    def test_an_answer_after_the_merge_agrees_with_what_was_said_before_it(
        self, two, ranked, images, answer, merge
    ):
        answer(two[0], QueueItem.objects.get(image=images[5], slot=0), "mildew")
        merge()
        answer(two[1], QueueItem.objects.get(image=images[5], slot=1), "rust")
        assert disputes.count(ranked) == 0


def test_gold_images_ask_for_the_other_label(project, images, admin, annotator, labels, merge):
    known = gold.mark(project=project, user=admin, image=images[5], label_ids=["mildew"])
    Annotation.objects.create(
        uuid=uuid4(), project=project, image=images[5], user=annotator, gold=True,
        body={"label_ids": [labels["mildew"]]},
    ).labels.add(labels["mildew"])  # fmt: skip
    assert merge().gold == 1
    assert [label.name for label in known.labels.all()] == ["rust"]
    assert gold.of_person(project, annotator).right == 1


def test_what_lies_around_the_answers_follows(project, images, labels, ranked, merge):
    rust, mildew = labels["rust"], labels["mildew"]
    for image in images[:2]:
        Truth.objects.create(image=image, label_id=mildew)
        Guess.objects.create(image=image, label_id=mildew, p=0.3)
        Example.objects.create(label_id=mildew, image=image)
    Truth.objects.create(image=images[0], label_id=rust)
    Guess.objects.create(image=images[0], label_id=rust, p=0.5)
    Example.objects.create(label_id=rust, image=images[0])
    QueueItem.objects.filter(image=images[5]).update(predicted=mildew, confidence=0.4)
    merge()
    assert set(Truth.objects.values_list("image", "label")) == {(i.pk, rust) for i in images[:2]}
    guesses = dict(Guess.objects.filter(label=rust).values_list("image", "p"))
    assert guesses == {images[0].pk: pytest.approx(0.8), images[1].pk: pytest.approx(0.3)}
    assert set(Example.objects.values_list("image", "label")) == {(i.pk, rust) for i in images[:2]}
    asked = item_of(images[5])
    assert (asked.predicted_id, asked.confidence) == (rust, pytest.approx(0.9))
    assert asked.beliefs == {str(rust): pytest.approx(0.9), str(labels["healthy"]): 0.1}


def test_the_audit_sample_is_read_anew(project, images, annotator, answer, labels, merge):
    item = QueueItem.objects.create(
        project=project, image=images[0], rank=0, strategy="audit", audit=True
    )
    answer(annotator, item, "mildew")
    assert sample.of(project).labels == ((labels["mildew"],),)
    merge()
    assert sample.of(project).labels == ((labels["rust"],),)


def test_last_answers_tell_the_label_as_it_is(ranked, images, answer, annotator, labels, merge):
    answer(annotator, item_of(images[5]), "mildew")
    merge()
    (told,) = replies.strip(ranked, annotator)
    assert (told["labels"], told["label_ids"]) == (["rust"], [labels["rust"]])


def test_a_preview_counts_and_changes_nothing(ranked, images, answer, annotator, labels):
    answer(annotator, item_of(images[5]), "mildew")
    told = relabeling.preview(ranked, labels["mildew"], labels["rust"])
    assert told.as_dict() == {
        "answers": 1, "past_answers": 0, "settled": 0, "gold": 0, "examples": 0,
    }  # fmt: skip
    assert says(images[5]) == [["mildew"]]
    assert not LabelEvent.objects.exists()


def test_the_event_tells_who_and_how_many(ranked, images, answer, annotator, admin, merge):
    answer(annotator, item_of(images[5]), "mildew")
    merge()
    event = LabelEvent.objects.get()
    assert (event.kind, event.user, event.label.name) == ("merged", admin, "mildew")
    assert event.details["from"] == "mildew"
    assert (event.details["to"], event.details["answers"]) == ("rust", 1)


def test_a_label_merged_twice_is_the_last_one(ranked, images, answer, annotator, labels, merge):
    answer(annotator, item_of(images[5]), "mildew")
    merge("mildew", "rust")
    merge("rust", "healthy")
    assert says(images[5]) == [["healthy"]]
    assert merged.now(ranked.pk) == {labels["mildew"]: labels["healthy"],
                                     labels["rust"]: labels["healthy"]}  # fmt: skip


@pytest.mark.parametrize("pair", [("rust", "rust"), ("gone", "rust"), ("rust", "gone")])
def test_what_makes_no_sense_is_refused(project, labels, merge, pair):
    label_set.store(project, [Wish("mildew", pk=labels["mildew"], retired=True)])
    labels["gone"] = labels["mildew"] if pair[1] == "gone" else 10**9
    with pytest.raises(LabelsRefused):
        merge(*pair)
    assert not Label.objects.filter(merged_into__isnull=False).exists()


def test_yes_and_no_stay_two(project, labels, merge):
    Project.objects.filter(pk=project.pk).update(kind="yesno")
    project.refresh_from_db()
    with pytest.raises(LabelsRefused):
        merge()


def test_a_merged_label_cannot_come_back_but_its_name_means_the_other(project, labels, merge):
    merge()
    with pytest.raises(LabelsRefused):
        label_set.store(project, [Wish("mildew", pk=labels["mildew"])])
    found, made = label_set.add(project, "Mildew", bring_back=True)
    assert (found.name, made) == ("rust", False)


def test_a_worker_finishes_what_a_process_that_died_has_left(
    ranked, images, answer, annotator, labels, admin, monkeypatch
):
    for image in images[4:8]:
        answer(annotator, item_of(image), "mildew")
    with monkeypatch.context() as death:
        death.setattr(relabeling, "finish", lambda project: None)
        relabeling.merge(project=ranked, user=admin, old=labels["mildew"], new=labels["rust"])
    assert says(images[4]) == [["mildew"]]
    relabeling.finish_all()
    assert all(says(image) == [["rust"]] for image in images[4:8])
