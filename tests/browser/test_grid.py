"""The grid in a real browser: many images in one press, nothing lost, nothing shared."""

import re

import pytest
from playwright.sync_api import expect

from labeler.labeling import queue, refill
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from tests.browser.conftest import PHONE, Site, sign_in, until, watch
from tests.conftest import picture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IMAGES = 60
PAGE = 12
OUT = '.pick[aria-selected="false"]'
TURN = """async () => {
    const sheet = document.querySelector("[data-sheet]");
    const before = sheet.firstElementChild.dataset.item;
    const watch = (done) => new MutationObserver(done).observe(sheet, { childList: true });
    const changed = new Promise(watch);
    const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
    document.body.dispatchEvent(enter);
    await Promise.race([changed, new Promise((done) => setTimeout(done, 5000))]);
    const pictures = [...sheet.querySelectorAll(".pick img")];
    const there = pictures.every((each) => each.complete && each.naturalWidth);
    return [before !== sheet.firstElementChild.dataset.item, pictures.length, there];
}"""  # presses Enter and looks at the sheet at the moment it changes


@pytest.fixture
def pool(project):
    """Sixty images with files: the first forty are rust to the model, the others mildew."""
    project.audit_share = 0
    project.save()
    for row in range(IMAGES):
        data, sha256 = picture(row, (64, 48)), f"{row:064x}"
        storage.save_original(project, sha256, data)
        Image.objects.create(
            project=project, row=row, sha256=sha256, name=f"leaf-{row}.png", width=64, height=48,
            format="PNG", bytes=len(data), key=row / IMAGES,
        )  # fmt: skip
    Project.objects.filter(pk=project.pk).update(next_row=IMAGES)
    rust, mildew = (Label.objects.get(project=project, name=n).pk for n in ("rust", "mildew"))
    rows = [
        refill.Ranked(i.pk, 0.1, {}, rust if i.row < 40 else mildew, round(0.99 - i.row / 500, 4))
        for i in Image.objects.filter(project=project).order_by("row")
    ]
    refill.replace(project, rows, strategy="margin", version=1)
    return project


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.stop()


def opened(tab, site, pool, size=PAGE):
    """The grid of rust in the tab, so many images on a page."""
    tab.add_init_script(f"localStorage.setItem('grid-size', '{size}')")
    rust = Label.objects.get(project=pool, name="rust").pk
    tab.goto(f"{site.address}/projects/{pool.pk}/label/grid?label={rust}")
    ready(tab)


@pytest.fixture
def sheet(page, site, pool, annotator):
    """The grid, open on twelve images of rust."""
    sign_in(page, site, annotator)
    site.start()
    opened(page, site, pool)
    return page


def ready(tab):
    expect(tab.locator("[data-grid]")).to_have_attribute("data-state", "ready")
    expect(tab.locator("[data-commit]")).to_be_enabled()


def saved(tab):
    expect(tab.locator("[data-outbox]")).to_have_attribute("data-unsent", "0")
    expect(tab.locator("[data-outbox]")).to_contain_text("All answers saved")


def items(tab, which=".pick"):
    return tab.locator(which).evaluate_all(
        "tiles => tiles.map((tile) => Number(tile.dataset.item))"
    )


def out(tab):
    return tab.locator(OUT)


def stored():
    """The current answers: {row: label}."""
    rows = Annotation.objects.filter(current=True).values_list("image__row", "labels__name")
    return dict(rows)


