"""Comments, instructions, skips and own labels in real browsers, two where it takes two people."""

import json
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from labeler.labeling import annotations, queue, refill
from labeler.labeling.models import Annotation, Comment
from labeler.pools.models import Image
from labeler.projects.models import Project
from tests.browser.conftest import DESKTOP, PHONE, Site, sign_in, store_images, until, watch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IMAGES = 12


@pytest.fixture
def pool(project):
    """Twelve images with files, ranked by row."""
    project.audit_share = 0
    project.save()
    store_images(project, IMAGES)
    Project.objects.filter(pk=project.pk).update(next_row=IMAGES)
    images = Image.objects.filter(project=project).order_by("row")
    refill.replace(
        project, [refill.Ranked(i.pk, 0.9) for i in images], strategy="margin", version=1
    )
    return project


@pytest.fixture
def site(page, pool, tmp_path):
    """The site, not yet started: a test stores and signs in what it needs first."""
    made = Site(tmp_path)
    made.tabs = [page]
    yield made
    made.stop()


def another_tab(page, site, user):
    """A tab of another browser, signed in as the user; call it before the site starts."""
    tab = page.context.browser.new_context(**DESKTOP).new_page()
    sign_in(tab, site, user)
    page.broken += watch(tab)
    return tab


def open_label(page, site, pool):
    """Open the Label page and wait until its script has taken it over."""
    page.goto(f"{site.address}/projects/{pool.pk}/label")
    expect(page.locator("[data-picture]")).to_be_visible()
    expect(page.locator("[data-outbox]")).to_contain_text("All answers saved")


def skip(user, pool, count, reason="unsure"):
    for item in queue.claim(project=pool, user=user, count=count):
        sent = {"uuid": str(uuid4()), "item": item.pk, "skip": reason, "elapsed_ms": 900}
        assert annotations.record(project=pool, user=user, answers=[sent])[0].stored


def test_a_question_and_its_answer(page, site, pool, annotator, reviewer):
    sign_in(page, site, annotator)
    desk = another_tab(page, site, reviewer)
    site.start()
    open_label(page, site, pool)
    page.keyboard.press("c")
    field = page.get_by_label("Your comment")
    expect(field).to_be_focused()
    page.keyboard.type("1 or 2, @re")  # label keys are text here
    expect(page.get_by_role("option", name="@reviewer")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("please?")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-remark-list]")).to_contain_text("1 or 2, @reviewer please?")
    page.keyboard.press("Escape")
    assert page.locator("[data-file]").inner_text() == "leaf-0.png"

    desk.goto(f"{site.address}/")
    badge = desk.locator("[data-unread-link]")
    expect(badge).to_have_text("@1new comment that names you")
    badge.click()
    expect(desk.locator("li.fresh")).to_contain_text("1 or 2,")
    expect(badge).to_be_hidden()
    desk.get_by_role("link", name="Open the image and answer").click()
    expect(desk.get_by_label("Your comment")).to_have_value("@annotator ")
    desk.get_by_label("Your comment").press_sequentially("It is rust.")
    desk.get_by_role("button", name="Send and resolve").click()
    expect(desk.locator("ul.talk li")).to_have_count(2)

    news = page.locator("[data-unread-link]")  # it comes by itself, with the page open
    expect(news).to_have_text("@1new comment that names you", timeout=15_000)
    page.keyboard.press("c")
    expect(page.locator("[data-remark-list] li")).to_have_count(2)
    expect(page.locator("[data-remark-list]")).to_contain_text("It is rust.")
    site.data()
    assert Comment.objects.filter(resolved_at=None).count() == 0
    assert not Annotation.objects.exists()


def test_offline_the_comment_is_kept_and_sent_once(page, site, pool, annotator):
    sign_in(page, site, annotator)
    site.start()
    open_label(page, site, pool)
    page.keyboard.press("c")
    page.context.set_offline(True)
    page.get_by_label("Your comment").fill("Half of it is out of the picture.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-remark-state]")).to_contain_text("kept on this device")
    expect(page.locator("[data-remark-list]")).to_contain_text("Half of it")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.get_by_label("Your comment").fill("And half written")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.get_by_label("Your comment")).to_have_value("And half written")
    browser_tab = page.context.new_page()  # the page is closed without warning, another opened
    page.close()
    browser_tab.context.set_offline(False)
    open_label(browser_tab, site, pool)
    browser_tab.wait_for_function(
        "() => !Object.keys(localStorage).some((key) => key.startsWith('labeler-remark:'))"
    )
    browser_tab.reload()
    site.data()
    assert [each.text for each in Comment.objects.all()] == ["Half of it is out of the picture."]


