"""What goes wrong while people label, in a real browser: after it, every answer is stored once."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Error, expect

from labeler.labeling.models import Annotation, QueueItem
from tests.browser.conftest import Site, sign_in, until, watch
from tests.browser.test_label_page import answers, listens, name, pool, press, saved

__all__ = ["pool"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]
PASSWORD = "a long enough phrase"
NETWORK = ("net::ERR", "401", "403", "409")


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    yield site
    site.stop()


@pytest.fixture
def desk(page, site, pool, annotator):
    """The annotator's label page. What the browser says about the broken network is expected."""
    annotator.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    annotator.save()
    sign_in(page, site, annotator)
    site.start()
    opened(page, site, pool)
    yield page
    for tab in page.context.pages:
        broken = getattr(tab, "broken", [])
        broken[:] = [error for error in broken if not any(words in error for words in NETWORK)]


def opened(page, site, pool):
    page.site = site
    page.goto(f"{site.address}/projects/{pool.pk}/label")
    expect(page.locator("[data-outbox]")).to_contain_text("images are ready")
    return page


def in_the_site(site, words, *values):
    """Run a statement in the database that the site uses, behind its back."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(site.folder / "labeler.sqlite3", timeout=20)) as database:
            database.execute(words.replace("%s", "?"), values)
            database.commit()
    else:
        with connection.cursor() as cursor:
            cursor.execute(words, values)


def exactly(desk, labels):
    """The answers in the database are these, by row, and nothing was stored twice."""
    assert answers(desk) == labels
    assert Annotation.objects.count() == len(labels)


def test_the_network_goes_and_comes_until_the_pictures_run_out(desk):
    press(desk, "1")
    saved(desk)
    desk.context.set_offline(True)
    expect(desk.locator("[data-outbox]")).to_contain_text("No connection. All answers so far")
    for _ in range(11):
        press(desk, "2")
    desk.keyboard.press("2")
    expect(desk.locator("[data-outbox]")).to_contain_text("No connection. 12 answers kept")
    expect(desk.locator("[data-picture]")).to_have_count(0)
    desk.context.set_offline(False)
    saved(desk)
    until(lambda: name(desk) == "leaf-13.png")
    press(desk, "3")
    saved(desk)
    exactly(desk, [(0, "healthy"), *((row, "rust") for row in range(1, 13)), (13, "mildew")])


def test_the_server_is_killed_and_comes_back(desk, site):
    for _ in range(3):
        press(desk, "1")
    site.kill()
    for _ in range(4):
        press(desk, "2")
    expect(desk.locator("[data-outbox]")).to_contain_text("answers kept on this device")
    desk.keyboard.press("z")
    until(lambda: name(desk) == "leaf-6.png")
    press(desk, "3")
    site.run()
    desk.evaluate("dispatchEvent(new Event('focus'))")
    saved(desk)
    assert answers(desk) == [
        *((row, "healthy") for row in range(3)), *((row, "rust") for row in range(3, 6)),
        (6, "mildew"),
    ]  # fmt: skip
    assert Annotation.objects.exclude(kind="undo").count() == 8
    assert Annotation.objects.filter(kind="undo").count() == 1


def test_the_tab_is_killed_with_answers_that_nobody_has(desk, site, pool):
    press(desk, "1")
    saved(desk)
    down = [True]
    desk.context.route("**/annotations", lambda route: route.abort() if down else route.continue_())
    for _ in range(3):
        press(desk, "2")
    with pytest.raises(Error):  # the tab dies and answers no more
        desk.goto("chrome://crash", timeout=10_000)
    fresh = desk.context.new_page()
    fresh.broken = watch(fresh)
    down.clear()
    opened(fresh, site, pool)
    saved(fresh)
    until(lambda: name(fresh) == "leaf-4.png")
    exactly(fresh, [(0, "healthy"), (1, "rust"), (2, "rust"), (3, "rust")])


def test_the_session_ends_between_a_key_and_its_post(desk, site):
    """Somebody signs in again in another tab; the answers go out by themselves."""
    saved(desk)
    in_the_site(site, "DELETE FROM django_session")
    press(desk, "1")
    press(desk, "2")
    expect(desk.locator("[data-outbox]")).to_contain_text("You are signed out. 2 answers kept")
    with desk.context.expect_page() as link:
        desk.get_by_role("link", name="Sign in again").click()
    other = link.value
    other.get_by_label("Name").fill("annotator")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    expect(other.locator("[data-stage]")).to_contain_text("open in another tab")
    other.close()
    desk.evaluate("dispatchEvent(new Event('focus'))")
    saved(desk)
    exactly(desk, [(0, "healthy"), (1, "rust")])


def test_two_tabs_of_one_person_answer_each_image_once(desk, site, pool):
    for _ in range(3):
        press(desk, "1")
    other = desk.context.new_page()
    other.broken = watch(other)
    other.site = site
    other.goto(desk.url)
    with other.expect_event("load"):
        other.get_by_role("button", name="Label here instead").click()
    listens(other)
    desk.keyboard.press("2")  # the first tab takes no answer any more
    for _ in range(3):
        press(other, "3")
    saved(other)
    exactly(
        other, [*((row, "healthy") for row in range(3)), *((row, "mildew") for row in (3, 4, 5))]
    )


def test_two_people_are_never_asked_the_same(reviewer, desk, site, pool):
    second = desk.context.browser.new_context(viewport={"width": 1280, "height": 800})
    other = second.new_page()
    in_the_site(site, "UPDATE projects_user SET password = %s WHERE username = 'reviewer'",
                PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000))  # fmt: skip
    other.goto(f"{site.address}/sign-in")
    other.get_by_label("Name").fill("reviewer")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url(lambda address: "sign-in" not in address)
    opened(other, site, pool)
    seen = {desk: [], other: []}
    for _ in range(8):
        for tab in seen:
            seen[tab].append(name(tab))
            press(tab, "1")
    for tab in seen:
        saved(tab)
    assert not set(seen[desk]) & set(seen[other])
    site.data()
    stored = Annotation.objects.values_list("image__name", flat=True)
    assert sorted(stored) == sorted([*seen[desk], *seen[other]])
    assert set(Annotation.objects.values_list("user__username", flat=True)) == {
        "annotator",
        "reviewer",
    }
    second.close()


def test_leaving_gives_back_what_nobody_answered(desk, site):
    press(desk, "1")
    saved(desk)
    assert held_for_long(site) == 12
    desk.goto(f"{site.address}/")
    until(lambda: held_for_long(site) == 0)


def held_for_long(site):
    """How many unanswered images are somebody's for more than a minute."""
    site.data()
    later = timezone.now() + timedelta(minutes=1)
    return QueueItem.objects.filter(done_at=None, claimed_until__gt=later).count()
