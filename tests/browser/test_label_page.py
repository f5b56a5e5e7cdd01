"""Labeling by keyboard in a real browser: nothing waits, nothing is lost."""

import re

import pytest
from playwright.sync_api import expect

from labeler.labeling import queue, refill
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Project
from tests.browser.conftest import PHONE, Site, sign_in, store_images, until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IMAGES = 30


@pytest.fixture
def pool(project):
    """Thirty images with files, ranked by row; the model believes in the second label."""
    project.audit_share = 0
    project.save()
    store_images(project, IMAGES)
    Project.objects.filter(pk=project.pk).update(next_row=IMAGES)
    pks = project.labels.order_by("place").values_list("pk", flat=True)
    beliefs = dict(zip(map(str, pks), (0.2, 0.5, 0.3), strict=True))
    images = Image.objects.filter(project=project).order_by("row")
    rows = [refill.Ranked(image.pk, 0.9, beliefs) for image in images]
    refill.replace(project, rows, strategy="margin", version=1)
    return project


@pytest.fixture
def desk(page, pool, annotator, tmp_path):
    """The label page, open; `desk.site` is where it runs."""
    page.site = site = Site(tmp_path)
    sign_in(page, site, annotator)
    site.start()
    page.goto(f"{site.address}/projects/{pool.pk}/label")
    expect(page.locator("[data-picture]")).to_be_visible()
    listens(page)
    yield page
    site.stop()


def listens(page):
    """The server draws the first picture; keys count once the page's scripts have spoken."""
    box = page.locator("[data-outbox]")
    expect(box).to_contain_text("All answers saved", timeout=20_000)


def name(page):
    return page.locator("[data-file]").inner_text()


def press(page, key):
    """Press the key; the next image must be there before the next press."""
    before = name(page)
    page.keyboard.press(key)
    until(lambda: name(page) != before)


def saved(page):
    expect(page.locator("[data-outbox]")).to_have_attribute("data-unsent", "0")
    expect(page.locator("[data-outbox]")).to_contain_text("All answers saved")


def answers(page):
    page.site.data()
    rows = Annotation.objects.filter(current=True).order_by("image__row")
    return [(a.image.row, a.skip or a.labels.get().name) for a in rows]


def test_labels_by_keyboard(desk):
    for key in ("1", "2", "Enter", "3", "u"):
        press(desk, key)
    saved(desk)
    assert name(desk) == "leaf-5.png"
    assert answers(desk) == [
        (0, "healthy"), (1, "rust"), (2, "rust"), (3, "mildew"), (4, "unsure"),
    ]  # fmt: skip
    assert all(a.suggestion_shown and a.elapsed_ms is not None for a in Annotation.objects.all())


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_by_touch_on_a_phone(desk):
    for label, after in (("mildew", 1), ("rust", 2), ("healthy", 3)):
        desk.get_by_role("button", name=label).tap()
        until(lambda after=after: name(desk) == f"leaf-{after}.png")
    desk.get_by_role("button", name="Undo").tap()
    until(lambda: name(desk) == "leaf-2.png")
    saved(desk)
    assert answers(desk) == [(0, "mildew"), (1, "rust")]


def test_by_mouse_and_the_strip_shows_the_answers(desk):
    desk.get_by_role("button", name="mildew").click()
    until(lambda: name(desk) == "leaf-1.png")
    desk.keyboard.press("Enter")  # the pressed button does not keep Enter for itself
    until(lambda: name(desk) == "leaf-2.png")
    saved(desk)
    assert answers(desk) == [(0, "mildew"), (1, "rust")]
    expect(desk.locator("[data-strip] b")).to_have_text(["rust", "mildew"])


def test_ten_answers_are_taken_back_across_a_reload(desk):
    for _ in range(10):
        press(desk, "1")
    for _ in range(3):
        press(desk, "z")
    assert name(desk) == "leaf-7.png"
    saved(desk)
    desk.reload()
    until(lambda: name(desk) == "leaf-7.png")
    listens(desk)
    for _ in range(7):
        press(desk, "Backspace")
    assert name(desk) == "leaf-0.png"
    saved(desk)
    assert answers(desk) == []
    assert Annotation.objects.filter(kind="undo").count() == 10


def test_offline_answers_are_kept_said_and_sent_later(desk):
    expect(desk.locator("[data-outbox]")).to_contain_text("images are ready")
    desk.context.set_offline(True)
    press(desk, "1")
    press(desk, "2")
    box = desk.locator("[data-outbox]")
    expect(box).to_contain_text("No connection. 2 answers kept on this device")
    expect(desk.locator("[data-strip] .pending")).to_have_count(2)
    assert answers(desk) == []
    desk.context.set_offline(False)
    saved(desk)
    assert answers(desk) == [(0, "healthy"), (1, "rust")]
    expect(desk.locator("[data-strip] .pending")).to_have_count(0)


