"""A reviewer goes through labels that were flipped on purpose, each mended by one key."""

import numpy as np
import pytest
from playwright.sync_api import expect

from labeler.evaluation import studies, suspects
from labeler.evaluation.models import SuspectVerdict
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import memory, shards
from labeler.training.models import Shard
from labeler.work.tasks import run
from ml import arrays, features
from tests.browser.conftest import DESKTOP, PHONE, Site, sign_in, store_images, until, watch
from tests.browser.test_access import look as barriers
from tests.training.invented import FEATURES, answer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IMAGES = 48
FLIPPED = (4, 15, 31, 42)


@pytest.fixture(autouse=True)
def _fresh_memory():
    memory._pools.clear()


@pytest.fixture
def flipped(project):
    """Pictures of three groups, all answered, four of them under another label than their group."""
    store_images(project, IMAGES)
    Project.objects.filter(pk=project.pk).update(next_row=IMAGES)
    project.refresh_from_db()
    rng = np.random.default_rng(1)
    width = features.get(FEATURES).dimensions
    table = (rng.normal(size=(3, width)) * 2)[np.arange(IMAGES) % 3]
    shard = Shard.objects.create(
        project=project, features=FEATURES, number=0, rows_wanted=IMAGES, rows_done=IMAGES,
        state="done",
    )  # fmt: skip
    arrays.write_shard(shards.path(shard), table + rng.normal(size=(IMAGES, width)))
    answer(project, [row for row in range(IMAGES) if row not in FLIPPED])
    for row in FLIPPED:
        answer(project, [row], label=(row + 1) % 3)
    look(project)
    assert in_doubt(project) == set(FLIPPED)
    return project


def look(project):
    studies.ask(project, None, suspects.KIND)
    run("study")


def in_doubt(project):
    rows = dict(Image.objects.values_list("pk", "row"))
    return {rows[one.image] for one in suspects.left(project).chosen("label")}


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def tab(page, site):
    made = []

    def open_for(user, device=DESKTOP):
        new = page.context.browser.new_context(**device).new_page()
        new.broken = watch(new)
        sign_in(new, site, user)
        made.append(new)
        return new

    yield open_for
    assert [error for each in made for error in each.broken] == []


def said_of(row):
    """What stands for an image, as label places."""
    found = Annotation.objects.filter(image__row=row, current=True)
    return [label.place for each in found for label in each.labels.all()]


def shown(tab):
    """The row of the image that is looked at."""
    return int(tab.locator("[data-file]").inner_text().removeprefix("leaf-").removesuffix(".png"))


@pytest.mark.slow
def test_flipped_labels_are_found_and_mended_by_one_key_each(tab, site, flipped, reviewer):
    page = tab(reviewer)
    site.start()
    page.goto(f"{site.address}/projects/{flipped.pk}/review/suspects?why=label")
    expect(page.locator("[data-left]")).to_have_text("4")
    expect(page.locator("[data-near] figure")).to_have_count(6)
    assert barriers(page) == []
    first = shown(page)
    page.keyboard.press("m")  # as the model says
    expect(page.locator("[data-left]")).to_have_text("3")
    second = shown(page)
    page.keyboard.press(str(second % 3 + 1))  # the label's own key
    expect(page.locator("[data-left]")).to_have_text("2")
    third = shown(page)
    page.keyboard.press("y")  # the label is right, says the reviewer
    expect(page.locator("[data-left]")).to_have_text("1")
    page.keyboard.press("z")
    expect(page.locator("[data-left]")).to_have_text("2")
    assert shown(page) == third
    page.keyboard.press("y")
    page.keyboard.press("m")
    expect(page.get_by_role("heading", name="Nothing left to look at")).to_be_visible()

    def stored():
        site.data()
        reviews = Annotation.objects.filter(source="review", current=True).count()
        return reviews == 3 and SuspectVerdict.objects.count() == 1

    until(stored)
    rest = set(FLIPPED) - {first, second, third}
    for row in (first, second, *rest):
        assert said_of(row) == [row % 3], "mended"
    assert said_of(third) == [(third + 1) % 3], "confirmed, so left as it was"
    memory._pools.clear()
    look(flipped)
    assert in_doubt(flipped) == set()


@pytest.mark.slow
def test_several_are_mended_and_taken_back_together_on_a_phone(tab, site, flipped, reviewer):
    page = tab(reviewer, PHONE)
    site.start()
    page.goto(f"{site.address}/projects/{flipped.pk}/review/suspects?why=label")
    page.get_by_role("button", name="Choose all").tap()
    expect(page.locator("[data-picked-words]")).to_contain_text("4 chosen")
    assert barriers(page) == []
    page.get_by_role("button", name="As the model says").tap()
    expect(page.get_by_role("heading", name="Nothing left to look at")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".toast").get_by_role("button", name="Undo").tap()
    expect(page.locator("[data-left]")).to_have_text("4")

    def undone():
        site.data()
        return Annotation.objects.filter(kind="undo").count() == 4

    until(undone)
    assert not Annotation.objects.filter(source="review", current=True).exists()
    assert in_doubt(flipped) == set(FLIPPED)
    assert Label.objects.filter(project=flipped).count() == 3
