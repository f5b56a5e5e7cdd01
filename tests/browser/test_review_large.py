"""Review's large view in a real browser: zoomed, moved and turned, down to the original."""

import io

import pytest
from PIL import Image as Picture
from playwright.sync_api import expect

from labeler.pools import storage
from labeler.pools.models import Image
from tests.browser.conftest import Site, sign_in, until
from tests.browser.test_seeing import lens, photo, view
from tests.evaluation.conftest import Bench, proba_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def give_file(image, data):
    """The bytes of the image, and the screen size that an import makes of them."""
    width, height = Picture.open(io.BytesIO(data)).size
    small = io.BytesIO()
    Picture.open(io.BytesIO(data)).resize((width // 3, height // 3)).save(small, "JPEG")
    names = (storage.name_of(image.project_id, image.sha256, s) for s in ("original", "screen"))
    storage.save_many(zip(names, (data, small.getvalue()), strict=True))
    sizes = {"width": width, "height": height, "format": "JPEG", "bytes": len(data)}
    Image.objects.filter(pk=image.pk).update(**sizes)


def test_the_large_view_zooms_to_the_original(page, project, annotator, reviewer, tmp_path):
    bench = Bench(project, annotator)
    images = bench.audit([0] * 30 + [1] * 30)
    bench.version(images, proba_of([0] * 29 + [1] * 31, 3))
    for image in images:
        give_file(image, photo())
    site = Site(tmp_path)
    sign_in(page, site, reviewer)
    site.start()
    try:
        page.goto(f"{site.address}/projects/{project.pk}/review")
        page.locator("[data-at]").first.dblclick()
        large = page.locator("#large")
        expect(large.locator("[data-picture]")).to_be_visible()
        look_closer(page, large)
    finally:
        site.stop()


def look_closer(page, large):
    """Zoom by wheel and keys, turn, and go on: the next picture lies still."""
    box = large.locator("[data-large-stage]").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(lambda: zoomed_by_wheel(page, large))
    for _ in range(6):
        page.keyboard.press("+")
    expect(large.locator("[data-lens]")).to_be_visible()
    until(lambda: lens(large) == "RGB-")
    page.keyboard.press("Shift+ArrowLeft")
    assert view(large)["x"] > 50
    page.keyboard.press("r")
    assert (view(large)["turn"], view(large)["x"]) == (1, 0)
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()


def zoomed_by_wheel(page, large):
    page.mouse.wheel(0, -100)  # it heeds the wheel once the server told the picture's size
    return view(large)["scale"] > 1