def test_answers_survive_a_reload_while_the_server_does_not_take_them(desk):
    desk.route("**/annotations", lambda route: route.abort())
    press(desk, "3")
    press(desk, "3")
    expect(desk.locator("[data-outbox]")).to_contain_text("2 answers kept")
    desk.reload()
    expect(desk.locator("[data-outbox]")).to_contain_text("2 answers kept")
    until(lambda: name(desk) == "leaf-2.png")  # what is answered here is not asked again
    desk.unroute("**/annotations")
    saved(desk)
    assert answers(desk) == [(0, "mildew"), (1, "mildew")]


def test_a_lost_session_keeps_the_answers(desk, annotator):
    cookies = desk.context.cookies()
    desk.context.clear_cookies()
    press(desk, "1")
    box = desk.locator("[data-outbox]")
    expect(box).to_contain_text("You are signed out. 1 answer kept on this device")
    desk.context.add_cookies(cookies)
    desk.evaluate("dispatchEvent(new Event('focus'))")
    saved(desk)
    assert answers(desk) == [(0, "healthy")]
    desk.broken[:] = [
        e for e in desk.broken if "401" not in e and "403" not in e and "FAIL" not in e
    ]


def test_an_image_that_somebody_else_answered_is_said_kindly(desk, pool, reviewer):
    def answered_first(route):
        lost = {
            "code": "claim_lost",
            "detail": "Ben answered that image first. Here is the next one.",
        }
        route.fulfill(status=409, json=lost)

    desk.route("**/annotations", answered_first)
    press(desk, "1")
    expect(desk.locator(".toasts")).to_contain_text("Ben answered that image first")
    expect(desk.locator("[data-strip] .tile")).to_have_count(0)
    desk.broken[:] = [error for error in desk.broken if "409" not in error]


def test_an_old_answer_is_changed_in_the_strip(desk):
    press(desk, "1")
    press(desk, "1")
    desk.keyboard.press("ArrowLeft")
    desk.keyboard.press("ArrowLeft")
    until(lambda: name(desk) == "leaf-0.png")
    desk.keyboard.press("3")
    expect(desk.locator("[data-strip] b")).to_have_text(["healthy", "mildew"])
    desk.keyboard.press("Escape")
    until(lambda: name(desk) == "leaf-2.png")
    saved(desk)
    assert answers(desk) == [(0, "mildew"), (1, "healthy")]
    assert Annotation.objects.count() == 3


def test_a_second_tab_says_so_and_can_take_over(desk, pool):
    other = desk.context.new_page()
    other.goto(desk.url)
    expect(other.locator("[data-stage]")).to_contain_text("open in another tab")
    other.get_by_role("button", name="Label here instead").click()
    expect(other.locator("[data-picture]")).to_be_visible()
    expect(desk.locator("[data-stage]")).to_contain_text("open in another tab")


def test_everything_answered_says_so(desk):
    for _ in range(IMAGES - 1):
        press(desk, "2")
    desk.keyboard.press("2")
    expect(desk.locator("[data-stage]")).to_contain_text("Every image has an answer")
    expect(desk.locator("[data-labeled]")).to_have_text(f"{IMAGES} of {IMAGES} labeled")


def test_several_labels_toggle_and_enter_saves(page, pool, annotator, tmp_path):
    Project.objects.filter(pk=pool.pk).update(kind="multi")
    pool.labels.filter(key="0").update(key="")
    page.site = site = Site(tmp_path)
    sign_in(page, site, annotator)
    site.start()
    try:
        page.goto(f"{site.address}/projects/{pool.pk}/label")
        expect(page.locator("[data-picture]")).to_be_visible()
        listens(page)
        for key in ("1", "3", "1", "2"):
            page.keyboard.press(key)
        press(page, "Enter")
        press(page, "0")
        expect(page.locator('input[name="label"]:checked')).to_have_count(0)
        saved(page)
        site.data()
        given = [
            sorted(a.labels.values_list("name", flat=True))
            for a in Annotation.objects.order_by("image__row")
        ]
        assert given == [["mildew", "rust"], []]
    finally:
        site.stop()


def test_a_newer_model_ranks_what_nobody_has_seen(desk, pool):
    """The waiting images are given back and asked in the new order; what is seen stays."""
    assert name(desk) == "leaf-0.png"
    expect(desk.locator("[data-outbox]")).to_contain_text("Next 12 images")
    held = {"items": [], "left": 1, "model_version": 2}

    def newer(route):
        reply = route.fetch().json()
        reply["progress"] = {**reply["progress"], "model_version": 2}
        route.fulfill(json={**held, **reply})

    desk.route("**/queue/claim", newer)
    with desk.expect_request("**/label/release") as released:
        for _ in range(5):  # so many, and more are claimed
            press(desk, "1")
    assert len(released.value.post_data_json["items"]) > 0
    expect(desk.locator("[data-version]")).to_have_text(re.compile("model version 2"))
    assert queue.left(pool) >= 0
