"""Grids and single questions at the same time: no image twice, every answer once."""

from collections import Counter

import pytest

from labeler.labeling import refill
from labeler.labeling.models import Annotation, QueueItem
from labeler.projects.models import Label, Project
from tests import elsewhere
from tests.labeling.test_races import pool, said

PROCESSES, PEOPLE, IMAGES = 2, 8, 160


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("overlap", [1, 2])
def test_grids_and_single_questions_never_share_an_image(project, people, tmp_path, overlap):
    Project.objects.filter(pk=project.pk).update(overlap=overlap, audit_share=0)
    project.refresh_from_db()
    images = [image for image in pool(project, IMAGES // overlap) if not image.audit]
    labels = list(Label.objects.filter(project=project).values_list("pk", flat=True))
    rows = [refill.Ranked(i.pk, 0.1, {}, labels[i.row % 3], 1 - i.row / 1000) for i in images]
    refill.replace(project, rows, strategy="margin", version=1)
    users = [str(user.pk) for user in people(PEOPLE)]
    env = elsewhere.environment(tmp_path) | {"DJANGO_SETTINGS_MODULE": "labeler.settings"}
    run = ("-m", "tests.labeling.annotators", "grid", str(project.pk))
    started = [elsewhere.python(*run, *users[n::PROCESSES], env=env) for n in range(PROCESSES)]
    lines = said(*started)
    elsewhere.bring_back(tmp_path)

    assert {code for _, _, code in lines} == {"created", "replayed"}
    asked = {image.pk for image in images}
    times = Counter(image for _, image, code in lines if code == "created" and image in asked)
    assert times == dict.fromkeys(asked, overlap)
    grids = Annotation.objects.filter(source="grid")
    assert grids.exists()
    assert not grids.filter(audit=True).exists()
    assert not QueueItem.objects.filter(done_at=None, audit=False).exists()
