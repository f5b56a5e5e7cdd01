"""Labels that are probably wrong are found, shown while they stand, and left alone once settled."""

import numpy as np
import pytest
from django.urls import reverse

from labeler.evaluation import studies, suspecting, suspects
from labeler.evaluation.models import Study, SuspectVerdict
from labeler.labeling import accepted, annotations, disputes
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import memory
from tests.evaluation.pages import text_of
from tests.training.invented import answer, fill, run_round, work_on

FLIPPED = (4, 15, 31, 42)  # rows that somebody called something else
AUDIT = [row for row in range(120) if row % 10 == 9]
UUID = "123e4567-e89b-42d3-a456-4266141740{:02}"


@pytest.fixture(autouse=True)
def _fresh_memory():
    memory._pools.clear()


@pytest.fixture(params=["single", "multi"])
def flipped(project, request):
    """120 answered images of three groups, four of them under another label than their group."""
    Project.objects.filter(pk=project.pk).update(kind=request.param)
    project.refresh_from_db()
    fill(project, n=120)
    answer(project, [row for row in range(120) if row not in FLIPPED])
    for row in FLIPPED:
        answer(project, [row], label=(row + 1) % 3)
    return project


def label_of(project, place):
    return Label.objects.get(project=project, place=place)


def look(project):
    """Ask for a study and do it."""
    asked = studies.ask(project, None, suspects.KIND)
    work_on("study")
    asked.refresh_from_db()
    return asked


def rows_of(found):
    rows = dict(Image.objects.values_list("pk", "row"))
    return [rows[one.image] for one in found]


def in_doubt(project):
    """Rows whose label is doubted."""
    return set(rows_of(suspects.left(project).chosen("label")))


def suspect(project, row):
    image = Image.objects.get(project=project, row=row)
    return next((one for one in suspects.left(project).each if one.image == image.pk), None)


def relabel(project, reviewer, row, place, at=0):
    image = Image.objects.get(project=project, row=row)
    return annotations.review(
        project=project, user=reviewer, image=image, uuid=UUID.format(at),
        label_ids=[label_of(project, place).pk],
    )  # fmt: skip


def test_flipped_labels_are_found_with_what_speaks_against_them(flipped):
    done = look(flipped)
    assert (done.state, done.error) == ("done", "")
    assert done.facts["answers"] == 108
    assert in_doubt(flipped) == set(FLIPPED)
    found = suspect(flipped, 4)  # of group 1, called the third label
    assert found.said == (label_of(flipped, 2).pk,)
    if flipped.is_multi:
        assert label_of(flipped, 1).pk in found.rather or found.rather == ()
    else:
        assert found.rather == (label_of(flipped, 1).pk,)
        assert found.proba[0][0] == label_of(flipped, 1).pk
        assert found.proba[0][1] > 0.5
    near = [image for image, _, _ in found.near]
    assert len(near) == suspecting.NEAR and found.image not in near
    assert all(pk in (1,) for pk in {Image.objects.get(pk=i).row % 3 for i in near})


def test_no_audit_image_is_suspected(flipped):
    answer_wrongly = [row for row in AUDIT if row % 3 == 0]
    Annotation.objects.filter(image__row__in=answer_wrongly).delete()
    answer(flipped, answer_wrongly, label=1)
    look(flipped)
    audit = set(Image.objects.filter(audit=True).values_list("pk", flat=True))
    found = suspects.left(flipped).each
    assert not audit & {one.image for one in found}
    assert not audit & {image for one in found for image, _, _ in one.near}


def test_a_mended_label_is_suspected_no_more_and_its_undo_brings_it_back(flipped, reviewer):
    look(flipped)
    relabel(flipped, reviewer, 4, 1)
    assert in_doubt(flipped) == set(FLIPPED) - {4}
    assert suspects.left(flipped).mended == 1
    annotations.undo(project=flipped, user=reviewer, uuid=UUID.format(0))
    assert in_doubt(flipped) == set(FLIPPED)


def test_a_confirmed_label_is_not_suspected_again_while_it_stays(flipped, reviewer):
    look(flipped)
    image = suspect(flipped, 4).image
    assert list(suspects.confirm(flipped, reviewer, [image, 0])) == [image]
    assert in_doubt(flipped) == set(FLIPPED) - {4}
    look(flipped)
    assert in_doubt(flipped) == set(FLIPPED) - {4}
    relabel(flipped, reviewer, 4, 0)  # another label, and again a wrong one
    look(flipped)
    assert 4 in in_doubt(flipped)


def test_what_was_confirmed_can_be_taken_back(flipped, reviewer):
    look(flipped)
    image = suspect(flipped, 4).image
    suspects.confirm(flipped, reviewer, [image])
    assert suspects.doubt(flipped, [image]) == 1
    assert in_doubt(flipped) == set(FLIPPED)


def test_an_image_that_is_like_no_other_is_an_outlier(project):
    table = fill(project, n=120)
    answer(project, [row for row in range(120) if row % 10 != 9])
    from labeler.training import shards
    from labeler.training.models import Shard
    from ml import arrays

    far = table.copy()
    far[5] = -far.mean(axis=0) * 3 + np.random.default_rng(0).normal(size=far.shape[1]) * 9
    arrays.write_shard(shards.path(Shard.objects.get()), far)
    look(project)
    assert 5 in rows_of(suspects.left(project).chosen("alone"))


