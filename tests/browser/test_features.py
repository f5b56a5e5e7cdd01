"""An admin chooses features by name and follows what becomes of them, as on a screen."""

import re

import pytest
from playwright.sync_api import expect

from labeler.projects.models import Project
from labeler.training import embeddings
from ml import features
from ml.features.autoencoder import Autoencoder
from tests.browser.conftest import PHONE, Site, sign_in
from tests.training.drawn import draw
from tests.training.invented import work_on

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    if hasattr(made, "process"):
        made.stop()


@pytest.fixture
def drawn(project, monkeypatch):
    """Thirty pictures, embedded by a small autoencoder that learned from them."""
    tiny = {"dimensions": 12, "side": 16, "width": 4, "epochs": 3}
    monkeypatch.setitem(features.FEATURES, "autoencoder", lambda: Autoencoder(**tiny))
    draw(project, range(30))
    Project.objects.update(features="autoencoder")
    embeddings.find()
    work_on("feature_fit")
    work_on("embedding")
    return project


@pytest.mark.parametrize("page", [{"viewport": {"width": 1280, "height": 800}}, PHONE],
                         indirect=True, ids=["desktop", "phone"])  # fmt: skip
def test_features_are_chosen_by_name_and_followed(page, site, drawn, admin):
    sign_in(page, site, admin)
    site.start()
    page.goto(f"{site.address}/projects/{drawn.pk}/settings")
    panel = page.locator("#features")
    expect(panel).to_contain_text("ready")
    expect(panel).to_contain_text("Loss on images held out, over 3 passes")
    sheet = panel.locator("img")
    sheet.scroll_into_view_if_needed()
    expect(sheet).to_have_js_property("naturalWidth", 156)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.get_by_label("Other…").check()
    page.get_by_label("Name of the feature set").fill("pca-8:hog")
    page.get_by_role("button", name="Save the settings").click()
    expect(panel).to_contain_text("It begins as soon as a worker is free.")
    expect(panel.get_by_text("Reload the page")).to_be_hidden()
    with page.expect_response(re.compile(rf"/projects/{drawn.pk}/features$")) as looked:
        pass
    assert looked.value.status == 200
    expect(page.get_by_label("Other…")).to_be_checked()

    page.get_by_label("Autoencoder", exact=False).first.check()
    page.get_by_role("button", name="Save the settings").click()
    expect(panel).to_contain_text("ready")  # all is still there
    panel.get_by_role("button", name="Learn again").click()
    expect(page.get_by_text("The features learn again.")).to_be_visible()
    expect(panel).to_contain_text("waiting")
