"""A reviewer reads the advice, lets a worker replay random drawing, and declares a stop test."""

import numpy as np
import pytest
from playwright.sync_api import expect

from labeler.evaluation import curve
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.training import memory
from tests import elsewhere
from tests.browser.conftest import DESKTOP, PHONE, Site, sign_in
from tests.browser.test_access import look as barriers
from tests.evaluation.conftest import Bench, proba_of
from tests.training.invented import answer, fill

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORK = "import django; django.setup(); from labeler.work.tasks import run; run('study')"
GROWN = ((30, 20), (36, 30), (41, 45), (45, 70), (48, 110))  # images right, labels


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def learned(project, owner):
    """600 embedded images, 60 audit labels, and five versions that grow better."""
    memory._pools.clear()
    fill(project, 600)
    rows = [row for row in range(600) if row % 10 == 9]
    answer(project, rows)
    bench = Bench(project, owner)
    images = list(Image.objects.filter(project=project, row__in=rows).order_by("row"))
    assert Annotation.objects.filter(project=project).count() == 60
    order = np.random.default_rng(0).permutation(60)
    for right, n_labels in GROWN:
        said = np.array(rows) % 3
        said[order[right:]] = (said[order[right:]] + 1) % 3
        bench.version(images, proba_of(said, 3), n_labels=n_labels)
    curve.refresh(project, most=10)
    return project


def worker(site):
    """Let a worker do the study that is due."""
    env = site.env | {"DJANGO_SETTINGS_MODULE": "labeler.settings"}
    process = elsewhere.python("-c", WORK, env=env)
    _out, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors


@pytest.mark.parametrize("page", [DESKTOP, PHONE], ids=["wide", "phone"], indirect=True)
def test_advice_replay_and_stop_test(page, site, learned, reviewer):
    sign_in(page, site, reviewer)
    site.start()
    page.goto(f"{site.address}/projects/{learned.pk}/")
    page.get_by_role("link", name="Learning and when to stop").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("The next 100 labels should add")
    expect(page.locator("[data-chart=curve] canvas")).to_be_visible()
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.get_by_role("button", name="Replay").click()
    expect(main).to_contain_text("Waiting for a worker.")
    worker(site)
    expect(main).to_contain_text("labels drawn at random give")  # the page came anew by itself
    expect(page.get_by_role("img", name="Drawn at random, replayed")).to_be_visible()

    page.get_by_label("Target in percent").fill("85")
    page.get_by_role("button", name="Declare the test").click()
    expect(main).to_contain_text("0 of 5 looks made, the next at 210 labels")

    page.get_by_label("Curve of").select_option("rust")
    expect(page.get_by_role("heading", name="F1 of rust")).to_be_visible()
    assert barriers(page) == []
