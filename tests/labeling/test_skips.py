"""Skipped images: counted, asked again, settled; nothing is deleted."""

import pytest

from labeler.labeling import annotations, queue, refill, skips
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def calm(ranked):
    """No audit images come between."""
    Project.objects.filter(pk=ranked.pk).update(audit_share=0)
    ranked.audit_share = 0
    return ranked


def take(project, user, count=1):
    return queue.claim(project=project, user=user, count=count)


@pytest.fixture
def skip(calm, answer):
    """A function by which a user skips the next images, one per reason."""

    def run(user, *reasons):
        items = take(calm, user, len(reasons))
        for item, reason in zip(items, reasons, strict=True):
            assert answer(user, item, skip=reason).stored
        return [item.image for item in items]

    return run


def test_skips_are_counted_by_reason_and_person(calm, skip, annotator, people):
    (other,) = people(1)
    skip(annotator, "unsure", "unsure", "broken")
    skip(other, "not_applicable")
    assert skips.counts(calm) == {"unsure": 2, "not_applicable": 1, "broken": 1, "settled": 0}
    by_person = [(s.user_id, s.total, s.unsure) for s in skips.by_person(calm)]
    assert by_person == [(annotator.pk, 3, 2), (other.pk, 1, 0)]


class TestAskingAgain:
    def test_the_image_is_open_and_the_skip_stays_in_the_history(
        self, calm, skip, annotator, reviewer
    ):
        (image,) = skip(annotator, "unsure")
        assert skips.ask_again(project=calm, user=reviewer, image_ids=[image.pk]) == 1
        image.refresh_from_db()
        assert image.state == Image.State.OPEN
        old = Annotation.objects.get(kind="skip")
        undo = Annotation.objects.get(kind="undo")
        assert (old.current, undo.supersedes, undo.user) == (False, old, reviewer)
        assert skips.counts(calm)["unsure"] == 0

    def test_pressing_twice_is_pressing_once(self, calm, skip, annotator, reviewer):
        (image,) = skip(annotator, "unsure")
        for done in (1, 0):
            asked = skips.ask_again(project=calm, user=reviewer, image_ids=[image.pk])
            assert asked == done
        assert Annotation.objects.filter(kind="undo").count() == 1
        assert QueueItem.objects.filter(image=image, done_at=None).count() == 1

    def test_others_get_it_first_who_skipped_it_gets_it_last(
        self, calm, skip, annotator, reviewer, people
    ):
        (other,) = people(1)
        (image,) = skip(annotator, "unsure")
        skips.ask_again(project=calm, user=reviewer, image_ids=[image.pk])
        mine = {item.image_id for item in take(calm, annotator, 50)}
        assert image.pk not in mine
        assert len(mine) >= 7
        (theirs,) = take(calm, other)
        assert (theirs.image_id, theirs.strategy) == (image.pk, refill.AGAIN)

    def test_alone_one_gets_it_when_nothing_else_is_left(
        self, calm, skip, answer, annotator, reviewer
    ):
        (image,) = skip(annotator, "unsure")
        skips.ask_again(project=calm, user=reviewer, image_ids=[image.pk])
        for item in take(calm, annotator, 50):
            answer(annotator, item, "rust")
        (last,) = take(calm, annotator)
        assert last.image_id == image.pk
        assert answer(annotator, last, "rust").stored

    def test_it_comes_first_and_stays_through_a_round(
        self, calm, skip, images, labels, annotator, reviewer, people
    ):
        (other,) = people(1)
        (image,) = skip(annotator, "unsure")
        skips.ask_again(project=calm, user=reviewer, image_ids=[image.pk])
        rows = [refill.Ranked(each.pk, 0.5) for each in images[2:]]
        refill.replace(calm, rows, strategy="margin", version=4)
        assert take(calm, other)[0].image_id == image.pk
        assert QueueItem.objects.filter(image=image, done_at=None).count() == 1

    def test_before_the_first_round_the_random_queue_still_fills(
        self, project, images, answer, annotator, reviewer
    ):
        Project.objects.filter(pk=project.pk).update(audit_share=0)
        project.audit_share = 0
        (item,) = take(project, annotator)
        answer(annotator, item, skip="broken")
        skips.ask_again(project=project, user=reviewer, image_ids=[item.image_id])
        QueueItem.objects.filter(strategy=refill.RANDOM, done_at=None).delete()
        assert refill.top_up(project)

    def test_an_audit_image_is_asked_blind_as_before(self, ranked, answer, annotator, reviewer):
        Project.objects.filter(pk=ranked.pk).update(audit_share=1)
        ranked.audit_share = 1
        refill.top_up_audit(ranked)
        item = next(i for i in take(ranked, annotator, 10) if i.audit)
        answer(annotator, item, skip="unsure")
        assert skips.ask_again(project=ranked, user=reviewer, image_ids=[item.image_id]) == 1
        again = QueueItem.objects.get(image=item.image_id, done_at=None)
        assert (again.audit, again.strategy, again.rank) == (True, refill.AUDIT, item.rank)

    def test_with_overlap_everybodys_skip_is_taken_back(
        self, calm, skip, answer, annotator, reviewer, people
    ):
        Project.objects.filter(pk=calm.pk).update(overlap=2)
        calm.overlap = 2
        image = calm.images.get(row=9)
        QueueItem.objects.create(project=calm, image=image, slot=1, rank=0, strategy="margin")
        (other,) = people(1)
        for user in (annotator, other):
            (item,) = [i for i in take(calm, user, 8) if i.image_id == image.pk]
            assert answer(user, item, skip="unsure").stored
        assert skips.ask_again(project=calm, user=reviewer, image_ids=[image.pk]) == 1
        assert Annotation.objects.filter(kind="undo").count() == 2
        assert QueueItem.objects.filter(image=image, done_at=None).count() == 2

    def test_what_was_labeled_meanwhile_is_left_alone(
        self, calm, skip, annotator, reviewer, labels
    ):
        (image,) = skip(annotator, "unsure")
        annotations.review(
            project=calm, user=reviewer, image=image, label_ids=[labels["rust"]],
            uuid="123e4567-e89b-42d3-a456-426614174000",
        )  # fmt: skip
        assert skips.ask_again(project=calm, user=reviewer, image_ids=[image.pk]) == 0
        image.refresh_from_db()
        assert image.state == Image.State.LABELED

    def test_the_skippers_own_undo_afterwards_changes_nothing(
        self, calm, skip, annotator, reviewer
    ):
        (image,) = skip(annotator, "unsure")
        skips.ask_again(project=calm, user=reviewer, image_ids=[image.pk])
        old = Annotation.objects.get(kind="skip")
        outcome = annotations.undo(project=calm, user=annotator, uuid=old.uuid)
        assert outcome.code == "replayed"
        assert Annotation.objects.filter(kind="undo").count() == 1


