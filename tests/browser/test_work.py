"""The page of the background work in a real browser: what failed is repeated by a press."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from labeler.pools.models import Import
from labeler.training.models import Round
from labeler.work.models import Worker
from tests.browser.conftest import DESKTOP, PHONE, Site, sign_in
from tests.browser.test_access import look, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(tmp_path):
    """A server that is started last, once its data is there."""
    made = Site(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def failed(project, owner):
    """A worker that is up, one that is gone; a failed round and import, an import that waits."""
    now = timezone.now()
    for queue, seen in (("rounds", now + timedelta(hours=1)), ("chores", now - timedelta(hours=2))):
        Worker.objects.create(
            name=f"{queue}@one", queues=queue, started_at=now, seen_at=seen, doing="round 4"
        )
    Round.objects.create(
        project=project, number=4, reason="asked", state="failed", attempts=3, finished_at=now,
        error="OSError: [Errno 28] No space left on device: '/srv/data/projects/1/000012.npy'",
    )  # fmt: skip
    Import.objects.create(
        project=project, number=1, source="folder", created_by=owner, state="failed", attempts=3,
        error="The folder /srv/scans is not there.", finished_at=now - timedelta(days=2),
    )  # fmt: skip
    Import.objects.create(project=project, number=2, source="folder", created_by=owner)
    return project


@pytest.mark.parametrize("page", [DESKTOP, PHONE], ids=["wide", "phone"], indirect=True)
def test_what_failed_is_repeated_by_a_press(page, site, failed, owner, annotator):
    sign_in(page, site, owner)
    site.start()
    visit(page, f"{site.address}/work")
    assert look(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    lines = page.locator("section:last-of-type .people li")
    expect(lines).to_have_count(2)
    page.locator("form[action^='/work/round/'] button").click()
    expect(page.get_by_text("It is due again.")).to_be_visible()
    expect(lines).to_have_count(1)
    site.data()
    assert Round.objects.get().state == "due"
    visit(page, f"{site.address}/projects/{failed.pk}/work")
    assert look(page) == []
    expect(lines).to_have_count(1)
    visit(page, f"{site.address}/accounts/{annotator.pk}/delete")
    assert look(page) == []
