"""What the model is for, in a real browser: try it, mend it, judge many, take it along, be told."""

import base64
import io
import re
import zipfile

import pytest
from playwright.sync_api import expect

from labeler.labeling.models import Annotation
from labeler.pools.models import Import
from labeler.projects.models import Label
from labeler.training.models import ModelVersion
from labeler.webhooks.models import Webhook
from tests import elsewhere
from tests.browser.conftest import DESKTOP, PHONE, Site, sign_in, until
from tests.browser.test_access import look
from tests.serving.taught import stripes, teach
from tests.training.drawn import striped

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
WORK = "import sys, django; django.setup(); from labeler.work.tasks import run; run(sys.argv[1])"
DROPPED = """([name, text]) => {
  const held = new DataTransfer();
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  held.items.add(new File([bytes], name, { type: "image/png" }));
  return held;
}"""
both = pytest.mark.parametrize("page", [DESKTOP, PHONE], ids=["wide", "phone"], indirect=True)


@pytest.fixture
def site(tmp_path):
    """A server that is started last, once its data is there."""
    made = Site(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def taught(project, owner):
    """A project whose model tells stripes apart; its likeliest label needs 20 % to be given."""
    teach(project)
    version = ModelVersion.objects.get(project=project)
    version.thresholds = {str(pk): 0.2 for pk in version.label_ids}
    version.save()
    return project


def work(site, kind):
    """Do what a worker would do."""
    env = site.env | {"DJANGO_SETTINGS_MODULE": "labeler.settings"}
    worker = elsewhere.python("-c", WORK, kind, env=env)
    _, said = worker.communicate(timeout=120)
    assert worker.returncode == 0, said


@pytest.fixture
def service(site):
    """The prediction service beside the site; call it once the site runs."""
    started = []

    def start():
        started.append(elsewhere.python("manage.py", "serve", env=site.env))
        until(lambda: (site.folder / "serve.json").exists(), seconds=60)

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=20)


def drop(page, name, data):
    held = page.evaluate_handle(DROPPED, [name, base64.b64encode(data).decode()])
    page.locator("[data-try]").dispatch_event("drop", {"dataTransfer": held})


def sent(site):
    """Whether the site has an import that waits for a worker."""

    def found():
        site.data()
        return Import.objects.exists()

    return found


def fits(page):
    """No part of the page sticks out, and axe finds no barrier."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    look(page)


@both
def test_a_dropped_picture_is_judged_and_a_wrong_one_goes_into_the_pool(
    page, site, service, taught, owner
):
    sign_in(page, site, owner)
    site.start()
    service()
    page.goto(f"{site.address}/projects/{taught.pk}/models")
    drop(page, "new.png", striped(101))
    box = page.locator("[data-try]")
    expect(box.get_by_role("status")).to_contain_text("The model says", timeout=60_000)
    expect(box.get_by_role("status")).to_contain_text("Version 1,")
    bars = box.get_by_label("Scores").locator("li")
    expect(bars).to_have_count(Label.objects.filter(project=taught).count())
    expect(bars.first).to_have_attribute("title", "Given from 20 % up.")
    expect(bars.first.locator("rect.floor")).to_have_attribute("x", "20%")
    alike = box.locator("[data-try-like] li")
    expect(alike).to_have_count(5)
    expect(alike.first.locator("img")).to_have_js_property("complete", True)
    fits(page)

    box.get_by_label("Wrong? It is").select_option("rust")
    box.get_by_role("button", name="Put it into the pool").click()
    until(sent(site))
    work(site, "import")
    expect(box.get_by_role("status")).to_contain_text(
        "It is in the pool, with its label.", timeout=60_000
    )
    expect(box.locator("[data-try-fix]")).to_be_hidden()
    site.data()
    said = Annotation.objects.get(project=taught, image__name="new.png")
    assert [label.name for label in said.labels.all()] == ["rust"]
    assert said.user == owner


@both
def test_many_are_judged_and_the_model_is_taken_along(page, site, taught, owner):
    sign_in(page, site, owner)
    site.start()
    page.goto(f"{site.address}/projects/{taught.pk}/predictions")
    files = [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in stripes(3)]
    page.get_by_label("Pictures, archives, lists").set_input_files(
        [*files, {"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"}]
    )
    expect(page.get_by_role("heading", name="4 files chosen")).to_be_visible()
    page.get_by_role("button", name="Judge these files").click()
    run = page.locator("#batch-1")
    expect(run).to_contain_text("waiting for a worker")
    work(site, "predict")
    expect(run).to_contain_text("done", timeout=60_000)
    expect(run.get_by_role("img", name="4 of 4 read")).to_be_visible()
    fits(page)
    with page.expect_download() as got:
        run.get_by_role("link", name="CSV").click()
    assert got.value.path().read_text().count("\n") == 5
    run.get_by_role("link", name="Look at the first").click()
    expect(page.locator(".judged li")).to_have_count(4)
    expect(page.locator(".judged .bad")).to_contain_text("not a picture")
    fits(page)

    page.goto(f"{site.address}/projects/{taught.pk}/models")
    exports = page.locator("#exports")
    exports.get_by_role("button", name="Export").click()
    expect(exports).to_contain_text("waiting for a worker")
    work(site, "model_export")
    link = exports.get_by_role("link", name="Download")
    expect(link).to_be_visible(timeout=60_000)  # without a press: the box looks again by itself
    fits(page)
    with page.expect_download() as got:
        link.click()
    with zipfile.ZipFile(io.BytesIO(got.value.path().read_bytes())) as archive:
        assert {"model.onnx", "predict.py", "card.html"} <= set(archive.namelist())


@both
def test_a_webhook_is_made_tested_paused_and_deleted(page, site, project, owner, monkeypatch):
    monkeypatch.setenv("LABELER_FETCH_ALLOW", "127.0.0.1:9")  # nobody listens there
    sign_in(page, site, owner)
    site.start()
    page.goto(f"{site.address}/projects/{project.pk}/settings/webhooks")
    fits(page)
    page.get_by_label("Address", exact=True).fill("ftp://example.org")
    page.get_by_role("button", name="Make the webhook").click()
    expect(page.locator(".field.error").first).to_be_visible()
    page.broken.clear()  # the browser notes the 400
    page.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/hook")
    page.get_by_label("Name", exact=True).fill("Our chat")
    page.locator("input[name=events]").first.check()
    page.get_by_role("button", name="Make the webhook").click()
    expect(page.get_by_label("The new secret")).to_have_value(re.compile("^whsec_.{20,}$"))
    fits(page)
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator(".deliveries li")).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Let it go on")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Delete this webhook").click()
    expect(page.get_by_role("heading", name="New webhook")).to_be_visible()
    site.data()
    assert not Webhook.objects.exists()