def test_people_who_disagree_come_first(flipped, annotator, reviewer):
    look(flipped)
    answer(flipped, [60], label=1, user=annotator)
    image = Image.objects.get(project=flipped, row=60)
    disputes.settle(image, Annotation.objects.filter(image=image, current=True))
    first = suspects.left(flipped).each[0]
    assert (first.image, first.why) == (image.pk, ("disputed",))
    assert sorted(people for _, people in first.sides) == [1, 1]
    assert suspects.confirm(flipped, reviewer, [image.pk]) == {}  # which label would it be?
    relabel(flipped, reviewer, 60, 0)
    assert suspect(flipped, 60) is None


def test_a_label_that_is_retired_is_no_longer_shown(flipped):
    look(flipped)
    Label.objects.filter(pk=label_of(flipped, 2).pk).update(retired=True)
    assert 4 not in in_doubt(flipped)


def test_it_is_looked_again_when_there_are_a_fifth_more_answers(project):
    fill(project, n=170)
    teachable = [row for row in range(170) if row % 10 != 9]
    answer(project, teachable[:99])
    run_round(project)
    assert not Study.objects.exists()
    answer(project, teachable[99:101])
    run_round(project)
    work_on("study")
    assert studies.newest(project, suspects.KIND).facts["labeled"] == 101
    answer(project, teachable[101:110])
    run_round(project)
    assert Study.objects.count() == 1
    answer(project, teachable[110:122])
    run_round(project)
    assert Study.objects.filter(state="due").count() == 1


def test_too_little_to_learn_from_is_said(project):
    fill(project)
    answer(project, range(3), label=0)
    failed = look(project)
    assert failed.state == "failed"
    assert "All 3 answers are the same" in failed.error


def test_all_answers_alike_but_one_leave_nothing_to_suspect(project):
    fill(project)
    answer(project, range(0, 30, 3))
    answer(project, [1])
    assert look(project).state == "done"


# The page ---------------------------------------------------------------------------------


def page(client, user, project, **query):
    client.force_login(user)
    return client.get(reverse("suspects", args=[project.pk]), query)


def post(client, user, name, project, **fields):
    client.force_login(user)
    return client.post(reverse(name, args=[project.pk]), fields)


def test_the_page_before_anybody_looked(client, project, reviewer):
    assert "Nobody has looked yet" in text_of(page(client, reviewer, project))


def test_the_page_shows_the_worst_ones_and_filters(client, flipped, reviewer):
    look(flipped)
    shown = page(client, reviewer, flipped)
    data = shown.context["data"]
    assert {each["image"] for each in data["suspects"]} >= {
        suspect(flipped, row).image for row in FLIPPED
    }
    first = data["suspects"][0]
    assert first["name"].endswith(".png") and first["urls"]["screen"] and len(first["near"]) == 6
    only = page(client, reviewer, flipped, why="label", label=label_of(flipped, 2).pk)
    assert 0 < len(only.context["data"]["suspects"]) < len(data["suspects"])
    assert page(client, reviewer, flipped, why="x", label="y").status_code == 200


def test_a_reviewer_mends_confirms_and_takes_back(client, flipped, reviewer):
    look(flipped)
    image, other = suspect(flipped, 4).image, suspect(flipped, 15).image
    right = label_of(flipped, 1).pk
    sent = {"image": image, "labels": right, "uuid": UUID.format(7)}
    assert post(client, reviewer, "suspects_answer", flipped, **sent).status_code == 201
    confirmed = post(client, reviewer, "suspects_confirm", flipped, images=[other])
    assert confirmed.json() == {"images": [other]}
    assert in_doubt(flipped) == {31, 42}
    assert SuspectVerdict.objects.get().user == reviewer
    assert post(client, reviewer, "suspects_doubt", flipped, images=[other]).status_code == 200
    assert post(client, reviewer, "review_undo", flipped, uuid=UUID.format(7)).status_code == 201
    assert in_doubt(flipped) == set(FLIPPED)


def test_an_audit_image_cannot_be_answered_here(client, flipped, reviewer):
    image = Image.objects.filter(project=flipped, audit=True).first()
    sent = {"image": image.pk, "labels": label_of(flipped, 1).pk, "uuid": UUID.format(7)}
    refused = post(client, reviewer, "suspects_answer", flipped, **sent)
    assert refused.status_code == 400
    assert "audit sample" in refused.json()["detail"]


def test_looking_again_asks_a_worker_once(client, flipped, reviewer):
    for _ in range(2):
        assert post(client, reviewer, "suspects_look", flipped).status_code == 302
    asked = Study.objects.get()
    assert (asked.kind, asked.state, asked.asked_by) == ("suspects", "due", reviewer)
    assert "Looking" in text_of(page(client, reviewer, flipped))


def test_the_page_needs_few_queries_however_many_are_left(
    client, flipped, reviewer, django_assert_max_num_queries
):
    look(flipped)
    client.force_login(reviewer)
    address = reverse("suspects", args=[flipped.pk])
    client.get(address)
    with django_assert_max_num_queries(24):
        client.get(address)


def test_a_label_that_nobody_gave_is_not_suspected(flipped, monkeypatch):
    """The model's own labels may teach; what people said is not there to be wrong."""
    Annotation.objects.filter(image__row=4).update(current=False)
    own = [(4, [label_of(flipped, 2).pk])]
    monkeypatch.setattr(accepted, "lessons", lambda project: own)
    look(flipped)
    assert suspect(flipped, 4) is None
