"""R28: the bucket of the originals is slow, broken or closed to us; people go on labeling."""

import pytest
from django.test import Client

from labeler.labeling import annotations, queue
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from tests.conftest import picture
from tests.pools.conftest import bring

pytestmark = pytest.mark.django_db


def _away(settings, **changes):
    options = {**settings.STORAGES["default"]["OPTIONS"], **changes}
    whole = settings.STORAGES | {"default": {**settings.STORAGES["default"], "OPTIONS": options}}
    settings.STORAGES = whole


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint_url": "http://127.0.0.1:9"}, {"bucket_name": "another"},
        {"region_name": "nowhere"},
    ],
    ids=["nobody listens", "no such bucket", "another region"],
)  # fmt: skip
def test_a_picture_says_that_it_cannot_be_reached_and_answers_are_taken(
    pictures_bucket, project, admin, annotator, settings, changes
):
    bring(project, admin, [("tiny.png", picture(2))])
    image = Image.objects.get(project=project)
    project.audit_share = 0
    _away(settings, **changes)
    browser = Client(raise_request_exception=False)
    browser.force_login(annotator)
    told = browser.get(f"/images/{image.pk}/original")
    assert told.status_code in (200, 404, 502, 503)
    if "endpoint_url" in changes:
        assert told.status_code == 503
        assert int(told.headers["Retry-After"]) > 0
        assert b"127.0.0.1" not in told.content
    (item,) = queue.claim(project=project, user=annotator, count=1)
    sent = {"uuid": "123e4567-e89b-42d3-a456-426614174000", "item": item.pk, "labels": ["rust"]}
    annotations.record(project=project, user=annotator, answers=[sent])
    assert Annotation.objects.filter(image=image).count() == 1
