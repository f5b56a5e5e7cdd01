"""Choosing what goes out, in a real browser: the count follows, the file holds just that."""

import zipfile
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from tests.browser.conftest import PHONE, Site, sign_in, store_images

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(page, project, annotator, reviewer, tmp_path):
    """Six labeled images: four healthy, two with rust."""
    store_images(project, 6)
    Project.objects.filter(pk=project.pk).update(next_row=6)
    labels = list(Label.objects.filter(project=project).order_by("place"))
    for image in Image.objects.filter(project=project):
        row = Annotation.objects.create(
            uuid=uuid4(), project=project, image=image, user=annotator, audit=image.audit
        )
        row.labels.add(labels[image.row % 3 == 2])
    Image.objects.filter(project=project).update(state="labeled")
    made = Site(tmp_path)
    sign_in(page, made, reviewer)
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("where", ["desk", "phone"])
def test_the_count_follows_what_is_chosen_and_the_file_holds_it(
    page, site, project, tmp_path, where
):
    if where == "phone":
        page.set_viewport_size(PHONE["viewport"])
    page.goto(f"{site.address}/projects/{project.pk}/export")
    held = page.locator("#holds")
    expect(held).to_contain_text("6 answers")
    expect(page.get_by_label("Take the images along")).to_be_hidden()

    page.get_by_role("radio", name="COCO").check()
    page.get_by_label("Take the images along").check()
    expect(held).to_contain_text("6 images")
    page.get_by_text("Only some of them").click()
    page.get_by_role("checkbox", name="rust").check()
    expect(held).to_contain_text("2 images")
    expect(held).to_contain_text("export?format=coco&labels=")
    page.get_by_label("Model at least this sure").fill("2")
    page.get_by_label("Model at least this sure").press("Tab")
    expect(held).to_contain_text("A confidence is a number from 0 to 1")
    page.get_by_label("Model at least this sure").fill("")
    page.get_by_label("Model at least this sure").press("Tab")
    expect(held).to_contain_text("2 images")

    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    with zipfile.ZipFile(download.value.path()) as found:
        assert found.testzip() is None
        assert sorted(found.namelist()) == [
            "annotations.json", "images/leaf-2-2.png", "images/leaf-5-5.png",
        ]  # fmt: skip
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
