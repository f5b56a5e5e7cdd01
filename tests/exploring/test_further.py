"""Chosen images taken elsewhere: onto a grid, or to be the part that rounds learn from."""

import json
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pytest

from labeler.labeling import asking, grid, refill, together
from labeler.labeling.models import QueueItem
from labeler.projects.models import Project
from labeler.training import part, part_words, predictions
from labeler.training.models import ModelVersion, Round
from ml import arrays

pytestmark = pytest.mark.django_db
BELIEFS = [(0.9, 0.05, 0.05), (0.1, 0.8, 0.1), (0.2, 0.7, 0.1), (0.4, 0.3, 0.3), (0.1, 0.6, 0.3)]


@pytest.fixture
def pool(project, images, reviewer):
    """Ten images, of which 0 and 1 are of the audit sample; a model has scored the first five."""
    labels = list(project.labels.order_by("place"))
    row = Round.objects.create(project=project, number=1, reason="labels", state="done")
    version = ModelVersion.objects.create(
        project=project, number=1, round=row, head="logistic", features="pixels",
        label_ids=[label.pk for label in labels], strategy="margin", n_labels=2,
        seen_annotation=0, temperature=1.0, sha256="0" * 64, serving=True,
    )  # fmt: skip
    predictions.folder(version).mkdir(parents=True)
    arrays.write_shard(predictions.folder(version) / "0.npy", np.array(BELIEFS, np.float16))
    return SimpleNamespace(project=project, labels=labels, images=images, version=version)


def post(client, pool, what, **body):
    url = f"/projects/{pool.project.pk}/explore/{what}"
    return client.post(url, json.dumps(body), content_type="application/json")


def claimed(pool, user, label, **more):
    found = grid.claim(project=pool.project, user=user, label=label, count=20, **more)
    return [item.image.row for item in found]


def test_what_is_chosen_stands_on_a_grid_however_unsure_the_model_is(client, pool, reviewer):
    client.force_login(reviewer)
    ids = [image.pk for image in pool.images]
    told = post(client, pool, "grid", ids=ids).json()
    assert told["shown"] == 3  # 2, 3, 4: not those asked blind, nor those without a prediction
    assert told["page"].endswith(f"/label/grid?label={pool.labels[1].pk}&chosen=1")
    assert claimed(pool, reviewer, pool.labels[0]) == []
    assert claimed(pool, reviewer, pool.labels[0], chosen=True) == [3]
    assert claimed(pool, reviewer, pool.labels[1], chosen=True) == [2, 4]
    assert grid.counts(pool.project, reviewer, chosen=True) == {
        pool.labels[0].pk: 1, pool.labels[1].pk: 2,
    }  # fmt: skip
    assert b"chosen in Explore" in client.get(told["page"]).content


def test_a_chosen_grid_holds_nothing_else_and_a_question_that_waits_comes_along(pool, reviewer):
    label = pool.labels[1]
    waiting = [refill.Ranked(pool.images[at].pk, 0.5, {}, label.pk, 0.9) for at in (2, 5)]
    refill.replace(pool.project, waiting, strategy="margin", version=1)
    known = [refill.Ranked(pool.images[2].pk, predicted=label.pk, confidence=0.7)]
    asking.ask_next(pool.project, [pool.images[2].pk], known)
    assert claimed(pool, reviewer, label, chosen=True) == [2]
    assert QueueItem.objects.get(image=pool.images[2]).confidence == 0.7
    assert QueueItem.objects.get(image=pool.images[5]).confidence == 0.9


@pytest.mark.parametrize("why", ["no_model", "no_suggestions", "no_prediction"])
def test_why_there_is_no_grid_is_said(client, pool, reviewer, why):
    client.force_login(reviewer)
    if why == "no_model":
        ModelVersion.objects.update(serving=False)
    if why == "no_suggestions":
        Project.objects.update(suggestion_share=0)
    response = post(client, pool, "grid", ids=[pool.images[9].pk])
    assert (response.status_code, response.json()["code"]) == (422, why)


def test_rounds_learn_from_the_chosen_only(client, pool, admin, reviewer):
    rust = pool.labels[1]
    ids = [image.pk for image in pool.images[2:6]]
    together.label_together(pool.project, reviewer, ids, [rust.pk], uuid4())
    client.force_login(admin)
    assert post(client, pool, "part", ids=ids[:2]).json() == {"changed": True}
    assert post(client, pool, "part", ids=ids[:2]).json() == {"changed": False}
    pool.project.refresh_from_db()
    stored = part.of(pool.project)
    assert stored.images == tuple(ids[:2])
    taught = pool.project.annotation_set.filter(stored.answers())
    assert sorted(taught.values_list("image", flat=True)) == ids[:2]
    names = part_words.Names.of(pool.project, [])
    assert part_words.words(pool.project.training_part, names) == ["only 2 chosen images"]


def test_the_settings_keep_the_chosen_until_they_are_unticked(client, pool, admin):
    client.force_login(admin)
    ids = [image.pk for image in pool.images[2:4]]
    post(client, pool, "part", ids=ids)
    url = f"/projects/{pool.project.pk}/training-part"
    settings = client.get(f"/projects/{pool.project.pk}/settings").content
    assert b"2 images chosen in Explore" in settings
    for sent, left in (({"images": "on"}, ids), ({}, [])):
        client.post(url, sent)
        pool.project.refresh_from_db()
        assert pool.project.training_part.get("images", []) == left


def test_only_admins_choose_the_part_and_images_of_others_are_refused(
    client, pool, admin, reviewer
):
    client.force_login(reviewer)
    assert post(client, pool, "part", ids=[pool.images[2].pk]).status_code == 403
    client.force_login(admin)
    assert post(client, pool, "part", ids=[10**9]).json()["code"] == "bad_part"
    assert post(client, pool, "part", ids=list(range(1, 6_000))).json()["code"] == "too_many"
