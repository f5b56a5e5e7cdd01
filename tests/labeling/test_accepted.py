"""The model's labels, accepted: given, taken back, checked; and a person's word goes first."""

import pytest

from labeler.labeling import accepted, annotations, queue, refill, spot_checks, tables
from labeler.labeling.accepted import Given
from labeler.labeling.models import Acceptance, Annotation, ModelAnnotation, QueueItem
from labeler.labeling.questions import as_dict, names_of
from labeler.pools import audit
from labeler.pools.models import Image
from labeler.projects.models import Project

State = Image.State
UUID = "123e4567-e89b-42d3-a456-426614174000"


@pytest.fixture
def acceptance(project, owner):
    """An acceptance of nothing yet; the queue holds no audit images."""
    Project.objects.filter(pk=project.pk).update(
        audit_share=0, spot_check_share=1.0, has_accepted=True
    )
    project.refresh_from_db()
    return Acceptance.objects.create(
        project=project, number=1, version=3, tolerated={"all": 0.05}, thresholds={"all": 0.9},
        upper_bound=0.04, created_by=owner,
    )  # fmt: skip


@pytest.fixture
def give(acceptance, images, labels):
    """A function that accepts rust on the images of these rows."""

    def accept(*rows):
        return accepted.give(
            acceptance, [Given(images[row].pk, [labels["rust"]], 0.97) for row in rows]
        )

    return accept


def states(images):
    found = Image.objects.in_bulk([image.pk for image in images])
    return [found[image.pk].state for image in images]


def test_open_images_are_accepted_and_leave_the_queue(give, acceptance, project, images, annotator):
    refill.top_up(project)
    assert give(2, 3, 4) == 3
    acceptance.refresh_from_db()
    assert acceptance.images == 3
    assert states(images[2:6]) == [State.ACCEPTED] * 3 + [State.OPEN]
    waiting = QueueItem.objects.filter(project=project, done_at=None)
    assert not waiting.filter(image__in=images[2:5]).exists()
    ranked = [refill.Ranked(image.pk, 0.9) for image in images[2:]]
    refill.replace(project, ranked, strategy="margin", version=3)
    assert not waiting.filter(image__in=images[2:5]).exists(), "a refill leaves them out, too"


def test_audit_images_answered_ones_and_those_on_a_screen_are_left_alone(
    give, project, images, annotator, answer
):
    refill.top_up(project)
    project.spot_check_share = 0
    items = queue.claim(project=project, user=annotator, count=2)
    assert answer(annotator, items[0], "rust").code == "created"
    held = items[1].image
    assert give(*range(10)) == 10 - 2 - 1 - 1, "two audit images, one answered, one held"
    held.refresh_from_db()
    assert held.state == State.OPEN


def test_a_person_takes_the_models_place_and_gives_it_back_by_undo(
    give, acceptance, images, reviewer, labels, project
):
    give(2)
    said = annotations.review(
        project=project, user=reviewer, image=images[2], uuid=UUID,
        label_ids=[labels["mildew"]],
    ).annotation  # fmt: skip
    assert states(images[2:3]) == [State.LABELED]
    assert not accepted.standing(project).exists()
    assert accepted.of_images([images[2].pk]) == {}
    annotations.undo(project=project, user=reviewer, uuid=said.uuid)
    assert states(images[2:3]) == [State.ACCEPTED]
    assert accepted.standing(project).count() == 1


def test_revoking_opens_what_nobody_answered(give, acceptance, images, annotator, answer, project):
    give(2, 3, 4)
    item = queue.claim(project=project, user=annotator)[0]
    assert item.strategy == refill.SPOT_CHECK
    answer(annotator, item, "rust")
    assert accepted.take_back(acceptance) == 2
    assert accepted.take_back(acceptance) == 0
    assert sorted(states(images[2:5])) == [State.LABELED, State.OPEN, State.OPEN]
    assert spot_checks.of(acceptance).checked == 1, "what was measured stays"


def test_a_revoked_acceptance_can_be_accepted_again(
    give, acceptance, owner, project, images, labels
):
    give(2)
    accepted.take_back(acceptance)
    again = Acceptance.objects.create(
        project=project, number=2, version=3, upper_bound=0.04, created_by=owner
    )
    assert accepted.give(again, [Given(images[2].pk, [labels["rust"]], 0.9)]) == 1
    assert ModelAnnotation.objects.get().acceptance == again


def test_a_spot_check_reads_like_an_audit_question(give, project, annotator, images):
    give(2, 3)
    items = queue.claim(project=project, user=annotator, count=2)
    assert {item.image_id for item in items} == {images[2].pk, images[3].pk}
    told = as_dict(items[0], names_of(project), shown=True)
    assert told["why"]["strategy"] == "audit"
    assert told["why"]["audit"] is True
    assert "suggestion" not in told


def test_spot_checks_survive_a_refill_and_measure(
    give, acceptance, project, annotator, answer, images
):
    give(2, 3, 4)
    items = queue.claim(project=project, user=annotator, count=3)
    queue.release(project=project, user=annotator, item_ids=[item.pk for item in items])
    refill.replace(project, [], strategy="margin", version=4)
    items = queue.claim(project=project, user=annotator, count=3)
    assert {item.strategy for item in items} == {refill.SPOT_CHECK}
    answer(annotator, items[0], "rust")
    answer(annotator, items[1], "healthy")
    answer(annotator, items[2], skip="unsure")
    checks = spot_checks.of(acceptance)
    assert (checks.checked, checks.wrong, checks.skipped) == (2, 1, 1)
    ordinary = Annotation.objects.filter(strategy=refill.SPOT_CHECK, kind="labels")
    assert not ordinary.filter(audit=True).exists()
    assert states([items[0].image]) == [State.LABELED]


def test_no_query_is_spent_where_nothing_is_accepted(project, annotator, django_assert_num_queries):
    project.spot_check_share = 1.0
    with django_assert_num_queries(0):
        assert spot_checks.due_for(project, annotator, 50) == []


def test_rounds_learn_from_them_only_when_asked(give, acceptance, project, labels):
    give(2, 3)
    assert accepted.lessons(project) == []
    Acceptance.objects.update(teaches=True)
    assert accepted.lessons(project) == [(2, [labels["rust"]]), (3, [labels["rust"]])]


def test_a_larger_audit_sample_draws_accepted_images_too(give, project, images):
    give(*range(2, 10))
    project.audit_rate = 1.0
    audit.extend_draw(project)
    assert set(states(images)) == {State.OPEN}
    assert Image.objects.filter(project=project, audit=True).count() == 10


def test_exports_of_peoples_answers_hold_none_of_them(give, project):
    give(2, 3)
    assert list(tables.rows(project)) == []
