"""Gold questions under load: real processes, some people in two of them at once."""

from collections import Counter
from uuid import uuid4

import pytest

from labeler.labeling import annotations, gold, refill
from labeler.labeling.models import Annotation, QueueItem
from labeler.projects.models import Project
from tests import elsewhere
from tests.labeling.test_races import pool, said

PROCESSES, PEOPLE, IMAGES, GOLD = 2, 6, 60, 5


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("overlap", [1, 2])
def test_each_person_answers_each_gold_image_at_most_once(
    project, people, reviewer, labels, tmp_path, overlap
):
    Project.objects.filter(pk=project.pk).update(overlap=overlap, gold_share=0.5)
    project.refresh_from_db()
    images = pool(project, IMAGES)
    known = [image for image in images if not image.audit][:GOLD]
    for image in known:
        annotations.review(
            project=project, user=reviewer, image=image, uuid=uuid4(), label_ids=[labels["rust"]]
        )
        gold.mark(project=project, user=reviewer, image=image)
    refill.top_up(project)
    users = [str(user.pk) for user in people(PEOPLE)]
    env = elsewhere.environment(tmp_path) | {"DJANGO_SETTINGS_MODULE": "labeler.settings"}
    started = [
        elsewhere.python("-m", "tests.labeling.annotators", "all", str(project.pk), *users, env=env)
        for _ in range(PROCESSES)  # everybody twice at once
    ]
    lines = said(*started)
    elsewhere.bring_back(tmp_path)

    assert {code for _, _, code in lines} <= {"created", "replayed", "claim_lost"}
    given = Annotation.objects.filter(current=True).exclude(source="review")
    rows = given.values_list("image", "user", "gold")
    times = Counter((image, user) for image, user, _ in rows)
    assert set(times.values()) == {1}
    asked = Counter(image for image, _, is_gold in rows if is_gold)
    assert set(asked) <= {image.pk for image in known}
    assert asked, "the share of a half brings some"
    plain = Counter(image for image, _, is_gold in rows if not is_gold)
    assert set(plain) == {image.pk for image in images} - {image.pk for image in known}
    assert set(plain.values()) == {overlap}
    assert not QueueItem.objects.filter(done_at=None, gold=False).exists()
