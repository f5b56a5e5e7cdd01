"""An admin arranges and merges labels while somebody labels."""

import pytest
from playwright.sync_api import expect

from labeler.labeling import refill
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects import labels as label_set
from labeler.projects.labels import Wish
from labeler.projects.models import Label, Project
from tests.browser.conftest import DESKTOP, Site, sign_in, store_images, until, watch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(page, project, tmp_path):
    project.audit_share = 0
    project.save()
    label_set.store(project, [Wish(f"species {n}") for n in range(10)])
    store_images(project, 6)
    Project.objects.filter(pk=project.pk).update(next_row=6)
    images = Image.objects.filter(project=project).order_by("row")
    refill.replace(project, [refill.Ranked(i.pk) for i in images], strategy="margin", version=1)
    made = Site(tmp_path)
    yield made
    made.stop()


def places(page):
    return page.locator("[data-label-row]").evaluate_all(
        "rows => rows.map((row) => [row.dataset.name, row.querySelector('[data-position]').value])"
    )


def test_labels_are_moved_and_merged_while_somebody_labels(page, site, project, admin, annotator):
    sign_in(page, site, admin)
    other = page.context.browser.new_context(**DESKTOP).new_page()
    sign_in(other, site, annotator)
    page.broken += watch(other)
    site.start()
    other.goto(f"{site.address}/projects/{project.pk}/label")
    expect(other.locator("[data-picture]")).to_be_visible()
    expect(other.locator("[data-outbox]")).to_contain_text("All answers saved")
    other.keyboard.press("3")  # mildew
    expect(other.locator("[data-strip] li")).to_have_count(1)
    expect(other.locator("[data-outbox]")).to_contain_text("All answers saved")

    page.goto(f"{site.address}/projects/{project.pk}/settings")
    page.get_by_role("button", name="Move mildew up").click()
    assert places(page)[:3] == [["healthy", "1"], ["mildew", "2"], ["rust", "3"]]
    page.get_by_label("Find a label").fill("Species 7")
    expect(page.locator("[data-label-row]:visible")).to_have_count(1)
    page.get_by_label("Find a label").fill("")
    grips = page.locator("[data-grip]")
    grips.nth(2).scroll_into_view_if_needed()
    start, end = grips.nth(2).bounding_box(), grips.nth(0).bounding_box()
    page.mouse.move(start["x"] + 8, start["y"] + 18)
    page.mouse.down()
    page.mouse.move(end["x"] + 8, end["y"] + 4, steps=6)
    page.mouse.up()
    moved = [["rust", "1"], ["healthy", "2"], ["mildew", "3"]]
    until(lambda: places(page)[:3] == moved)
    page.get_by_role("button", name="Save the settings").click()
    expect(page.locator("body")).to_contain_text("The settings are saved.")
    assert places(page)[:3] == moved

    page.get_by_role("link", name="merge, split mildew").click()
    page.get_by_label("Into").select_option(label="rust")
    page.get_by_role("button", name="Show what would happen").first.click()
    expect(page.locator("#told")).to_contain_text("1 answer becomes rust.")
    other.keyboard.press("3")  # the page has not noticed yet: it still offers mildew
    expect(other.locator("[data-strip] li")).to_have_count(2)
    expect(other.locator("[data-outbox]")).to_contain_text("All answers saved")
    page.get_by_role("button", name="Merge mildew into rust").click()
    expect(page.locator("body")).to_contain_text("mildew is merged: 2 answers say rust now.")
    page.get_by_role("link", name="What was done to the labels").click()
    expect(page.locator(".label-events li").first).to_contain_text("merged mildew into rust")

    site.data()
    names = Annotation.labels.through.objects.values_list("label__name", flat=True)
    assert list(names) == ["rust", "rust"]
    order = Label.objects.filter(project=project, retired=False)
    assert [label.name for label in order[:3]] == ["rust", "healthy", "species 0"]
