"""Looking closer at a picture in a real browser: larger, moved, turned, brighter, and its facts."""

import io

import pytest
from PIL import Image as Picture
from PIL.ExifTags import IFD, Base
from playwright.sync_api import expect

from labeler.labeling import refill
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from tests.browser.conftest import PHONE, Site, sign_in, until
from tests.browser.test_label_page import listens
from tests.conftest import picture
from tests.pools.conftest import bring

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TURNS = {
    1: None, 2: Picture.Transpose.FLIP_LEFT_RIGHT, 3: Picture.Transpose.ROTATE_180,
    4: Picture.Transpose.FLIP_TOP_BOTTOM, 5: Picture.Transpose.TRANSPOSE,
    6: Picture.Transpose.ROTATE_90, 7: Picture.Transpose.TRANSVERSE,
    8: Picture.Transpose.ROTATE_270,
}  # fmt: skip


def photo(orientation=1, format="JPEG", words="Acme"):
    """1,800 × 1,200 pixels upright: red and green above, blue and black below."""
    image = Picture.new("RGB", (1800, 1200))
    image.paste("red", (0, 0, 900, 600))
    image.paste("lime", (900, 0, 1800, 600))
    image.paste("blue", (0, 600, 900, 1200))
    turn = TURNS[orientation]
    lying = image if turn is None else image.transpose(turn)
    exif = lying.getexif()
    exif[Base.Orientation], exif[Base.Make] = orientation, words
    exif.get_ifd(IFD.GPSInfo)[1] = "N"
    out = io.BytesIO()
    lying.save(out, format, exif=exif, quality=70 + orientation)
    return out.getvalue()


def desk_of(page, project, admin, annotator, tmp_path, files):
    """The label page on these files, asked in their order."""
    assert bring(project, admin, files).added == len(files)
    Image.objects.filter(project=project).update(audit=False)
    QueueItem.objects.all().delete()
    named = {image.name: image.pk for image in Image.objects.filter(project=project)}
    rows = [refill.Ranked(named[name], 0.9, {}) for name, _ in files]
    refill.replace(project, rows, strategy="margin", version=1)
    page.site = site = Site(tmp_path)
    sign_in(page, site, annotator)
    site.start()
    page.goto(f"{site.address}/projects/{project.pk}/label")
    listens(page)
    shows(page, files[0][0])
    return page


def three():
    """A turned photo with hostile camera data, and two small pictures."""
    hostile = '<img src=x onerror="document.title=1">'
    plain = [(name, picture(n, (320, 240))) for n, name in enumerate(("plain.png", "last.png"))]
    return [("field.jpg", photo(6, words=hostile)), *plain]


def turned():
    """Every orientation there is, in the formats whose originals browsers show."""
    jpegs = [(f"{n}.jpg", photo(n)) for n in range(1, 9)]
    return [*jpegs, ("6.png", photo(6, "PNG")), ("3.webp", photo(3, "WEBP"))]


@pytest.fixture
def desk(page, request, project, admin, annotator, tmp_path):
    files = getattr(request, "param", three)()
    yield desk_of(page, project, admin, annotator, tmp_path, files)
    page.site.stop()


def shows(page, name):
    expect(page.locator("[data-file]")).to_have_text(name)
    expect(page.locator("[data-desk]")).to_have_attribute("data-state", "ready")


def view(page):
    """How the picture lies: {x, y, scale, turn}, from its transform."""
    matrix = """e => {
      const m = new DOMMatrix(getComputedStyle(e).transform);
      const turn = Math.round(Math.atan2(m.b, m.a) / Math.PI * 2 + 4) % 4;
      return {x: m.e, y: m.f, scale: Math.hypot(m.a, m.b), turn};
    }"""
    return page.locator("[data-picture]").evaluate(matrix)


