"""A reviewer reads the numbers, sorts them, and opens the images behind a mistake."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from labeler.pools import storage
from labeler.pools.models import Image
from tests.browser.conftest import DESKTOP, PHONE, Site, sign_in
from tests.browser.test_access import barriers
from tests.conftest import picture
from tests.evaluation.conftest import Bench, proba_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    if hasattr(made, "process"):
        made.stop()


@pytest.fixture
def bench(project, annotator):
    """40 healthy and 20 rust; 4 rust are called healthy."""
    made = Bench(project, annotator)
    said = [0] * 40 + [1] * 16 + [0] * 4
    made.version(made.audit([0] * 40 + [1] * 20), proba_of(said, 3))
    for image in Image.objects.filter(project=project):
        storage.save_original(project, image.sha256, picture(image.row, (320, 240)))
    return made


@pytest.mark.parametrize("page", [DESKTOP, PHONE], ids=["wide", "phone"], indirect=True)
def test_from_a_number_to_its_images(page, site, bench, reviewer):
    sign_in(page, site, reviewer)
    site.start()
    address = site.address + reverse("numbers", args=[bench.project.pk])
    assert barriers(page, address) == []
    page.get_by_role("link", name="lowest bound first").click()
    table = page.get_by_role("region", name="Over all labels Label by label")
    first = table.locator("tbody th").first
    expect(first).to_have_text("rust")
    page.get_by_role("link", name="share of the row").click()
    cell = page.get_by_role("link", name=re.compile("20 ?: rust, healthy"))  # 4 of 20
    expect(cell).to_be_visible()
    page.get_by_label("How exactly do you want to know it? ± images").fill("many")
    page.get_by_role("button", name="Compute").click()
    expect(page.get_by_text("Type a whole number of images")).to_be_visible()
    page.get_by_role("link", name=re.compile("^4 ?: rust, healthy")).click()
    page.wait_for_url("**/review?truth=*")
    wide = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide
