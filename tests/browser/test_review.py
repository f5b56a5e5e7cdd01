"""A reviewer at work in a real browser: figures move with labels and thresholds, many at once."""

import re

import pytest
from playwright.sync_api import expect

from labeler.labeling.models import Annotation, QueueItem
from labeler.training.models import ModelVersion
from tests.browser.conftest import PHONE, Site, sign_in, until
from tests.evaluation.conftest import Bench, proba_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RUST = 1
BROKEN = "Failed to load resource"  # the images of this test have no files


@pytest.fixture
def site(page, project, annotator, reviewer, admin, tmp_path):
    """Sixty audit images: 28 healthy, 2 healthy that the model calls rust, 30 rust of which it
    misses 4."""
    bench = Bench(project, annotator)
    images = bench.audit([0] * 30 + [RUST] * 30)
    said = [0] * 28 + [RUST] * 28 + [0] * 4
    bench.version(images, proba_of(said, 3))
    made = Site(tmp_path)
    sign_in(page, made, reviewer)
    made.start()
    yield made
    made.stop()
    page.broken[:] = [each for each in page.broken if BROKEN not in each]


def opened(page, site, project, **query):
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    page.goto(f"{site.address}/projects/{project.pk}/review?{asked}")
    return page


def rust(project):
    return project.labels.get(name="rust")


def counted(page, kind):
    return page.locator(f'[data-count="{kind}"]')


def test_labels_and_thresholds_move_the_figures(page, site, project):
    opened(page, site, project, label=rust(project).pk)
    expect(page.locator("[data-prec]")).to_have_text(re.compile("93"))
    expect(counted(page, "fp")).to_have_text("2")
    expect(page.locator('[data-gallery="fp"] .tops').first).to_contain_text("0.10")

    page.keyboard.press("2")  # it is rust after all
    expect(counted(page, "fp")).to_have_text("1")
    expect(page.locator("[data-prec]")).to_have_text(re.compile("96"))
    page.keyboard.press("z")
    expect(counted(page, "fp")).to_have_text("2")

    page.locator("#thr").fill("90")
    expect(counted(page, "fp")).to_have_text("0")
    expect(counted(page, "fn")).to_have_text("30")
    page.locator("[data-scope=all]").click()
    page.locator("#thr").fill("60")
    page.locator("[data-save]").click()
    expect(page.locator("[data-picked-words]")).to_have_text("picked with version 1")
    until(lambda: thresholds(site) == {0.6})
    page.locator("[data-standard]").click()
    until(lambda: thresholds(site) == set())


def thresholds(site):
    site.data()
    return set(ModelVersion.objects.get().thresholds.values())


def test_many_are_picked_answered_and_sent(page, site, project):
    opened(page, site, project, label=rust(project).pk)
    missed = page.locator('[data-gallery="fn"] [data-at]')
    missed.nth(0).click()
    missed.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-chosen]")).to_have_text("3 images picked")
    page.keyboard.press("1")  # all three are healthy
    expect(counted(page, "fn")).to_have_text("1")
    until(lambda: reviewed(site) == 3)
    page.keyboard.press("z")
    expect(counted(page, "fn")).to_have_text("4")
    until(lambda: reviewed(site) == 0)

    for key in ("x", "ArrowRight", "x", "s"):  # the first of the three is chosen again
        page.keyboard.press(key)
    expect(page.locator('[data-gallery="fn"] .away:visible')).to_have_count(2)
    until(lambda: sent(site) == 2)
    page.keyboard.press("z")
    until(lambda: sent(site) == 0)


def reviewed(site):
    site.data()
    return Annotation.objects.filter(source="review", current=True).count()


def sent(site):
    site.data()
    return QueueItem.objects.filter(strategy="second_look", done_at=None).count()


@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_nothing_is_wider_than_a_phone(page, site, project):
    for source in ("audit", "labels", "pool"):
        opened(page, site, project, source=source)
        expect(page.locator(".sources [aria-current]")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
