"""Near-duplicates and saved views in a real browser."""

import pytest
from playwright.sync_api import expect

from labeler.exploring import asking, surveys
from labeler.exploring.models import SavedView, Survey
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.work import leases
from tests.browser.conftest import Site, sign_in
from tests.browser.test_access import look
from tests.exploring.drawn_pool import bring_in, jpeg, shapes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pool(project, reviewer):
    """Three pictures, each saved again; compared by a worker."""
    files = [jpeg(shapes(seed), quality) for seed in range(3) for quality in (90, 60)]
    bring_in(project, files)
    asking.compare(project, reviewer, "codes")
    surveys.run(leases.claim(Survey))
    return project


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.stop()


def test_keep_one_say_they_differ_label_together_and_undo(page, site, pool, reviewer):
    sign_in(page, site, reviewer)
    site.start()
    page.goto(f"{site.address}/projects/{pool.pk}/explore/duplicates")
    groups = page.locator("[data-twin]")
    expect(groups).to_have_count(3)
    assert look(page) == []
    groups.nth(0).locator("[data-twin-image]").nth(1).click()
    page.keyboard.press("k")
    expect(page.locator("[data-twin-told]").nth(0)).to_have_text(
        "One is kept; the others are not asked."
    )
    groups.nth(1).get_by_role("button", name="They differ").click()
    expect(page.locator("[data-twin][data-done]")).to_have_count(2)
    page.keyboard.press("z")
    expect(page.locator("[data-twin][data-done]")).to_have_count(1)
    groups.nth(2).get_by_role("button", name="Label together").click()
    expect(page.get_by_text("2 images chosen")).to_be_visible()
    page.locator("[data-choice-give]", has_text="rust").click()
    expect(page.locator("[data-twin][data-done]")).to_have_count(2)
    site.data()
    assert Image.objects.filter(project=pool, state="aside").count() == 1
    assert Annotation.objects.filter(current=True, source="explore").count() == 2


def test_a_saved_view_opens_and_goes(page, site, pool, reviewer):
    SavedView.objects.create(project=pool, user=reviewer, name="first ones", query="q=1")
    sign_in(page, site, reviewer)
    site.start()
    page.goto(f"{site.address}/projects/{pool.pk}/explore")
    expect(page.locator("[data-found]")).to_have_text("6 images")
    page.get_by_text("Saved views").click()
    page.get_by_role("link", name="first ones").click()
    expect(page.locator("[data-found]")).to_have_text("1 image")
    page.get_by_text("Saved views").click()
    page.get_by_role("button", name="Delete the view first ones").click()
    expect(page.get_by_role("link", name="first ones")).to_have_count(0)
    site.data()
    assert not SavedView.objects.exists()
