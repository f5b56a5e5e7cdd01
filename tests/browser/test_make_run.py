"""The main job, end to end: a fresh clone, `make run`, twenty labels, a model that learned."""

import contextlib
import re
import sqlite3
import subprocess

import pytest
from playwright.sync_api import expect

from tests.supervisor.installation import ROOT, Installation, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
INSTALLING = 1500.0  # seconds: PyTorch is large, and the line may be slow
LABELS = 20


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A fresh clone in an empty folder, started the way the README says."""
    folder = tmp_path_factory.mktemp("fresh")
    clone = folder / "labeler"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    there = Installation(folder / "data", command=["make", "run"], cwd=clone)
    try:
        yield there.ready(INSTALLING)
    finally:
        there.stop()
        there.clear()


def truth(installation, image):
    """The digit that the image of this id really is."""
    file = f"file:{installation.data}/labeler.sqlite3?mode=ro"
    with contextlib.closing(sqlite3.connect(file, uri=True)) as database:
        return database.execute(
            "SELECT l.name FROM pools_truth t JOIN projects_label l ON l.id = t.label_id "
            "WHERE t.image_id = ?",
            [image],
        ).fetchone()[0]


def shown(page):
    """The id of the image on the stage."""
    source = page.locator("[data-picture]").get_attribute("src")
    return int(re.search(r"/images/(\d+)/", source)[1])


def answer_by_keyboard(page, installation):
    """Press the key of the true digit; the next image comes without a reload."""
    image = shown(page)
    page.keyboard.press(truth(installation, image))
    until(lambda: shown(page) != image)
    return image


def test_twenty_labels_by_keyboard_and_a_model_appears(running, page):
    page.goto(running.link)
    page.get_by_role("link", name="Digits").first.click()
    page.get_by_role("navigation", name="Project").get_by_role("link", name="Label").click()
    expect(page.locator("[data-picture]")).to_be_visible(timeout=20_000)
    page.evaluate("window.neverReloaded = true")

    seen = [answer_by_keyboard(page, running) for _ in range(LABELS)]
    assert len(set(seen)) == LABELS

    version = page.locator("[data-version]")
    expect(version).to_have_text(re.compile(r"model version [1-9]"), timeout=120_000)
    assert page.evaluate("window.neverReloaded") is True

    page.get_by_role("navigation", name="Project").get_by_role("link", name="Dashboard").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text(f"{LABELS} answers")
    expect(main).to_contain_text(re.compile(r"[Vv]ersion [1-9]"))
    expect(main.locator("table")).not_to_have_count(0)