def test_a_page_is_confirmed_by_keys_and_the_next_stands_there_at_once(sheet, site, pool):
    expect(sheet.locator("h1")).to_have_text("Are these all rust?")
    expect(sheet.locator("[data-sure]")).to_have_text(re.compile("96.% and up"))
    first = items(sheet)
    for key in ("ArrowRight", "x", "ArrowDown", "3", "ArrowLeft", "Shift+ArrowLeft", "x"):
        sheet.keyboard.press(key)
    taken_out = [first.index(item) for item in items(sheet, OUT)]
    assert len(taken_out) == 3
    expect(sheet.locator("[data-rest]")).to_have_text("3 taken out · 1 gets another label")
    expect(sheet.locator("[data-commit]")).to_have_text(re.compile("Label 8 as rust"))
    wait_for_next(sheet)
    turned = sheet.evaluate(TURN)
    assert turned == [True, PAGE, True]
    saved(sheet)
    site.data()
    answers = stored()
    assert sorted(answers.values()) == ["mildew", *["rust"] * 8]
    assert set(range(PAGE)) - set(answers) == set(taken_out)
    kinds = Annotation.objects.values_list("source", "suggestion_shown").distinct()
    assert list(kinds) == [("grid", True)]
    assert Annotation.objects.values("batch").distinct().count() == 1
    back = QueueItem.objects.filter(image__row__in=taken_out, done_at=None)
    assert {(i.claimed_by, i.rank, i.predicted) for i in back} == {(None, 0, None)}


def wait_for_next(tab):
    """Until the page after this one is claimed and its pictures have come."""
    expect(tab.locator("[data-grid]")).to_have_attribute("data-ahead", "1")


def test_the_whole_page_is_undone_also_after_a_reload(sheet, site):
    first = items(sheet)
    sheet.keyboard.press("Enter")
    expect(sheet.locator("[data-undo-words]")).to_have_text(f"Undo all {PAGE}")
    second = items(sheet)
    sheet.keyboard.press("z")
    until(lambda: items(sheet) == first)
    sheet.keyboard.press("Enter")
    until(lambda: items(sheet) == second)
    saved(sheet)
    sheet.reload()
    ready(sheet)
    sheet.keyboard.press("z")
    until(lambda: items(sheet) == first)
    saved(sheet)
    site.data()
    assert stored() == {}
    assert Annotation.objects.filter(kind="undo").count() == 2 * PAGE


def test_pressing_with_the_mouse_takes_out_one_or_a_range(sheet):
    sheet.locator(".pick").nth(2).click()
    expect(out(sheet)).to_have_count(1)
    sheet.locator(".pick").nth(5).click(modifiers=["Shift"])
    expect(out(sheet)).to_have_count(4)
    sheet.locator(".pick").nth(3).click()
    expect(out(sheet)).to_have_count(3)
    sheet.locator(".pick").nth(8).dblclick()
    expect(sheet.locator("dialog[data-large]")).to_be_visible()
    for key in ("x", "ArrowRight"):
        sheet.keyboard.press(key)
    expect(sheet.locator("[data-large-name]")).to_have_text("leaf-9.png")
    sheet.keyboard.press("Escape")
    expect(out(sheet)).to_have_count(4)


def test_another_label_is_chosen_and_what_was_held_goes_back(sheet, site, pool, annotator):
    first = items(sheet)
    sheet.keyboard.press("]")
    expect(sheet.locator("h1")).to_have_text("Are these all mildew?")
    ready(sheet)
    assert not set(first) & set(items(sheet))
    held = QueueItem.objects.filter(queue.HELD, claimed_by=annotator, done_at=None)
    until(lambda: site.data() or not held.filter(pk__in=first).exists())


def test_without_a_connection_a_page_is_kept_and_sent_once_later(sheet, site):
    wait_for_next(sheet)
    sheet.context.set_offline(True)
    sheet.keyboard.press("Enter")
    expect(sheet.locator("[data-outbox]")).to_contain_text(f"No connection. {PAGE} answers kept")
    ready(sheet)
    sheet.context.set_offline(False)
    saved(sheet)
    site.data()
    assert stored() == dict.fromkeys(range(PAGE), "rust")
    assert Annotation.objects.count() == PAGE


def test_a_page_whose_reply_was_lost_is_stored_once(sheet, site):
    """The server takes the page, the reply never arrives, and it is sent again after a reload."""
    lost = []

    def lose(route):
        lost.append(route.fetch().status)
        route.abort()

    sheet.route("**/grid/confirm", lose)
    sheet.keyboard.press("Enter")
    until(lambda: sheet.wait_for_timeout(50) or lost)
    sheet.unroute("**/grid/confirm")
    sheet.reload()
    saved(sheet)
    ready(sheet)
    expect(sheet.locator("[data-undo-words]")).to_have_text(f"Undo all {PAGE}")
    site.data()
    assert lost[0] == 201
    assert Annotation.objects.count() == PAGE