def middle(page):
    box = page.locator("[data-stage]").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def lens(page):
    """The four quarters around the middle of the original as it is drawn: "RGB-" upright."""
    return page.locator("[data-lens]").evaluate("""e => {
      const pen = e.getContext("2d", {willReadFrequently: true});
      const stage = e.closest("[data-stage], [data-large-stage]");
      const picture = stage.querySelector("[data-picture]");
      const ratio = devicePixelRatio;
      const x = (picture.offsetLeft + picture.offsetWidth / 2) * ratio;
      const y = (picture.offsetTop + picture.offsetHeight / 2) * ratio;
      return [[-40, -40], [40, -40], [-40, 40], [40, 40]].map(([right, down]) => {
        const [r, g, b] = pen.getImageData(x + right, y + down, 1, 1).data;
        return Math.max(r, g, b) < 128 ? "-" : "RGB"[[r, g, b].indexOf(Math.max(r, g, b))];
      }).join("");
    }""")


def state(page):
    return page.locator("[data-original]")


def test_keys_zoom_move_and_turn_and_never_answer(desk):
    x, y = middle(desk)
    for key in "+=":
        desk.keyboard.press(key)
    assert view(desk)["scale"] == pytest.approx(2)
    desk.keyboard.press("-")
    assert view(desk)["scale"] == pytest.approx(1.5)
    for _ in range(4):
        desk.keyboard.press("+")
    expect(state(desk)).to_have_text("Original")
    until(lambda: lens(desk) == "RGB-")
    desk.keyboard.press("Shift+ArrowRight")
    assert view(desk)["x"] == pytest.approx(-80)
    desk.keyboard.press("r")
    assert (view(desk)["turn"], view(desk)["x"]) == (1, 0)
    for _ in range(4):
        desk.keyboard.press("+")
    until(lambda: lens(desk) == "BR-G")
    desk.keyboard.press("Escape")
    assert view(desk) == {"x": 0, "y": 0, "scale": 1, "turn": 0}
    expect(desk.locator("[data-lens]")).to_be_hidden()
    desk.mouse.move(x + 100, y)
    desk.keyboard.down(" ")
    held = view(desk)
    assert held["scale"] >= 2
    assert held["x"] == pytest.approx(-100 * (held["scale"] - 1))
    desk.keyboard.up(" ")
    assert view(desk)["scale"] == 1
    shows(desk, "field.jpg")
    assert Annotation.objects.count() == 0


def test_wheel_drag_and_double_click(desk):
    x, y = middle(desk)
    desk.mouse.move(x - 200, y)
    for _ in range(6):
        desk.mouse.wheel(0, -100)
    until(lambda: view(desk)["scale"] > 2.5)
    near = view(desk)
    assert near["x"] == pytest.approx(200 * (near["scale"] - 1), rel=0.02)
    desk.mouse.down()
    desk.mouse.move(x - 260, y + 30, steps=4)
    desk.mouse.up()
    moved = view(desk)
    assert (moved["x"] - near["x"], moved["y"] - near["y"]) == pytest.approx((-60, 30), abs=8)
    desk.mouse.dblclick(x, y)
    assert view(desk)["scale"] == 1
    desk.mouse.dblclick(x, y)
    assert view(desk)["scale"] >= 2
    desk.keyboard.press("1")  # an answer still is one key, and the next picture lies still
    shows(desk, "plain.png")
    assert view(desk)["scale"] == 1
    expect(desk.get_by_role("button", name="Fit")).to_be_disabled()


def test_brightness_stays_for_the_next_picture_until_it_is_reset(desk):
    for key in "]]}":
        desk.keyboard.press(key)
    expect(desk.locator("[data-light-words]")).to_have_text("Brightness 140 %, contrast 120 %")
    desk.keyboard.press("1")
    shows(desk, "plain.png")
    filtered = "e => getComputedStyle(e).filter"
    look = desk.locator("[data-picture]")
    assert look.evaluate(filtered) == "brightness(1.4) contrast(1.2)"
    desk.get_by_role("button", name="Light", exact=True).click()
    slider = desk.get_by_label("Brightness")
    slider.focus()
    desk.keyboard.press("ArrowLeft")  # moves the slider, not through the strip
    expect(slider).to_have_value("135")
    shows(desk, "plain.png")
    desk.get_by_role("button", name="As it is").click()
    assert look.evaluate(filtered) == "none"


