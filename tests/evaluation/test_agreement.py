"""How far people agree and follow the model, from rows to the page."""

import random

import pytest
from django.urls import reverse

from labeler.evaluation import agreement, anchoring
from labeler.labeling import annotations
from labeler.labeling.models import Annotation, Dispute, QueueItem
from labeler.projects.models import Membership, User
from tests.evaluation.pages import page, text_of

REVIEW = "123e4567-e89b-42d3-a456-426614174000"


@pytest.fixture
def people(project):
    """Three annotators: Ann, Ben and Cho."""
    made = [
        User.objects.create_user(name, first_name=name.title()) for name in ("ann", "ben", "cho")
    ]
    for user in made:
        Membership.objects.create(project=project, user=user, role="annotator")
    return made


def answered(bench, people, *said, **fields):
    """An image per entry; each person gives the label at her place (None: she was not asked)."""
    images = bench.images(len(said), audit=False)
    for image, places in zip(images, said, strict=True):
        for user, place in zip(people, places, strict=True):
            if place is not None:
                bench.answer(image, place, user=user, **fields)
    return images


SOME = [(0, 0), (1, 1), (2, 2), (0, 1)] * 5


def test_alpha_kappa_and_each_label(bench, people):
    answered(bench, people[:2], *SOME)
    found = agreement.of(bench.project)
    assert (found.images, found.people, found.same) == (20, 2, pytest.approx(0.75))
    # Marginals: Ann 10, 5, 5, Ben 5, 10, 5 of 20: chance is 0.3125, kappa 0.636.
    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.images) == ("Ann", "Ben", 20)
    assert pair.kappa.value == pytest.approx((0.75 - 0.3125) / (1 - 0.3125))
    assert pair.kappa.low < pair.kappa.value < pair.kappa.high
    assert found.alpha.value == pytest.approx(pair.kappa.value, abs=0.02)
    by_name = {each.label.name: each for each in found.labels}
    assert by_name["mildew"].alpha.value == 1
    assert by_name["rust"].alpha.value < 0.7
    assert by_name["rust"].support == 10


def test_too_few_is_said_instead_of_a_number(client, bench, people, reviewer):
    answered(bench, people, *[(0, 0, None)] * 5, *[(1, 1, None)] * 4)
    assert not agreement.of(bench.project).enough
    words = text_of(page(client, reviewer, "agreement", bench.project))
    assert "9 images were answered by several people; a number appears at 10" in words
    answered(bench, people, (0, 0, None), (2, None, 2))
    found = agreement.of(bench.project)
    assert found.enough
    assert [each.too_few for each in found.labels] == [False, True, True]
    assert [each.too_few for each in found.pairs] == [False, True]
    words = text_of(page(client, reviewer, "agreement", bench.project))
    assert "Too few to say; a number appears at 5." in words
    assert "Too few to say; a number appears at 10." in words


def test_agreement_without_any_difference_is_not_called_a_number(client, bench, people, reviewer):
    answered(bench, people[:2], *[(0, 0)] * 12)
    found = agreement.of(bench.project)
    assert found.enough
    assert found.alpha is None
    assert "Everybody always said the same" in text_of(
        page(client, reviewer, "agreement", bench.project)
    )


def test_what_is_not_independent_is_left_out(bench, people, reviewer):
    images = answered(bench, people[:2], *SOME)
    before = agreement.of(bench.project)
    bench.answer(images[0], 2, user=reviewer, source="review", current=False)
    bench.answer(images[0], 2, user=people[2], source="import", current=False)
    bench.answer(images[0], 2, user=people[2], gold=True)
    after = agreement.of(bench.project)
    assert (after.alpha, after.people, after.pairs) == (before.alpha, before.people, before.pairs)


def test_a_review_leaves_what_people_said_standing(bench, people, reviewer):
    images = answered(bench, people[:2], *SOME)
    before = agreement.of(bench.project)
    annotations.review(
        project=bench.project, user=reviewer, image=images[3], uuid=REVIEW,
        label_ids=[bench.ids[2]],
    )  # fmt: skip
    assert agreement.of(bench.project) == before


