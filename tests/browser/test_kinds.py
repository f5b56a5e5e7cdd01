"""Each kind's flow in a real browser: yes/no, many labels with search, moved keys, added labels."""

import pytest
from playwright.sync_api import expect

from labeler.labeling import refill
from labeler.labeling.models import Annotation
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from tests.browser.conftest import PHONE, Site, sign_in, until, watch
from tests.browser.test_label_page import listens
from tests.conftest import picture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IMAGES = 30


@pytest.fixture
def pool(project):
    """Thirty images with files; everybody may add labels."""
    for row in range(IMAGES):
        data, sha256 = picture(row, (160, 120)), f"{row:064x}"
        storage.save_original(project, sha256, data)
        Image.objects.create(
            project=project, row=row, sha256=sha256, name=f"leaf-{row}.png", width=160, height=120,
            format="PNG", bytes=len(data), key=row / IMAGES,
        )  # fmt: skip
    values = {"next_row": IMAGES, "audit_share": 0, "label_adders": "annotator"}
    Project.objects.filter(pk=project.pk).update(**values)
    project.refresh_from_db()
    return project


def rank(project):
    """Every image asked by row; the model believes in the first label."""
    pks = [str(pk) for pk in project.labels.order_by("place").values_list("pk", flat=True)]
    beliefs = {pk: 0.6 if pk == pks[0] else 0.4 / (len(pks) - 1) for pk in pks}
    images = Image.objects.filter(project=project).order_by("row")
    rows = [refill.Ranked(image.pk, 0.9, beliefs) for image in images]
    refill.replace(project, rows, strategy="margin", version=1)


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.stop()


def visit(page, site, project, user):
    """Open the label page; the site starts with the first visit."""
    sign_in(page, site, user)
    page.set_default_timeout(12_000)
    if not hasattr(site, "process"):
        rank(project)
        site.start()
    page.goto(f"{site.address}/projects/{project.pk}/label")
    expect(page.locator("[data-picture]")).to_be_visible()
    listens(page)
    return page


def name(page):
    return page.locator("[data-file]").inner_text()


def after(page, act):
    """Do it; the next image must come."""
    before = name(page)
    act()
    until(lambda: name(page) != before)


def press(page, *pressed):
    for key in pressed:
        after(page, lambda key=key: page.keyboard.press(key))


def given(page, site):
    """What was answered, in the order of the images."""
    expect(page.locator("[data-outbox]")).to_have_attribute("data-unsent", "0")
    site.data()
    rows = Annotation.objects.filter(current=True).order_by("image__row")
    return [a.skip or "+".join(sorted(la.name for la in a.labels.all())) for a in rows]


def answer(page, label):
    """The answer with this name."""
    return page.locator(".answer").filter(has=page.get_by_text(label, exact=True))


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.tagName")


# ---- yes or no -----------------------------------------------------------------------------------


@pytest.fixture
def yes_no(pool):
    pool.labels.filter(place=2).delete()
    for place, (label, key) in enumerate([("Yes", "J"), ("No", "F")]):
        pool.labels.filter(place=place).update(name=label, key=key)
    Project.objects.filter(pk=pool.pk).update(kind="yesno")
    pool.refresh_from_db()
    return pool


def test_yes_and_no_by_two_keys_and_enter_agrees(page, yes_no, annotator, site):
    visit(page, site, yes_no, annotator)
    boxes = [answer(page, each).bounding_box() for each in ("No", "Yes")]
    assert boxes[0]["x"] < boxes[1]["x"]
    assert min(box["height"] for box in boxes) >= 100
    press(page, "j", "f", "Enter", "u", "f")
    press(page, "z")
    assert given(page, site) == ["Yes", "No", "Yes", "unsure"]
    expect(page.get_by_role("button", name="Add a label")).to_have_count(0)


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_yes_and_no_under_the_thumb(page, yes_no, annotator, site):
    visit(page, site, yes_no, annotator)
    for each in ("No", "Yes"):
        button = answer(page, each)
        box = button.bounding_box()
        assert box["height"] >= 48
        assert box["y"] + box["height"] <= PHONE["viewport"]["height"]
        after(page, button.tap)
    assert given(page, site) == ["No", "Yes"]


# ---- many labels ---------------------------------------------------------------------------------


@pytest.fixture
def hundred(pool):
    """A hundred labels; the last ones have no key."""
    made = [Label(project=pool, name=f"kind {n}", place=n) for n in range(3, 98)]
    named = ["black spot", "ホウレン草"]
    made += [Label(project=pool, name=each, place=98 + n) for n, each in enumerate(named)]
    Label.objects.bulk_create(made)
    return pool


def test_a_label_among_a_hundred_is_found_by_typing(page, hundred, annotator, site):
    visit(page, site, hundred, annotator)
    page.keyboard.press("/")
    assert focused(page) == "find"
    page.keyboard.type("mil2")  # digits are typed, not answered
    expect(page.get_by_text("No label has this in its name.")).to_be_visible()
    page.locator("#find").fill("kind 1")
    options = page.get_by_role("option")
    expect(options).to_have_count(9)  # eight labels, and the name as a new one
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    chosen = page.locator('[role=option][aria-selected="true"]')
    expect(chosen).to_have_text("kind 11")
    assert page.locator("#find").get_attribute("aria-activedescendant") == chosen.get_attribute(
        "id"
    )
    after(page, lambda: page.keyboard.press("Enter"))
    assert focused(page) == "BODY"
    press(page, "2")  # and keys mean labels again
    page.keyboard.press("/")
    page.keyboard.type("spot")
    after(page, page.get_by_role("option", name="black spot").click)
    page.keyboard.press("/")
    page.keyboard.type("mil")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    assert given(page, site) == ["kind 11", "rust", "black spot"]


