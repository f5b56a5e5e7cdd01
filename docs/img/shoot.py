"""Take the README's pictures from a running installation of its own.

    python docs/img/shoot.py [--photos FOLDER]

FOLDER holds one folder of pictures per label, such as `photos/pool` of the image packs; without it
they show the demo's digits. A perfect annotator answers 480 images through the API, so that
queue, model and figures are real. Needs Chromium.
"""

import argparse
import contextlib
import http.cookiejar
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LABELS = 480
AUDIT_SHARE = 0.4  # enough audit labels for figures worth a picture
PATIENCE = 900.0  # seconds for photos to be embedded
OPEN_ROUNDS = """SELECT count(*) FROM training_round
    WHERE project_id = ? AND state IN ('due', 'running')"""
SIZE = {"width": 1360, "height": 850}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--photos", type=Path, help="a folder of pictures per label")
    photos = arguments.parse_args().photos
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with running(data) as link:
            owner = Caller(link)
            project = owner.projects()[0]
            if photos:
                project = bring_in(owner, data, photos)
            answer(owner, data, project)
            pictures(owner, project)


@contextlib.contextmanager
def running(data: Path) -> Iterator[str]:
    """An installation of its own; gives the link that signs the owner in."""
    up = subprocess.Popen(
        [sys.executable, "manage.py", "up"], cwd=ROOT, text=True,
        env=environment(data), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert up.stdout is not None
    try:
        yield next(m[0] for line in up.stdout if (m := re.search(r"http://\S+/sign-in/\S+", line)))
    finally:
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=60)


def environment(data: Path) -> dict[str, str]:
    foreign = ("DATABASE_URL", "CELERY_BROKER_URL", "LABELER_STORAGE_URL")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {**kept, "LABELER_DATA": str(data), "LABELER_PORT": "0"}


class Caller:
    """The owner, who calls the API with the session that the link opened."""

    def __init__(self, link: str) -> None:
        self.cookies = http.cookiejar.CookieJar()
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.origin = link.split("/sign-in/")[0]
        self.browser.open(link).read()
        self.browser.open(f"{self.origin}/projects/new").read()

    def projects(self) -> list[dict[str, Any]]:
        return self.get("projects")["items"]

    def get(self, path: str) -> Any:
        return json.load(self.browser.open(f"{self.origin}/api/v1/{path}"))

    def post(self, path: str, body: Any) -> Any:
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        request = urllib.request.Request(
            f"{self.origin}/api/v1/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-CSRFToken": token or ""},
        )
        return json.load(self.browser.open(request))


def bring_in(owner: Caller, data: Path, photos: Path) -> dict[str, Any]:
    """A project over the photos, their folders kept aside as truth; waits until it is embedded."""
    names = sorted(folder.name for folder in photos.iterdir() if folder.is_dir())
    wishes = {"labels": [{"name": name} for name in names], "audit_share": AUDIT_SHARE}
    project = owner.post(
        "projects", {"name": "Clothes", "kind": "single", "question": "What is it?", **wishes}
    )
    subprocess.run(
        [sys.executable, "manage.py", "import_pool", "Clothes", str(photos), "--folders", "truth"],
        cwd=ROOT, env=environment(data), check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    wait(lambda: count(data, "SELECT min(rows_done >= rows_wanted) FROM training_shard "
                             "WHERE project_id = ?", project["id"]))  # fmt: skip
    return project


def answer(owner: Caller, data: Path, project: dict[str, Any]) -> None:
    """Give the true answer to a few hundred images, with pauses in which a round can end."""
    for given in range(LABELS):
        items = owner.post(f"projects/{project['id']}/queue/claim", {"count": 1})["items"]
        label = count(
            data, "SELECT label_id FROM pools_truth WHERE image_id = ?", items[0]["image"]
        )
        body = {"uuid": str(uuid.uuid4()), "item": items[0]["item"], "labels": [label]}
        owner.post(f"projects/{project['id']}/annotations", {**body, "elapsed_ms": 900})
        if given % 20 == 19:
            wait(lambda: count(data, OPEN_ROUNDS, project["id"]) == 0)


def pictures(owner: Caller, project: dict[str, Any]) -> None:
    """The label page and the dashboard."""
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(path for name in names if (path := shutil.which(name)))
    args = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=args)
        context = browser.new_context(viewport=SIZE, color_scheme="light")
        context.add_cookies(
            [{"name": c.name, "value": c.value or "", "url": owner.origin} for c in owner.cookies]
        )
        page = context.new_page()
        label_page(page, f"{owner.origin}/projects/{project['id']}/label")
        page.goto(f"{owner.origin}/projects/{project['id']}/")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=HERE / "dashboard.png")


def label_page(page: Page, address: str) -> None:
    """An image that the model chose, with what it believes; audit images show nothing."""
    for _ in range(20):
        page.goto(address)
        page.locator("[data-picture]").wait_for()
        page.wait_for_timeout(500)
        if page.locator(".desk.blind").count() == 0:
            break
        page.keyboard.press("u")
        page.wait_for_timeout(500)
    page.screenshot(path=HERE / "label.png")


def count(data: Path, sql: str, *values: Any) -> Any:
    """The one value that the statement finds in the installation's database."""
    file = f"file:{data}/labeler.sqlite3?mode=ro"
    with contextlib.closing(sqlite3.connect(file, uri=True)) as database:
        found = database.execute(sql, values).fetchone()
    return found[0] if found else None


def wait(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("It took too long; see the installation's log.")
        time.sleep(0.3)


if __name__ == "__main__":
    main()