def test_several_labels_are_questions_of_their_own(multi_bench, people):
    bench, (ann, ben, _) = multi_bench, people
    for image in bench.images(10, audit=False):
        bench.answer(image, 0, 1, user=ann)
        bench.answer(image, 0, user=ben)
    found = agreement.of(bench.project)
    by_name = {each.label.name: each for each in found.labels}
    assert by_name["healthy"].alpha is None, "given to every image"
    assert by_name["rust"].alpha.value < 0.01, "one always gives it, the other never"
    assert found.same == pytest.approx(2 / 3)
    assert found.pairs[0].same == 0


def test_the_page_costs_the_same_for_many_people(
    client, bench, people, reviewer, django_assert_max_num_queries
):
    answered(bench, people[:2], *SOME)
    answered(bench, people, *[(0, 1, 2)] * 30)
    page(client, reviewer, "agreement", bench.project)
    answered(bench, people, (0, 0, 1))
    with django_assert_max_num_queries(26):
        page(client, reviewer, "agreement", bench.project)


# The anchoring guard ---------------------------------------------------------------------


def suggested(bench, user, number, *, shown, follows, seed=0):
    """So many answers to ranked questions; `follows` is the share that equals the model's."""
    chance = random.Random(seed)
    for at, image in enumerate(bench.images(number, audit=False)):
        believed = bench.labels[chance.randrange(3)]
        item = QueueItem.objects.create(
            project=bench.project, image=image, rank=at, strategy="margin", version=1,
            predicted=believed, beliefs={str(believed.pk): 0.8}, done_at="2026-01-01T00:00:00Z",
        )  # fmt: skip
        same = at < round(follows * number)
        place = believed.place if same else (believed.place + 1) % 3
        row = bench.answer(
            image, place, user=user, item=item, version=1, suggestion_shown=shown,
            body={"label_ids": [bench.ids[place]]},
        )  # fmt: skip
        assert row.pk


def test_following_the_suggestion_is_noticed(client, bench, people, reviewer):
    suggested(bench, people[0], 60, shown=True, follows=0.95)
    suggested(bench, people[0], 60, shown=False, follows=0.70)
    found = anchoring.of(bench.project)
    assert (found.shown.answers, found.shown.same) == (60, 57)
    assert found.difference.value == pytest.approx(0.25)
    assert 0 < found.difference.low < 0.25 < found.difference.high
    assert found.anchored
    words = text_of(page(client, reviewer, "dashboard", bench.project))
    assert "People follow the suggestion." in words
    assert "+25.0 points" in words


def test_no_difference_is_no_sign_and_few_answers_are_too_few(client, bench, people, reviewer):
    bench.project.suggestion_share = 0.5
    bench.project.save()
    suggested(bench, people[0], 30, shown=True, follows=0.8)
    suggested(bench, people[0], 10, shown=False, follows=0.8)
    assert anchoring.of(bench.project).difference is None
    words = text_of(page(client, reviewer, "agreement", bench.project))
    assert "0 more answers with the suggestion and 10 more without" in words
    suggested(bench, people[0], 20, shown=False, follows=0.8)
    assert not anchoring.of(bench.project).anchored
    words = text_of(page(client, reviewer, "agreement", bench.project))
    assert "No sign that people follow the suggestion." in words


def test_who_hides_suggestions_and_what_is_blind_do_not_count(bench, people):
    ann, ben, _ = people
    ben.settings["hide_suggestions"] = True
    ben.save()
    suggested(bench, ben, 5, shown=False, follows=0)
    suggested(bench, ann, 5, shown=False, follows=0)
    Annotation.objects.filter(user=ann).update(gold=True)
    found = anchoring.of(bench.project)
    assert (found.shown.answers, found.hidden.answers) == (0, 0)


def test_the_dashboard_counts_disagreements(client, bench, people, reviewer):
    assert "nobody can disagree" in text_of(page(client, reviewer, "dashboard", bench.project))
    (image,) = answered(bench, people[:2], (0, 1))
    Dispute.objects.create(project=bench.project, image=image)
    response = page(client, reviewer, "dashboard", bench.project)
    assert "Settle it" in text_of(response)
    assert reverse("disputes", args=[bench.project.pk]) in response.content.decode()