def test_a_refused_comment_comes_back_with_the_reason(page, site, pool, annotator):
    sign_in(page, site, annotator)
    site.start()
    open_label(page, site, pool)
    told = {"detail": "Shorten this to 2,000 characters.", "code": "too_long"}
    page.route(
        "**/api/v1/projects/*/comments",
        lambda route: route.fulfill(
            status=409, body=json.dumps(told), content_type="application/json"
        ),
    )
    page.keyboard.press("c")
    page.get_by_label("Your comment").fill("Too much")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-remark-state]")).to_contain_text("Shorten this")
    expect(page.get_by_label("Your comment")).to_have_value("Too much")
    assert any("409" in line for line in page.broken)
    page.broken.clear()


def test_instructions_open_once_and_again_by_a_key(page, site, pool, annotator):
    Project.objects.filter(pk=pool.pk).update(instructions="# Leaves\n\n- look **closely**")
    sign_in(page, site, annotator)
    site.start()
    page.goto(f"{site.address}/projects/{pool.pk}/label")
    sheet = page.get_by_role("dialog", name="Instructions")
    expect(sheet).to_contain_text("look closely")
    page.keyboard.press("1")  # no answer while they are read
    page.get_by_role("button", name="Start labeling").click()
    expect(sheet).to_be_hidden()
    page.wait_for_load_state("networkidle")
    open_label(page, site, pool)
    expect(sheet).to_be_hidden()
    site.data()
    assert not Annotation.objects.exists()
    page.keyboard.press("h")
    expect(sheet).to_contain_text("look closely")
    page.wait_for_timeout(2000)  # they are read
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("1")
    age = page.evaluate("performance.now()")
    expect(page.locator("[data-file]")).to_have_text("leaf-1.png")
    until(lambda: site.data() or Annotation.objects.exists())
    # Reading is not answering: the answer took at most the page's age without the two seconds.
    assert Annotation.objects.get().elapsed_ms <= age - 1900


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_comment_by_touch(page, site, pool, annotator, reviewer):
    sign_in(page, site, annotator)
    site.start()
    open_label(page, site, pool)
    page.get_by_role("button", name="Comment").tap()
    box = page.get_by_role("dialog", name="Comments").bounding_box()
    assert box["width"] == 390
    page.get_by_label("Your comment").fill("What is @")
    page.get_by_role("option", name="@reviewer").tap()
    page.get_by_role("button", name="Send").tap()
    expect(page.locator("[data-remark-list]")).to_contain_text("What is @reviewer")


def test_skipped_images_are_asked_again_of_others(page, site, pool, annotator, reviewer):
    skip(annotator, pool, 4)
    sign_in(page, site, reviewer)
    site.start()
    page.goto(f"{site.address}/projects/{pool.pk}/review/skips")
    again = page.get_by_role("button", name="Ask again", exact=False).first
    expect(again).to_be_disabled()
    tiles = page.locator(".choosing .tile")
    tiles.nth(0).click()
    tiles.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-chosen-words]")).to_have_text("3 chosen")
    page.keyboard.press("r")
    expect(page.get_by_role("link", name="Unsure 1")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="Settled 1")).to_be_visible()
    open_label(page, site, pool)
    assert page.locator("[data-file]").inner_text() in {"leaf-1.png", "leaf-2.png", "leaf-3.png"}
    site.data()
    assert Annotation.objects.filter(kind="undo").count() == 3


def test_an_own_answer_is_changed_from_my_labels(page, site, pool, annotator):
    skip(annotator, pool, 2)
    sign_in(page, site, annotator)
    site.start()
    page.goto(f"{site.address}/projects/{pool.pk}/mine?show=skipped")
    expect(page.locator(".own-answers li")).to_have_count(2)
    page.locator(".own-answers a").nth(1).click()
    expect(page.get_by_role("button", name="Back to the question")).to_be_visible()
    expect(page.locator("[data-file]")).to_have_text("leaf-0.png")
    page.keyboard.press("2")
    expect(page.locator("[data-strip]")).to_contain_text("rust")
    until(lambda: site.data() or Annotation.objects.filter(kind="labels").exists())
    page.goto(f"{site.address}/projects/{pool.pk}/mine")
    expect(page.locator(".own-answers")).to_contain_text("rust")
    rust = Annotation.objects.get(current=True, kind="labels")
    assert (rust.image.row, rust.labels.get().name) == (0, "rust")