def test_a_page_that_was_left_behind_is_sent_from_the_label_page(sheet, site, pool):
    """Both pages have one outbox: whichever is open sends what waits."""
    sheet.route("**/grid/confirm", lambda route: route.abort())
    sheet.keyboard.press("Enter")
    expect(sheet.locator("[data-outbox]")).to_contain_text(f"{PAGE} answers kept")
    sheet.unroute("**/grid/confirm")
    sheet.goto(f"{site.address}/projects/{pool.pk}/label")
    saved(sheet)
    site.data()
    assert stored() == dict.fromkeys(range(PAGE), "rust")


def test_an_expired_session_keeps_the_page_until_one_signs_in_again(sheet, site):
    cookies = sheet.context.cookies()
    sheet.context.clear_cookies()
    sheet.keyboard.press("Enter")
    expect(sheet.locator("[data-outbox]")).to_contain_text(f"{PAGE} answers kept")
    expect(sheet.get_by_role("link", name="Sign in again")).to_be_visible()
    sheet.context.add_cookies(cookies)
    sheet.evaluate("dispatchEvent(new Event('focus'))")
    saved(sheet)
    site.data()
    assert stored() == dict.fromkeys(range(PAGE), "rust")
    sheet.broken.clear()  # the refused posts are in the console


def test_two_people_never_see_the_same_images(page, site, pool, annotator, reviewer):
    sign_in(page, site, annotator)
    other = page.context.browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    other.broken = watch(other)
    sign_in(other, site, reviewer)
    site.start()
    opened(page, site, pool)
    opened(other, site, pool)
    seen = [set(items(page)), set(items(other))]
    for tab in (page, other):
        tab.keyboard.press("Enter")
        expect(tab.locator("[data-undo-words]")).to_have_text(f"Undo all {PAGE}")
        saved(tab)
        ready(tab)
    seen += [set(items(page)), set(items(other))]
    assert not (seen[0] | seen[2]) & (seen[1] | seen[3])
    assert other.broken == []
    site.data()
    assert Annotation.objects.count() == Annotation.objects.values("image").distinct().count()


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_on_a_phone_a_tap_takes_out_and_a_hold_opens(sheet, site):
    columns = "s => getComputedStyle(s).gridTemplateColumns.split(' ').length"
    assert sheet.locator("[data-sheet]").evaluate(columns) == 3
    assert sheet.evaluate("document.documentElement.scrollWidth") == 390
    sheet.locator(".pick").nth(4).tap()
    expect(out(sheet)).to_have_count(1)
    box = sheet.locator(".pick").nth(1).bounding_box()
    touch = sheet.context.new_cdp_session(sheet)
    point = {"x": box["x"] + 30, "y": box["y"] + 30}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(sheet.locator("dialog[data-large]")).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    sheet.locator("[data-large-give]").nth(2).tap()
    sheet.locator("dialog[data-large] form button").tap()
    expect(out(sheet)).to_have_count(1)
    expect(sheet.locator("[data-rest]")).to_have_text("1 taken out · 1 gets another label")
    sheet.locator("[data-commit]").tap()
    expect(sheet.locator("[data-undo-words]")).to_have_text("Undo all 11")
    saved(sheet)
    site.data()
    assert sorted(stored().values()) == ["mildew", *["rust"] * 10]


def test_when_a_label_is_done_the_page_offers_the_next(page, site, pool, annotator):
    sign_in(page, site, annotator)
    site.start()
    opened(page, site, pool, size=36)
    page.keyboard.press("Enter")
    expect(page.locator(".pick")).to_have_count(4)
    ready(page)
    page.keyboard.press("Enter")
    expect(page.locator(".empty-stage")).to_contain_text("Nothing more to confirm")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Are these all mildew?")
    saved(page)
    site.data()
    assert len(stored()) == 40
