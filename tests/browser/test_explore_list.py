"""The list of Explore in a real browser: scroll far, filter, choose, label together, undo."""

import pytest
from playwright.sync_api import expect

from labeler.labeling.models import Annotation
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Project
from tests.browser.conftest import Site, sign_in
from tests.browser.test_access import look
from tests.conftest import picture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
N = 900
TILE = ".x-tile[data-image]:not([data-image=''])"


@pytest.fixture
def pool(project):
    """Nine hundred images, all of one picture."""
    data = picture(1, (64, 48))
    Image.objects.bulk_create(
        Image(
            project=project, row=row, sha256=f"{row:064x}", name=f"leaf-{row:03}.png", width=64,
            height=48, format="PNG", bytes=len(data), key=row / N,
        )
        for row in range(N)
    )  # fmt: skip
    for image in Image.objects.filter(project=project):
        storage.save_original(project, image.sha256, data)
    Project.objects.filter(pk=project.pk).update(next_row=N)
    return project


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.stop()


def opened(page, site, pool, reviewer, query=""):
    sign_in(page, site, reviewer)
    site.start()
    page.goto(f"{site.address}/projects/{pool.pk}/explore{query}")
    expect(page.locator(TILE).first).to_be_visible()


def test_scroll_filter_choose_label_and_undo(page, site, pool, reviewer):
    opened(page, site, pool, reviewer)
    expect(page.locator("[data-found]")).to_have_text("900 images")
    assert page.locator(".x-tile").count() < 120  # only what is in sight
    page.locator("[data-scroll]").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    expect(page.locator(".x-tile[title='leaf-899.png']")).to_be_visible()

    page.get_by_label("Find").fill("leaf-12")
    expect(page.locator("[data-found]")).to_have_text("10 images")
    expect(page.locator(".x-tile[title='leaf-120.png']")).to_be_visible()
    page.locator(".x-tile[title='leaf-121.png']").click()
    page.locator(".x-tile[title='leaf-124.png']").click(modifiers=["Shift"])
    expect(page.get_by_role("heading", name="4 images chosen")).to_be_visible()
    expect(page.get_by_text("4 not labeled")).to_be_visible()

    page.locator("[data-choice-give]", has_text="rust").click()
    expect(page.locator(".x-tile[title='leaf-122.png'] .said")).to_have_text("rust")
    site.data()
    assert Annotation.objects.filter(current=True, source="explore").count() == 4
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("4 labels taken back.")).to_be_visible()
    site.data()
    assert not Annotation.objects.filter(current=True).exists()


def test_by_keys_and_a_view_is_kept(page, site, pool, reviewer):
    opened(page, site, pool, reviewer, "?q=leaf-00")
    expect(page.locator("[data-found]")).to_have_text("10 images")
    page.locator(TILE).first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="2 images chosen")).to_be_visible()
    expect(page.get_by_text("Ask for these 2 next")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("2 images are asked next.")).to_be_visible()
    assert look(page) == []

    page.get_by_text("Saved views").click()
    page.get_by_label("Keep this filter as").fill("the first ten")
    page.get_by_role("button", name="Keep", exact=True).click()
    kept = page.get_by_role("link", name="the first ten")
    expect(kept).to_have_attribute("href", "?q=leaf-00")
