"""Two annotators who disagree and a reviewer who decides, each in a browser of her own."""

import re
from uuid import NAMESPACE_URL, uuid5

import pytest
from playwright.sync_api import expect

from labeler.labeling import annotations, disputes, gold, queue, refill
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Membership, Project, User
from tests.browser.conftest import DESKTOP, PHONE, Site, sign_in, store_images, until, watch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IMAGES = 4


@pytest.fixture
def pool(project):
    """Four images with files, each asked of two people, without audit images."""
    Project.objects.filter(pk=project.pk).update(overlap=2, audit_share=0, next_row=IMAGES)
    project.refresh_from_db()
    store_images(project, IMAGES)
    refill.top_up(project)
    return project


@pytest.fixture
def ben(project):
    user = User.objects.create_user("ben", first_name="Ben")
    Membership.objects.create(project=project, user=user, role="annotator")
    return user


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def tab(page, site):
    """A function that opens a browser context of its own for a user; call it before the start."""
    made = []

    def open_for(user, device=DESKTOP):
        new = page.context.browser.new_context(**device).new_page()
        new.broken = watch(new)
        sign_in(new, site, user)
        made.append(new)
        return new

    yield open_for
    assert [error for each in made for error in each.broken] == []


def label(tab, site, project, keys):
    """Answer the images in the order they come, one key each."""
    tab.goto(f"{site.address}/projects/{project.pk}/label")
    expect(tab.locator("[data-picture]")).to_be_visible()
    for at, key in enumerate(keys):
        tab.keyboard.press(key)
        if at + 1 < len(keys):
            expect(tab.locator("[data-file]")).to_have_text(f"leaf-{at + 1}.png")
    until(lambda: stored(site, project) % IMAGES == 0 and stored(site, project))


def stored(site, project):
    """How many answers the site has stored."""
    site.data()
    return Annotation.objects.filter(project=project).count()


def answered(tab, sides):
    expect(tab.locator(".side-of")).to_have_count(sides)


@pytest.mark.slow
def test_what_two_people_see_differently_is_settled_by_a_third(
    tab, site, pool, annotator, ben, reviewer
):
    first, second, third = tab(annotator), tab(ben), tab(reviewer)
    site.start()
    label(first, site, pool, "1122")
    label(second, site, pool, "1231")
    until(lambda: stored(site, pool) == 2 * IMAGES)

    third.goto(f"{site.address}/projects/{pool.pk}/")
    third.get_by_role("link", name="Settle them").click()
    expect(third.locator("[data-waiting]")).to_have_text("3")
    expect(third.locator("[data-file]")).to_have_text("leaf-1.png")
    answered(third, 2)
    main = third.get_by_role("main")
    assert not re.search(r"\b(Ben|annotator)\b", main.inner_text()), "names would weigh"

    third.keyboard.press("2")
    expect(third.locator("[data-file]")).to_have_text("leaf-2.png")
    expect(third.locator("[data-last-people]")).to_contain_text("Ben said rust")
    expect(third.locator("[data-last-people]")).to_contain_text("annotator said healthy")
    expect(third.locator("[data-waiting]")).to_have_text("2")

    third.keyboard.press("z")
    expect(third.locator("[data-file]")).to_have_text("leaf-1.png")
    third.keyboard.press("3")  # neither of them was right
    third.keyboard.press("n")
    expect(third.locator("[data-file]")).to_have_text("leaf-3.png")
    third.locator(".side-of").first.click()
    expect(third.get_by_role("heading", name="Nobody disagrees")).to_be_visible()
    expect(third.locator("[data-waiting]")).to_have_text("0")

    site.data()
    assert disputes.count(pool) == 0
    rows = Annotation.objects.filter(source="review", current=True).order_by("image__row")
    said = [(row.image.row, row.skip or row.labels.get().name) for row in rows]
    assert [row for row, _ in said] == [1, 2, 3]
    assert said[:2] == [(1, "mildew"), (2, "not_applicable")]


@pytest.mark.slow
def test_two_reviewers_do_not_overwrite_one_another(
    tab, site, pool, annotator, ben, reviewer, admin
):
    disagree(pool, annotator, ben)
    one, other = tab(reviewer), tab(admin, PHONE)
    site.start()
    for each in (one, other):
        each.goto(f"{site.address}/projects/{pool.pk}/review/disputes")
        expect(each.locator("[data-file]")).to_have_text("leaf-0.png")
    one.keyboard.press("1")
    expect(one.locator("[data-waiting]")).to_have_text("1")
    other.broken.clear()
    other.get_by_role("button", name="mildew").first.tap()
    expect(other.locator(".toast")).to_contain_text("Somebody settled that image first")
    expect(other.locator("[data-file]")).to_have_text("leaf-1.png")
    other.broken.clear()  # the browser reports every 409
    assert other.evaluate("document.documentElement.scrollWidth <= innerWidth")
    site.data()
    assert Annotation.objects.get(source="review").labels.get().name == "healthy"


@pytest.mark.slow
def test_a_reviewer_marks_gold_images_and_an_annotator_is_checked(
    tab, site, pool, annotator, ben, reviewer
):
    agree_on_two(pool, reviewer)
    Project.objects.filter(pk=pool.pk).update(gold_share=1)
    first, second = tab(reviewer), tab(annotator)
    site.start()
    first.goto(f"{site.address}/projects/{pool.pk}/gold")
    candidates = first.locator("#add form[method=post]")
    for box in candidates.locator("label.tile").all():
        box.click()
    candidates.get_by_role("button", name="Make them gold").click()
    expect(first.get_by_role("heading", name="2 gold images")).to_be_visible()

    second.goto(f"{site.address}/projects/{pool.pk}/label")
    expect(second.locator("[data-picture]")).to_be_visible()
    for at in range(IMAGES):  # two of them gold, and nothing tells which
        name = second.locator("[data-file]").inner_text()
        second.keyboard.press("2")
        if at + 1 < IMAGES:
            expect(second.locator("[data-file]")).not_to_have_text(name)
    until(lambda: stored(site, pool) == 2 + IMAGES)
    first.reload()
    row = first.locator(".checked tbody tr")
    expect(row).to_contain_text("annotator")
    site.data()
    checked = gold.of_person(pool, annotator)
    assert (checked.answered, checked.right) == (2, 1)
    second.goto(f"{site.address}/projects/{pool.pk}/")
    expect(second.get_by_role("main")).to_contain_text("Of 2 so far you gave the known answer to 1")


def disagree(project, ann, ben):
    """The first two images: rust says one, mildew the other."""
    for user, said in ((ann, "rust"), (ben, "mildew")):
        for item in queue.claim(project=project, user=user, count=2):
            sent = {"uuid": uuid_for(user, item), "item": item.pk, "labels": [said]}
            assert annotations.record(project=project, user=user, answers=[sent])[0].stored


def agree_on_two(project, reviewer):
    """The first two images are reviewed: healthy and rust."""
    ids = dict(project.labels.values_list("name", "pk"))
    for image, said in zip(Image.objects.order_by("row")[:2], ("healthy", "rust"), strict=True):
        annotations.review(
            project=project, user=reviewer, image=image, uuid=uuid_for(reviewer, image),
            label_ids=[ids[said]],
        )  # fmt: skip


def uuid_for(user, row):
    return str(uuid5(NAMESPACE_URL, f"{user.pk}/{type(row).__name__}/{row.pk}"))
