"""A pool brought to labels by its clusters, in a real browser, by keys."""

import re

import pytest
from playwright.sync_api import expect

from labeler.exploring import surveys
from labeler.exploring.models import Survey
from labeler.labeling.models import Annotation
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Label
from labeler.training.spaces import Space
from tests.browser.conftest import Site, sign_in
from tests.browser.test_access import look
from tests.conftest import picture
from tests.training.invented import FEATURES, fill, work_on

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OPEN = "[data-tiles] button"


@pytest.fixture
def pool(project):
    """Sixty images with files, of three kinds that lie apart: row % 3."""
    fill(project)
    for image in Image.objects.filter(project=project):
        storage.save_original(project, image.sha256, picture(image.row % 3, (64, 48)))
    surveys.ask(project, None, Survey.Kind.CLUSTERS, Space(FEATURES), {"k": 3})
    work_on("survey")
    return project


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.stop()


def kind_of(tab):
    """The kind that the cluster on the page is of."""
    shown = int(tab.locator(OPEN).first.get_attribute("data-id"))
    return Image.objects.get(pk=shown).row % 3


def test_a_pool_is_labeled_by_its_clusters(page, site, pool, reviewer):
    sign_in(page, site, reviewer)
    site.start()
    page.goto(f"{site.address}/projects/{pool.pk}/explore/clusters")
    expect(page.locator("a.cluster")).to_have_count(3)
    assert look(page) == []
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    presses = 2
    for number in range(3):
        expect(page.locator(OPEN)).to_have_count(18)
        expect(page.get_by_text("18 images chosen")).to_be_visible()
        assert number or look(page) == []
        page.keyboard.press(str(kind_of(page) + 1))
        expect(page.get_by_text("Nothing left to label in this cluster.")).to_be_visible()
        presses += 1
        if number < 2:
            page.keyboard.press("]")
            expect(page.get_by_text("Nothing left to label in this cluster.")).to_be_hidden()
            presses += 1
    site.data()
    given = Annotation.objects.filter(project=pool, current=True)
    labels = list(Label.objects.filter(project=pool).order_by("place"))
    right = [a for a in given if a.labels.get() == labels[a.image.row % 3]]
    assert len(right) == 54
    assert presses == 7


def test_a_cut_with_an_exception_is_labeled_and_taken_back(page, site, pool, reviewer):
    sign_in(page, site, reviewer)
    site.start()
    page.goto(f"{site.address}/projects/{pool.pk}/explore/clusters?cluster=0")
    tiles = page.locator(OPEN)
    expect(tiles).to_have_count(18)
    first = int(tiles.first.get_attribute("data-id"))
    for _ in range(4):
        page.keyboard.press(",")
    expect(page.locator("[data-cut-words]")).to_have_text(re.compile("14 of 18 images"))
    tiles.first.focus()
    page.keyboard.press("x")
    expect(tiles.first).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_text("13 images chosen")).to_be_visible()
    page.keyboard.press("2")
    expect(tiles).to_have_count(5)
    site.data()
    labeled = Annotation.objects.filter(project=pool, current=True)
    assert labeled.count() == 13
    assert not labeled.filter(image=first).exists()
    page.keyboard.press("z")
    expect(tiles).to_have_count(18)
    site.data()
    assert labeled.count() == 0
