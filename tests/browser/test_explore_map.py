"""Somebody draws a line around points of the map and asks for these images next."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from labeler.exploring import surveys
from labeler.exploring.models import Survey
from labeler.labeling.models import QueueItem
from labeler.labeling.refill import ASKED_FOR
from labeler.pools.models import Image
from labeler.projects.models import Project
from tests.browser.conftest import PHONE, Site, sign_in, store_images
from tests.browser.test_access import look

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

IMAGES = 12
LEFT = [row for row in range(IMAGES) if row % 2 == 0]


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    if hasattr(made, "process"):
        made.stop()


@pytest.fixture
def mapped(project):
    """Twelve images, every second one on the left of the map, the others on the right."""
    store_images(project, IMAGES)
    Project.objects.update(next_row=IMAGES)
    project.refresh_from_db()
    row = Survey.objects.create(
        project=project, kind="map", features="pixels", state="done", images=IMAGES
    )
    side = np.where(np.arange(IMAGES) % 2 == 0, -0.7, 0.7)
    places = np.stack([side, np.linspace(-0.5, 0.5, IMAGES)], axis=1).astype(np.float32)
    surveys.folder(row).mkdir(parents=True)
    np.save(surveys.folder(row) / "places.npy", places)
    return project


def opened(page, site, project, user):
    sign_in(page, site, user)
    site.start()
    page.goto(f"{site.address}/projects/{project.pk}/explore/map")
    expect(page.locator("[data-map][data-ready]")).to_be_visible()


def test_a_line_around_points_chooses_them_and_asks_for_them(page, site, mapped, reviewer):
    opened(page, site, mapped, reviewer)
    box = page.locator("[data-map] canvas").bounding_box()
    corners = [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98)]
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*at[0])
    page.mouse.down()
    for corner in at[1:]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()
    expect(page.get_by_role("heading", name=f"{len(LEFT)} images chosen")).to_be_visible()
    ask = page.get_by_role("button", name=re.compile(f"Ask for these {len(LEFT)} next"))
    expect(ask).to_be_visible()
    ask.click()
    expect(page.get_by_text(f"{len(LEFT)} images are asked next.")).to_be_visible()
    assert look(page) == []
    site.data()
    asked = QueueItem.objects.filter(project=mapped, strategy=ASKED_FOR, done_at=None)
    assert sorted(asked.values_list("image__row", flat=True)) == LEFT


def test_the_keyboard_walks_from_point_to_point(page, site, mapped, reviewer):
    opened(page, site, mapped, reviewer)
    canvas = page.locator("[data-map] canvas")
    canvas.focus()
    page.keyboard.press("ArrowUp")  # to the point nearest to the middle
    page.keyboard.press("ArrowLeft")
    page.keyboard.press(" ")
    expect(page.get_by_role("heading", name="1 image chosen")).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press(" ")
    expect(page.get_by_role("heading", name="2 images chosen")).to_be_visible()
    page.get_by_text("The images in view, as a list").click()
    chosen = page.locator("[data-map-list] button[aria-pressed=true]")
    expect(chosen).to_have_count(2)
    chosen.first.click()
    expect(page.get_by_role("heading", name="1 image chosen")).to_be_visible()
    assert Image.objects.count() == IMAGES


@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_a_phone_shows_the_map_first_and_nothing_sticks_out(page, site, mapped, reviewer):
    opened(page, site, mapped, reviewer)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    canvas = page.locator("[data-map] canvas").bounding_box()
    assert canvas["y"] < page.locator("#map-q").bounding_box()["y"]
    page.get_by_role("group", name=re.compile("Colours")).get_by_role("button").first.click()
    expect(page.get_by_role("heading", name=f"{IMAGES} images chosen")).to_be_visible()
