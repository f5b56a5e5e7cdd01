"""A large upload in a real browser: the server is killed, the tab reloaded, and it goes on."""

import os
import re
import zipfile

import pytest
from playwright.sync_api import expect

from labeler.pools.models import Image, Import, Upload
from tests.browser.conftest import Site, sign_in, until
from tests.conftest import picture
from tests.pools.conftest import work

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]
NETWORK = ("net::ERR", "Failed to load resource", "htmx:")  # the dead server is expected
MEGABYTE = 1_000_000


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    yield site
    site.stop()


@pytest.fixture
def archive(tmp_path):
    """A zip of thirty megabytes with three pictures, and one of nine."""
    made = []
    for name, size in (("large.zip", 30 * MEGABYTE), ("small.zip", 9 * MEGABYTE)):
        made.append(tmp_path / name)
        with zipfile.ZipFile(made[-1], "w", zipfile.ZIP_STORED) as file:
            for n in range(3):
                file.writestr(f"{n}.png", picture(n + size))
            file.writestr("rest.bin", os.urandom(size))
    return made


@pytest.fixture
def desk(page, site, project, admin):
    sign_in(page, site, admin)
    site.start()
    page.goto(f"{site.address}/projects/{project.pk}/import")
    yield page
    page.broken[:] = [
        error for error in page.broken if not any(words in error for words in NETWORK)
    ]


def slowed(page, bytes_per_second):
    """The line of this tab, as slow as that; -1 for as fast as it goes."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    given = {"offline": False, "latency": 0, "downloadThroughput": -1}
    line.send("Network.emulateNetworkConditions", given | {"uploadThroughput": bytes_per_second})
    return line


def choose(page, files):
    page.locator("#pick-files").set_input_files([str(file) for file in files])


def received(site):
    site.data()
    return sum(Upload.objects.values_list("received", flat=True))


def test_an_upload_goes_on_after_a_dead_server_and_a_reload(desk, site, project, archive):
    large, _ = archive
    whole = large.stat().st_size
    line = slowed(desk, 4 * MEGABYTE)
    choose(desk, [large])
    box = desk.locator("[data-sending]")
    expect(box).to_contain_text(re.compile(r"\d\sMB of 30\sMB"))
    until(lambda: received(site) > 5 * MEGABYTE, 60)
    site.kill()
    expect(box).to_contain_text(
        "The server does not answer. Sending goes on by itself", timeout=30_000
    )
    before = received(site)
    assert before < whole
    site.run()
    desk.on("dialog", lambda dialog: dialog.accept())  # "leave the page?"
    desk.reload()
    left = desk.locator("[data-unfinished-import]")
    expect(left).to_contain_text("Import 1 was not finished")
    expect(left).to_contain_text("large.zip: 0 of 1 file is here")
    line.detach()
    here = received(site)
    assert here >= before
    with desk.expect_request(lambda request: request.method == "PATCH") as again:
        left.locator("[data-pick-again-files]").set_input_files(str(large))
    assert int(again.value.headers["upload-offset"]) == here > 5 * MEGABYTE
    expect(desk.locator("[data-sending]")).to_be_hidden(timeout=60_000)
    expect(left).to_have_count(0)
    site.data()
    imp = Import.objects.get()
    assert (imp.sealed, Upload.objects.get().received) == (True, whole)
    work(imp)
    assert (imp.added, imp.refused) == (3, 1)
    assert Image.objects.filter(project=project).count() == 3


def test_pause_offline_and_others_files(desk, site, archive):
    large, small = archive
    slowed(desk, 3 * MEGABYTE)
    choose(desk, [large])
    box = desk.locator("[data-sending]")
    expect(box).to_contain_text(re.compile(r"MB/s · (less than a|about)"))
    box.get_by_role("button", name="Pause").click()
    expect(box).to_contain_text("Paused. What has arrived is kept for a day.")
    box.get_by_role("button", name="Go on").click()
    expect(box).to_contain_text("Keep this page open")
    desk.context.set_offline(True)
    expect(box).to_contain_text("No connection. Sending goes on by itself when it is back.")
    desk.on("dialog", lambda dialog: dialog.accept())
    desk.context.set_offline(False)
    expect(box).to_contain_text("Keep this page open")
    until(lambda: received(site) > MEGABYTE, 60)
    desk.reload()
    left = desk.locator("[data-unfinished-import]")
    left.locator("[data-pick-again-files]").set_input_files(str(small))
    expect(desk.locator("[data-trouble]")).to_contain_text(
        "None of these files belongs to import 1"
    )
    with desk.expect_response(lambda answer: answer.url.endswith("/seal"), timeout=60_000):
        choose(desk, [small])  # by the large button it is a new import
    expect(desk.locator("[data-sending]")).to_be_hidden(timeout=60_000)
    expect(left).to_have_count(1)
    left.get_by_role("button", name="Throw it away").click()
    expect(left).to_have_count(0)
    choose(desk, [large])
    box.get_by_role("button", name="Cancel").click()
    expect(box).to_be_hidden()
    expect(left).to_have_count(0)
    site.data()
    assert list(Import.objects.order_by("number").values_list("state", flat=True)) == [
        "cancelled",
        "due",
        "cancelled",
    ]