def test_enter_that_ends_a_composition_answers_nothing(page, hundred, annotator, site):
    visit(page, site, hundred, annotator)
    page.keyboard.press("/")
    page.keyboard.insert_text("ほうれん")  # as kana; the label is in katakana
    expect(page.get_by_role("option", name="ホウレン草")).to_be_visible()
    page.locator("#find").dispatch_event(
        "keydown", {"key": "Enter", "isComposing": True, "bubbles": True}
    )
    assert name(page) == "leaf-0.png"
    after(page, lambda: page.keyboard.press("Enter"))
    assert given(page, site) == ["ホウレン草"]


def test_in_a_project_of_several_labels_the_field_ticks(page, hundred, annotator, site):
    Project.objects.filter(pk=hundred.pk).update(kind="multi")
    hundred.refresh_from_db()
    visit(page, site, hundred, annotator)
    for typed in ("black", "kind 42"):
        page.keyboard.press("/")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
    page.keyboard.press("1")
    press(page, "Enter")
    assert given(page, site) == ["black spot+healthy+kind 42"]


# ---- keys ----------------------------------------------------------------------------------------


def test_a_person_moves_keys_and_the_hints_follow(page, pool, annotator, site):
    visit(page, site, pool, annotator)
    page.get_by_role("link", name="Your keys").click()
    page.wait_for_url("**/keys")  # loaded, with its scripts
    rust = page.get_by_label("rust")
    rust.press("q")
    expect(rust).to_have_value("Q")
    page.get_by_label("Undo").press("q")
    expect(page.get_by_label("Undo")).to_have_attribute("aria-invalid", "")
    page.get_by_role("button", name="Save your keys").click()
    expect(page.get_by_text("The key Q is that of “rust” already.")).to_be_visible()
    page.get_by_label("Undo").press("x")
    page.get_by_role("button", name="Save your keys").click()
    expect(page.get_by_text("Your keys are saved.")).to_be_visible()
    page.get_by_role("link", name="To the Label page").click()
    listens(page)
    expect(answer(page, "rust").locator("kbd").first).to_have_text("Q")
    press(page, "q", "1", "x", "3")
    assert given(page, site) == ["rust", "mildew"]
    page.broken[:] = [error for error in page.broken if "400" not in error]  # the key taken


def test_letters_turned_off_do_nothing_and_show_nothing(page, pool, annotator, site):
    annotator.settings["letter_keys"] = False
    annotator.save()
    visit(page, site, pool, annotator)
    for key in ("1", "u", "b", "/", "g", "l"):
        page.keyboard.press(key)
    assert name(page) == "leaf-0.png"
    assert focused(page) == "BODY"
    expect(page.locator("[aria-keyshortcuts]:visible").filter(has_text="healthy")).to_have_count(1)
    shown = page.locator(".rail kbd:visible").all_inner_texts()
    assert [hint for hint in shown if hint.strip() not in ("", "↵")] == []
    press(page, "Enter")  # the suggestion
    answer(page, "rust").focus()
    press(page, "Enter")
    assert given(page, site) == ["healthy", "rust"]


def test_a_label_with_the_key_of_a_tool_keeps_it(page, pool, annotator, site):
    pool.labels.filter(name="rust").update(key="R")
    pool.labels.filter(name="mildew").update(key="I")
    visit(page, site, pool, annotator)
    press(page, "r", "i")
    keys_shown = page.locator("[aria-keyshortcuts]").evaluate_all(
        "all => all.flatMap((one) => one.getAttribute('aria-keyshortcuts').split(' '))"
    )
    assert [keys_shown.count(key) for key in ("R", "I")] == [1, 1]
    assert given(page, site) == ["rust", "mildew"]


# ---- labels in passing ---------------------------------------------------------------------------


def test_two_people_add_the_same_label_and_both_see_it(page, pool, annotator, reviewer, site):
    other = page.context.browser.new_context().new_page()
    other.broken = watch(other)
    sign_in(other, site, reviewer)
    visit(page, site, pool, annotator)
    other.goto(page.url)
    listens(other)
    for tab in (page, other):
        tab.get_by_role("button", name="Add a label").click()
        tab.keyboard.type("leaf scorch")
        after(tab, lambda tab=tab: tab.keyboard.press("Enter"))
    expect(page.locator(".toasts")).to_contain_text("“leaf scorch” is a label now.")
    expect(other.locator(".toasts")).to_contain_text("“leaf scorch” was a label already.")
    expect(answer(other, "leaf scorch").locator("kbd").first).to_have_text("4")
    press(page, "4")

    page.keyboard.press("/")
    page.keyboard.type("chewed")
    after(page, lambda: page.keyboard.press("Enter"))
    expect(answer(other, "chewed")).to_be_visible(timeout=30_000)
    press(other, "5")
    expect(other.locator("[data-outbox]")).to_have_attribute("data-unsent", "0")
    assert sorted(given(page, site)) == ["chewed", "chewed"] + 3 * ["leaf scorch"]
    assert Label.objects.filter(project=pool).count() == 5
    assert other.broken == []


def test_without_a_connection_the_name_stays_in_the_field(page, pool, annotator, site):
    visit(page, site, pool, annotator)
    page.context.set_offline(True)
    page.keyboard.press("/")
    page.keyboard.type("scorch")
    page.keyboard.press("Enter")
    expect(page.locator(".toasts")).to_contain_text("No connection: the label was not added")
    expect(page.locator("#find")).to_have_value("scorch")
    assert name(page) == "leaf-0.png"
    page.context.set_offline(False)
    after(page, lambda: page.keyboard.press("Enter"))
    assert given(page, site) == ["scorch"]
