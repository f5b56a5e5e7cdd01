"""An admin accepts what the model is sure of; a spot check finds a mistake; all is taken back."""

import pytest
from playwright.sync_api import expect

from labeler.labeling.models import Annotation
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import sureness
from tests import elsewhere
from tests.browser.conftest import PHONE, Site, sign_in, until, watch
from tests.browser.test_access import look as barriers
from tests.conftest import picture
from tests.evaluation.conftest import Bench
from tests.evaluation.pool_of_model import OPEN, scored_pool

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORK = "import django; django.setup(); from labeler.work.tasks import run; run('study')"


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def pool(project, annotator):
    """300 audit labels, 200 open images, 160 of which the model is sure of; every question is a
    spot check once something is accepted."""
    Project.objects.filter(pk=project.pk).update(audit_share=0, spot_check_share=1)
    project.refresh_from_db()
    version, opened = scored_pool(Bench(project, annotator))
    sureness.make(version, lambda done, total: None)
    for image in opened:
        storage.save_original(project, image.sha256, picture(image.row, (32, 24)))
    return project


def worker(site):
    """Let a worker do the study that is due."""
    env = site.env | {"DJANGO_SETTINGS_MODULE": "labeler.settings"}
    process = elsewhere.python("-c", WORK, env=env)
    _out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors


def test_accept_spot_check_and_revoke(page, site, pool, admin, annotator):
    other = page.context.browser.new_context(**PHONE).new_page()
    other.broken = watch(other)
    sign_in(page, site, admin)
    sign_in(other, site, annotator)
    site.start()
    where = f"{site.address}/projects/{pool.pk}"
    page.goto(f"{where}/autolabel")
    page.get_by_label("Of what is accepted, at most so much may be wrong").fill("5")
    page.get_by_role("button", name="See what would be accepted").click()
    expect(page.locator(".auto-offer .gallery li")).to_have_count(24)
    assert barriers(page) == []
    page.get_by_role("button", name="Accept 160 images").click()
    expect(page.get_by_role("main")).to_contain_text("Accepting images.")
    worker(site)
    revoke = page.get_by_role("button", name="Revoke, open 160 images again")
    expect(revoke).to_be_visible()  # the page came anew by itself
    expect(page.get_by_role("main")).to_contain_text("not checked yet")

    other.goto(f"{where}/label")
    expect(other.locator("[data-picture]")).to_be_visible()
    expect(other.locator("[data-file]")).not_to_be_empty()
    other.keyboard.press("2")  # rust; the model said healthy

    def answered():
        site.data()
        return Annotation.objects.filter(strategy="spot_check", current=True).exists()

    until(answered)
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("1 wrong of 1")
    page.get_by_role("link", name="Accepted images").click()
    expect(page.locator(".gallery li")).to_have_count(60)
    page.go_back()
    page.get_by_role("button", name="Revoke, open 159 images again").click()
    expect(page.locator(".acceptance.gone")).to_have_count(1)
    worker(site)
    expect(page.locator("[data-poll='1500']")).to_have_count(0)
    site.data()
    assert Image.objects.filter(state="open", audit=False).count() == OPEN - 1
    assert Image.objects.filter(state="labeled", audit=False).count() == 1
    assert other.broken == []
