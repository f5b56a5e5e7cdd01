"""Consensus that weighs people by how reliable they prove to be."""

import pytest

from labeler.labeling import consensus, queue, refill
from labeler.labeling.weighing import weigh
from labeler.projects.models import Project
from tests.evaluation.conftest import Bench

ANN, BEN, CARELESS = 1, 2, 3
CAT, DOG, FOX = 11, 12, 13


def said(*votes):
    return [(who, frozenset(labels)) for who, labels in votes]


def images_where_one_is_careless(times=12):
    """Ann and Ben agree on everything; the careless one says cat whatever it is."""
    return [
        said((ANN, {label}), (BEN, {label}), (CARELESS, {CAT})) for label in [DOG, FOX, CAT] * times
    ]


def test_the_reliable_one_of_two_is_believed():
    images = [*images_where_one_is_careless(), said((ANN, {DOG}), (CARELESS, {CAT}))]
    assert weigh(images, multi=False)[-1] == [DOG]


def test_two_strangers_who_differ_stay_undecided():
    assert weigh([said((ANN, {CAT}), (BEN, {DOG}))], multi=False) == [None]


def test_a_single_answer_stands_as_it_is():
    images = [*images_where_one_is_careless(), said((CARELESS, {CAT})), said((BEN, {FOX}))]
    assert weigh(images, multi=False)[-2:] == [[CAT], [FOX]]
    assert weigh([said((ANN, {DOG, CAT}))], multi=True) == [[CAT, DOG]]
    assert weigh([], multi=False) == []


def test_only_a_label_that_somebody_gave_can_win():
    images = [*images_where_one_is_careless(), said((CARELESS, {CAT}), (CARELESS + 1, {CAT}))]
    assert weigh(images, multi=False)[-1] == [CAT]


def test_each_of_several_labels_is_weighed_by_itself():
    images = [
        said((ANN, {label}), (BEN, {label}), (CARELESS, {CAT, label})) for label in [DOG, FOX] * 12
    ]
    images.append(said((ANN, {DOG}), (CARELESS, {CAT, DOG})))
    assert weigh(images, multi=True)[-1] == [DOG], "only the careless one ever says cat"


@pytest.mark.parametrize(("how", "taught"), [("majority", 24), ("dawid_skene", 25)])
def test_training_learns_what_the_project_wishes(project, people, how, taught, labels):
    Project.objects.filter(pk=project.pk).update(consensus=how)
    project.refresh_from_db()
    ann, ben, careless = people(3)
    bench = Bench(project, ann)
    made = bench.images(25, audit=False)
    for at, image in enumerate(made[:24]):
        bench.answer(image, at % 3)
        bench.answer(image, at % 3, user=ben)
        bench.answer(image, 0, user=careless)
    bench.answer(made[24], 1)
    bench.answer(made[24], 0, user=careless)
    found = dict(consensus.training_answers(project))
    assert len(found) == taught
    if how == "dawid_skene":
        assert found[made[24].row] == [labels["rust"]]


def test_overlap_asks_so_many_different_people(project, images, people, answer):
    Project.objects.filter(pk=project.pk).update(overlap=3, audit_share=0)
    project.refresh_from_db()
    refill.top_up(project)
    asked = {}
    for user in people(5):
        while items := queue.claim(project=project, user=user, count=4):
            for item in items:
                asked.setdefault(item.image_id, []).append(user.pk)
                assert answer(user, item, "rust").code == "created"
    assert {len(users) for users in asked.values()} == {3}
    assert all(len(set(users)) == 3 for users in asked.values())


def test_a_change_of_mind_leaves_the_other_persons_question_open(project, images, people, answer):
    Project.objects.filter(pk=project.pk).update(overlap=2, audit_share=0)
    project.refresh_from_db()
    refill.top_up(project)
    ann, ben = people(2)
    item = queue.claim(project=project, user=ann)[0]
    answer(ann, item, "rust")
    answer(ann, item, "mildew")
    other = queue.claim(project=project, user=ben)[0]
    assert (other.image_id, other.slot) == (item.image_id, 1)
