"""A label split into finer ones: its images are asked again, and what was said is kept."""

import pytest

from labeler.labeling import gold, questions, queue, refill, splitting
from labeler.labeling.models import Annotation, Gold, QueueItem
from labeler.pools.models import Image
from labeler.projects import labels as label_set
from labeler.projects.labels import LabelsRefused, Wish
from labeler.projects.models import Label, LabelEvent, Project

pytestmark = pytest.mark.django_db
FINER = ("leaf rust", "stem rust")


@pytest.fixture
def split(project, admin, labels):
    """A function that splits the label "rust"."""

    def do(names=FINER):
        return splitting.split(project=project, user=admin, old=labels["rust"], names=names)

    return do


def item_of(image):
    return QueueItem.objects.get(image=image, done_at=None, slot=0)


def test_the_images_are_asked_again_first_and_the_answers_kept(
    ranked, images, answer, annotator, admin, split
):
    Project.objects.filter(pk=ranked.pk).update(audit_share=0)
    ranked.refresh_from_db()
    given = answer(annotator, item_of(images[3]), "rust").annotation
    answer(annotator, item_of(images[5]), "mildew")
    done = split()
    assert (done.answers, done.images) == (1, 1)
    given.refresh_from_db()
    assert not given.current
    assert given.body["labels"] == ["rust"]
    undo = Annotation.objects.get(kind="undo")
    assert (undo.user, undo.supersedes) == (admin, given)
    images[3].refresh_from_db()
    assert images[3].state == Image.State.OPEN
    first = queue.claim(project=ranked, user=annotator, count=2)
    asked = next(item for item in first if item.image == images[3])
    told = questions.as_dict(asked, questions.names_of(ranked), shown=True)
    assert "labeled rust" in told["why"]["words"]
    assert answer(annotator, asked, "leaf rust").code == "created"


def test_an_image_held_out_for_testing_is_asked_again_too(ranked, images, answer, annotator, split):
    answer(annotator, item_of(images[3]), "rust")
    Image.objects.filter(pk__in=[images[3].pk, images[4].pk]).update(split=Image.Split.TEST)
    split()
    refill.top_up(ranked)
    assert item_of(images[3]).strategy == refill.SPLIT
    assert not QueueItem.objects.filter(image=images[4], done_at=None, audit=False).exists()


def test_the_new_labels_stand_where_the_old_one_stood(project, split):
    split()
    order = [label.name for label in project.labels.all()]
    assert order == ["healthy", "rust", "leaf rust", "stem rust", "mildew"]
    assert Label.objects.get(name="rust").retired
    assert [e.kind for e in LabelEvent.objects.order_by("pk")] == ["added", "added", "split"]


def test_an_audit_image_is_asked_blind_again(project, images, answer, annotator, split):
    item = QueueItem.objects.create(
        project=project, image=images[0], rank=0, strategy="audit", audit=True
    )
    answer(annotator, item, "rust")
    assert split().audit == 1
    again = item_of(images[0])
    assert (again.audit, again.predicted) == (True, None)
    told = questions.as_dict(again, questions.names_of(project), shown=True)
    assert "rust" not in told["why"]["words"]


def test_a_gold_image_with_the_label_is_an_ordinary_one(project, images, admin, split):
    gold.mark(project=project, user=admin, image=images[5], label_ids=["rust"])
    assert split().gold == 1
    assert not Gold.objects.exists()


def test_whoever_said_something_else_is_not_asked_again(
    project, images, people, answer, labels, ranked, split
):
    Project.objects.filter(pk=project.pk).update(overlap=2)
    project.refresh_from_db()
    QueueItem.objects.filter(image=images[5]).delete()
    items = [QueueItem.objects.create(project=project, image=images[5], slot=slot, rank=0,
                                      strategy="margin") for slot in (0, 1)]  # fmt: skip
    first, second = people(2)
    answer(first, items[0], "rust")
    answer(second, items[1], "mildew")
    split()
    waiting = QueueItem.objects.filter(image=images[5], done_at=None)
    assert waiting.count() == 1
    current = Annotation.objects.filter(image=images[5], current=True)
    assert [row.user for row in current] == [second]


def test_a_label_in_use_may_be_one_of_the_parts(project, split):
    split(("leaf rust", "mildew"))
    assert Label.objects.filter(retired=False, name__in=["leaf rust", "mildew"]).count() == 2


@pytest.mark.parametrize(
    "names", [("one",), ("one", "One"), (), ("one", "x" * 41), ("one", "gone")], ids=str
)
def test_names_that_cannot_be_are_refused(project, labels, split, names):
    label_set.store(project, [Wish("gone")])
    gone = Label.objects.get(name="gone")
    label_set.store(project, [Wish("gone", pk=gone.pk, retired=True)])
    with pytest.raises(LabelsRefused):
        split(names)
    assert not Label.objects.get(name="rust").retired


def test_the_label_itself_is_no_part_of_it(project, split):
    with pytest.raises(LabelsRefused):
        split(("rust", "stem rust"))


def test_a_worker_finishes_what_a_process_that_died_has_left(
    ranked, images, answer, annotator, labels, admin, monkeypatch
):
    answer(annotator, item_of(images[5]), "rust")
    with monkeypatch.context() as death:
        death.setattr(splitting, "finish", lambda project: None)
        splitting.split(project=ranked, user=admin, old=labels["rust"], names=FINER)
    splitting.finish_all()
    assert not Annotation.objects.filter(current=True).exists()
    assert splitting.finish(ranked) == 0
    assert Annotation.objects.count() == 2


def test_a_label_that_came_back_keeps_its_new_answers(
    ranked, images, answer, annotator, labels, split
):
    split()
    label_set.store(ranked, [Wish("rust", pk=labels["rust"])])
    answer(annotator, item_of(images[5]), "rust")
    splitting.finish_all()
    assert Annotation.objects.filter(current=True).count() == 1