def test_the_drawer_tells_the_file_as_plain_text_and_follows(desk):
    desk.keyboard.press("i")
    drawer = desk.get_by_role("region", name="About this image")
    expect(drawer).to_contain_text("1,800 × 1,200, 2.2 megapixels")
    expect(drawer).to_contain_text('<img src=x onerror="document.title=1">')
    expect(drawer).to_contain_text("turned by 90° in the file, shown upright")
    assert "GPS" not in drawer.inner_text()
    assert desk.title() != "1"
    desk.keyboard.press("1")
    shows(desk, "plain.png")
    expect(drawer).to_contain_text("320 × 240 pixels")
    expect(drawer).to_contain_text("carries no camera data, or it was imported before")
    desk.route("**/about", lambda route: route.abort())
    desk.keyboard.press("1")
    expect(drawer).to_contain_text("need a connection")
    desk.keyboard.press("i")
    expect(drawer).to_be_hidden()


@pytest.mark.slow
@pytest.mark.parametrize("desk", [turned], indirect=True)
def test_the_original_is_upright_whatever_the_camera_said(desk):
    for name in (*(f"{n}.jpg" for n in range(1, 9)), "6.png"):
        shows(desk, name)
        for _ in range(5):
            desk.keyboard.press("+")
        expect(state(desk)).to_have_text("Original")
        until(lambda: lens(desk) == "RGB-")
        desk.keyboard.press("1")
    shows(desk, "3.webp")  # browsers would show this original lying down
    for _ in range(5):
        desk.keyboard.press("+")
    expect(state(desk)).to_contain_text("Screen size")
    expect(desk.locator("[data-lens]")).to_be_hidden()


def test_a_label_keeps_its_key(page, project, admin, annotator, tmp_path):
    project.labels.filter(name="rust").update(key="R")
    files = [("1.png", picture(1)), ("2.png", picture(2))]
    desk = desk_of(page, project, admin, annotator, tmp_path, files)
    try:
        desk.keyboard.press("r")
        shows(desk, "2.png")
        rotate = desk.get_by_role("button", name="Rotate")
        assert rotate.get_attribute("aria-keyshortcuts") is None
        assert rotate.inner_text() == "Rotate"
        desk.locator("[data-stage]").hover()
        rotate.click()
        assert view(desk)["turn"] == 1
    finally:
        desk.site.stop()


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_fingers_pinch_drag_and_tap_twice(desk):
    x, y = middle(desk)
    fingers = desk.context.new_cdp_session(desk)

    def touch(kind, *points):
        spots = [{"x": a, "y": b, "id": n} for n, (a, b) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    touch("touchStart", (x - 30, y), (x + 30, y))
    for wide in (45, 60, 75, 90):
        touch("touchMove", (x - wide, y), (x + wide, y))
    touch("touchEnd")
    until(lambda: view(desk)["scale"] == pytest.approx(3, rel=0.1))
    touch("touchStart", (x, y))
    for step in (10, 30, 50):
        touch("touchMove", (x - step, y))
    touch("touchEnd")
    until(lambda: view(desk)["x"] < -30)
    desk.touchscreen.tap(x, y)
    desk.touchscreen.tap(x, y)
    until(lambda: view(desk)["scale"] == 1)
    desk.get_by_role("button", name="Look closer").tap()
    for name in ("Rotate", "About", "Light"):
        box = desk.get_by_role("button", name=name, exact=True).bounding_box()
        assert min(box["width"], box["height"]) >= 44
    desk.get_by_role("button", name="Rotate", exact=True).tap()
    assert view(desk)["turn"] == 1
    assert Annotation.objects.count() == 0
