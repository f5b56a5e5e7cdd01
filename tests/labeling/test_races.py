"""Promises 2 and 3 under load: real processes, sixteen people, every answer exactly once."""

import json
from collections import Counter
from functools import partial
from uuid import uuid4

import pytest

from labeler.labeling import queue, refill
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Project
from tests import elsewhere

PROCESSES, PEOPLE, IMAGES = 4, 16, 160


def pool(project, number):
    made = [
        Image(
            project=project, row=row, sha256=f"{row:064x}", name=f"{row}.png", width=9, height=9,
            format="PNG", bytes=9, key=row / number, audit=row % 10 == 0,
        )
        for row in range(number)
    ]  # fmt: skip
    Project.objects.filter(pk=project.pk).update(next_row=number)
    return Image.objects.bulk_create(made)


def said(*processes):
    """What the processes printed, once all have ended well."""
    lines = []
    for process in processes:
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
        lines += json.loads(out)
    return lines


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("overlap", [1, 2])
def test_sixteen_people_answer_every_image_once(project, people, tmp_path, overlap):
    Project.objects.filter(pk=project.pk).update(overlap=overlap)
    project.refresh_from_db()
    images = pool(project, IMAGES // overlap)
    refill.top_up(project)
    users = [str(user.pk) for user in people(PEOPLE)]
    env = elsewhere.environment(tmp_path) | {"DJANGO_SETTINGS_MODULE": "labeler.settings"}
    started = [
        elsewhere.python(
            "-m", "tests.labeling.annotators", "all", str(project.pk), *users[n::PROCESSES], env=env
        )
        for n in range(PROCESSES)
    ]
    lines = said(*started)
    elsewhere.bring_back(tmp_path)

    codes = Counter(code for _, _, code in lines)
    assert set(codes) == {"created", "replayed"}, "nobody ever held what another held"
    times = Counter(image for _, image, code in lines if code == "created")
    assert times == {image.pk: overlap for image in images}
    stored = Annotation.objects.filter(current=True).values_list("image", "user")
    assert len(set(stored)) == len(stored) == len(images) * overlap
    assert not QueueItem.objects.filter(done_at=None).exists()
    shared = {user for user, _, _ in lines}  # by people of two processes at least
    assert len(shared) > PEOPLE // PROCESSES, "the work was really shared"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_fifty_posts_of_one_answer_store_one(project, annotator, tmp_path):
    pool(project, 20)
    refill.top_up(project)
    item = queue.claim(project=project, user=annotator)[0]
    env = elsewhere.environment(tmp_path) | {"DJANGO_SETTINGS_MODULE": "labeler.settings"}
    arguments = ("same", str(project.pk), str(annotator.pk), str(item.pk), str(uuid4()), "25")
    started = [
        elsewhere.python("-m", "tests.labeling.annotators", *arguments, env=env) for _ in range(2)
    ]
    codes = Counter(code for _, _, code in said(*started))
    elsewhere.bring_back(tmp_path)
    assert codes == {"created": 1, "replayed": 49}
    assert Annotation.objects.count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_merge_while_sixteen_people_answer_with_the_label(project, people, admin, tmp_path):
    """They all say "rust"; nothing is lost, and afterwards nothing says it any more."""
    images = pool(project, IMAGES)
    refill.top_up(project)
    users = [str(user.pk) for user in people(PEOPLE)]
    env = elsewhere.environment(tmp_path) | {"DJANGO_SETTINGS_MODULE": "labeler.settings"}
    start = partial(elsewhere.python, "-m", "tests.labeling.annotators", env=env)
    crowd = [start("all", str(project.pk), *users[n::PROCESSES]) for n in range(PROCESSES)]
    merging = start("merge", str(project.pk), str(admin.pk), "rust", "healthy", "40")
    lines = said(*crowd)
    (done,) = said(merging)
    elsewhere.bring_back(tmp_path)

    assert 40 <= done["answers"] < IMAGES, "the merge came in the middle"
    assert {code for _, _, code in lines} == {"created", "replayed"}
    assert Annotation.objects.filter(current=True).count() == len(images)
    named = Annotation.labels.through.objects.values_list("label__name", flat=True)
    assert list(named) == ["healthy"] * len(images)
    sent = Annotation.objects.values_list("body__sent__labels", flat=True)
    assert list(sent) == [["rust"]] * len(images), "what was said is kept"