class TestThePage:
    @pytest.fixture
    def page(self, client, calm, reviewer):
        client.force_login(reviewer)
        return lambda **sent: client.post(f"/projects/{calm.pk}/review/skips", sent)

    def test_settles_many_at_once_and_a_second_press_adds_nothing(
        self, page, calm, skip, annotator
    ):
        found = skip(annotator, "unsure", "unsure")
        sent = {
            "reason": "unsure", "skip": "not_applicable", "image": [i.pk for i in found],
            "uuid": "123e4567-e89b-42d3-a456-426614174000",
        }  # fmt: skip
        for _ in range(2):
            assert page(**sent).status_code == 302
        assert skips.counts(calm) == {
            "unsure": 0, "not_applicable": 0, "broken": 0, "settled": 2,
        }  # fmt: skip
        assert Annotation.objects.filter(source="review").count() == 2

    def test_the_last_press_is_taken_back_whole(self, page, client, calm, skip, annotator, labels):
        found = skip(annotator, "unsure", "unsure")
        page(reason="unsure", label=labels["rust"], image=[i.pk for i in found])
        assert skips.counts(calm)["unsure"] == 0
        assert b"Undo for 2 images" in client.get(f"/projects/{calm.pk}/review/skips").content
        page(reason="unsure", undo="1")
        assert skips.counts(calm)["unsure"] == 2
        assert page(reason="unsure", undo="1").status_code == 302  # nothing left to take back
        assert Annotation.objects.filter(kind="undo").count() == 2

    def test_labels_the_chosen_ones(self, page, calm, skip, annotator, labels):
        found = skip(annotator, "unsure", "broken")
        page(reason="unsure", as_label="1", label=labels["rust"], image=[found[0].pk])
        assert Image.objects.get(pk=found[0].pk).state == Image.State.LABELED
        assert Image.objects.get(pk=found[1].pk).state == Image.State.SKIPPED

    def test_asks_all_of_a_reason_again(self, page, calm, skip, annotator):
        skip(annotator, "unsure", "broken", "unsure")
        page(reason="unsure", again_all="1")
        assert skips.counts(calm) == {
            "unsure": 0, "not_applicable": 0, "broken": 1, "settled": 0,
        }  # fmt: skip

    @pytest.mark.parametrize(
        "sent",
        [
            {"again": "1"},
            {"again": "1", "image": ["x", "-1", str(2**70)]},
            {"as_label": "1", "image": ["1"]},
            {"skip": "nonsense", "image": ["1"]},
            {"reason": "nonsense"},
        ],
    )
    def test_nonsense_changes_nothing(self, page, skip, annotator, sent):
        skip(annotator, "unsure")
        assert page(**sent).status_code == 302
        assert Annotation.objects.count() == 1

    @pytest.mark.parametrize(
        ("sent", "words"),
        [
            ({"again": "1"}, "Choose at least one image."),
            ({"as_label": "1", "image": ["1"]}, "Choose a label, or say what these images are."),
        ],
    )
    def test_says_what_is_missing(self, client, page, calm, sent, words):
        page(**sent)
        html = client.get(f"/projects/{calm.pk}/review/skips").content.decode()
        assert words in html

    def test_lists_them_by_reason(self, client, calm, reviewer, skip, annotator):
        (image, _) = skip(annotator, "unsure", "broken")
        client.force_login(reviewer)
        html = client.get(f"/projects/{calm.pk}/review/skips?reason=unsure").content.decode()
        assert f'value="{image.pk}"' in html
        assert html.count('name="image"') == 1
