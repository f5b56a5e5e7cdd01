"""A table and pictures from a folder: seen before anything is stored, put right, imported, told."""

import pytest
from playwright.sync_api import expect

from labeler.labeling.models import Annotation
from labeler.pools.models import Image, Import
from tests import elsewhere
from tests.browser.conftest import Site, sign_in
from tests.browser.test_access import look
from tests.conftest import picture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ROWS = "file,label\n0.png,rust\n1.png,rusty\n2.png,healthy\n3.png,rusty\ngone.png,rust\n"


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.worker.terminate()
    made.worker.communicate(timeout=30)
    made.stop()


@pytest.fixture
def folder(tmp_path):
    """Five pictures, two of them the same, a text, and a table."""
    plots = tmp_path / "plots"
    plots.mkdir()
    for name, seed in (("0", 0), ("1", 1), ("2", 2), ("3", 3), ("copy of 0", 0)):
        (plots / f"{name}.png").write_bytes(picture(seed))
    (plots / "notes.pdf").write_bytes(b"%PDF-1.4 nothing")
    (plots / "labels.csv").write_text(ROWS)
    return plots


def test_a_table_is_seen_put_right_and_imported(page, site, project, admin, folder):
    sign_in(page, site, admin)
    site.start()
    site.worker = elsewhere.python("manage.py", "worker", "chores", env=site.env)
    page.goto(f"{site.address}/projects/{project.pk}/import")
    page.locator("#pick-folder").set_input_files(str(folder))

    # The look comes by itself, and nothing is stored yet.
    review = page.locator("#review-1")
    heading = review.get_by_role("heading", name="Import 1")
    expect(heading).to_be_focused(timeout=60_000)
    expect(review).to_contain_text("4 with a label. 1 row has no picture.")
    expect(review).to_contain_text("There is no file “gone.png”.")
    expect(review.get_by_label("label is")).to_have_value("label")
    expect(review).not_to_contain_text("What do the names of folders mean?")
    site.data()
    assert not Image.objects.filter(project=project).exists()
    assert look(page) == []

    # By the keyboard: what “rusty” means, then Import.
    means = review.get_by_label("“rusty” means")
    means.focus()
    means.select_option(label="rust")
    review.get_by_role("button", name="Import", exact=True).press("Enter")
    run = page.locator("#import-1")
    expect(run).to_contain_text("done", timeout=60_000)
    expect(page.locator("#review-1")).to_have_count(0)
    expect(page.locator("table.refused")).to_contain_text("labels.csv, line 6")

    page.goto(f"{site.address}/projects/{project.pk}/import/1")
    expect(page.locator("#twins + .count")).to_have_text("1")
    expect(page.locator("main a", has_text="0.png")).to_be_visible()
    with page.expect_download() as report:
        page.get_by_role("link", name="Report as CSV").click()
    assert "gone.png" in report.value.path().read_text()
    assert look(page) == []
    site.data()
    imp = Import.objects.get()
    assert (imp.state, imp.added, imp.duplicates, imp.labels_added) == ("done", 4, 1, 4)
    found = Annotation.objects.filter(project=project, current=True)
    told = found.values_list("image__name", "labels__name")
    assert {(name[-5:], label) for name, label in told} == {
        ("0.png", "rust"), ("1.png", "rust"), ("2.png", "healthy"), ("3.png", "rust"),
    }  # fmt: skip
    assert project.labels.count() == 3
