"""From a key press to the next picture painted, in a real Chromium on a real server.

    python benchmarks/label_latency.py [--labels 60] [--pause 0.25] [--slow 300]

Starts the web server as `manage.py up` does, on a data folder of its own with 1600 x 1200 JPEGs,
opens the label page in Chromium, and presses a label's key again and again: as a fast person would,
`--pause` seconds after the picture was painted. Then the same with a server that holds back every
answer by `--slow` milliseconds. The clock starts with the key event's own time stamp and stops when
the frame with the next picture has been drawn (its rendering steps are done); what the browser says
about the picture's presentation (Element Timing) is printed beside it.

Limits: median 17 ms (one frame), 95th percentile 50 ms, with either server; and every answer is in
the database once. Label Studio 1.23.2, measured the same way: median 870 to 1,170 ms.
"""

import argparse
import io
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread

MEDIAN, HIGH = 17.0, 50.0  # milliseconds
PEER = (870.0, 1170.0)  # milliseconds, medians of Label Studio 1.23.2
SIZE = (1600, 1200)
LABELS = 10
GIVE_UP = 30.0

# Written into the page before its own scripts: when a key was pressed, when its picture was drawn.
WATCH = """
globalThis.measured = [];
const Plain = globalThis.Image;
globalThis.Image = function (...size) {
  const picture = new Plain(...size);
  picture.setAttribute("elementtiming", "picture");
  return picture;
};
let pressed = null;
addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
addEventListener("desk:painted", ({ detail }) => {
  if (pressed === null) return;
  const one = { item: detail.item, pressed, url: detail.urls.screen };
  pressed = null;
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { one.drawn = performance.now() - one.pressed; measured.push(one); };
    port2.postMessage(0);
  });
}, true);
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const one = measured.find((each) => entry.url.endsWith(each.url) && each.shown === undefined);
    if (one && entry.renderTime) one.shown = entry.renderTime - one.pressed;
  }
}).observe({ type: "element", buffered: true });
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=60)
    parser.add_argument("--pause", type=float, default=0.25, help="seconds between two labels")
    parser.add_argument("--slow", type=int, default=300, help="milliseconds")
    parser.add_argument("--one", type=int, help="only a server that is slow by so much")
    options = parser.parse_args()
    if options.one is None:
        sys.exit(max(again(slow) for slow in (0, options.slow)))
    with tempfile.TemporaryDirectory() as data, site(Path(data), options) as (url, cookie):
        taken = measure(url, cookie, options)
        good = say(taken, options.one, stored(options.labels), options.labels)
    sys.exit(0 if good else 1)


def again(slow: int) -> int:
    """This program once more, for one server: Django is set up for one data folder only."""
    return subprocess.run([sys.executable, *sys.argv, "--one", str(slow)]).returncode


@contextmanager
def site(data: Path, options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """The address of the label page, and a session to open it with."""
    port = free_port()
    os.environ |= {
        "LABELER_DATA": str(data),
        "DJANGO_SETTINGS_MODULE": "labeler.settings",
        "LABELER_SECRET_KEY": os.environ.get("LABELER_SECRET_KEY") or secrets.token_hex(40),
        "DATABASE_URL": f"sqlite:///{data}/labeler.sqlite3",
        "SLOW_MS": str(options.one),
    }
    project, session = prepare(options.labels)
    from labeler.supervisor import programs

    command = programs.web(f"127.0.0.1:{port}")
    if options.one:
        place = command.index("labeler.wsgi:application")
        command[place] = "benchmarks.slow_site:application"
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}/projects/{project}/label", session
    finally:
        process.terminate()
        process.wait(30)


def prepare(labels: int) -> tuple[int, str]:
    """A project with pictures and a ranked queue; its id and the owner's session."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    return fill(labels)


def fill(labels: int) -> tuple[int, str]:
    from labeler.labeling import refill
    from labeler.pools import storage
    from labeler.pools.models import Image
    from labeler.projects.models import Label, Project, User

    owner = User.objects.create_superuser("owner", password=secrets.token_hex())
    project = Project.objects.create(
        name="Latency", audit_seed=1, audit_share=0.0, created_by=owner, next_row=labels + 20
    )
    made = [Label(project=project, name=f"class {n}", key=str((n + 1) % 10), place=n)
            for n in range(LABELS)]  # fmt: skip
    Label.objects.bulk_create(made)
    for row in range(labels + 20):
        storage.save_original(project, f"{row:064x}", jpeg(row))
        Image.objects.create(
            project=project, row=row, sha256=f"{row:064x}", name=f"{row}.jpg", width=SIZE[0],
            height=SIZE[1], format="JPEG", bytes=1, key=row / (labels + 20),
        )  # fmt: skip
    ids = project.labels.values_list("pk", flat=True)
    beliefs = {str(pk): 1 / LABELS for pk in ids}
    images = Image.objects.filter(project=project).order_by("row")
    ranked = [refill.Ranked(image.pk, 0.9, beliefs) for image in images]
    refill.replace(project, ranked, strategy="margin", version=1)
    return project.pk, session_of(owner)


def jpeg(seed: int) -> bytes:
    """A picture of the screen's size, some 300 KB: clouds and grain, as a camera gives."""
    rng = np.random.default_rng(seed)
    clouds = Picture.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8))
    grain = rng.normal(0, 9, (SIZE[1], SIZE[0], 1))
    pixels = np.asarray(clouds.resize(SIZE, Picture.Resampling.BICUBIC), dtype=np.float32) + grain
    file = io.BytesIO()
    Picture.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=80)
    return file.getvalue()


def session_of(user) -> str:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from labeler.projects.sessions import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


def measure(url: str, session: str, options: argparse.Namespace) -> list[dict[str, float]]:
    """One dict per label: `drawn` and, where the browser says it, `shown`, in milliseconds."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies(
            [{"name": "labeler_session", "value": session, "domain": "127.0.0.1", "path": "/"}]
        )
        page = context.new_page()
        page.add_init_script(WATCH)
        page.goto(url)
        page.get_by_text("images are ready on this device").wait_for(timeout=20_000)
        time.sleep(2)
        label(page, options)
        page.wait_for_selector('[data-outbox][data-unsent="0"]', timeout=60_000, state="attached")
        taken = page.evaluate("measured")
        browser.close()
    return taken


def label(page: Page, options: argparse.Namespace) -> None:
    for n in range(options.labels):
        page.keyboard.press(str((n + 1) % 10))
        page.wait_for_function("n => measured.length > n", arg=n, timeout=GIVE_UP * 1000)
        time.sleep(options.pause)


def stored(labels: int) -> bool:
    """Whether every answer is in the database, once."""
    from labeler.labeling.models import Annotation

    images = list(Annotation.objects.values_list("image", flat=True))
    return len(images) == len(set(images)) == labels


def say(taken: list[dict[str, float]], slow: int, complete: bool, labels: int) -> bool:
    """Print the figures of a run; whether they keep the limits."""
    drawn = sorted(one["drawn"] for one in taken)
    middle, high = statistics.median(drawn), drawn[int(0.95 * (len(drawn) - 1))]
    shown = [one["shown"] for one in taken if "shown" in one]
    print(f"\nServer {f'made {slow} ms slow' if slow else 'as it is'}, {len(drawn)} labels:")
    print(f"  key to picture drawn    median {middle:6.1f} ms   p95 {high:6.1f} ms   "
          f"max {drawn[-1]:6.1f} ms")  # fmt: skip
    if shown:
        print(f"  as the browser says it  median {statistics.median(shown):6.1f} ms   "
              f"({len(shown)} of {len(drawn)} reported)")  # fmt: skip
    ratios = " to ".join(f"{peer / middle:.0f}" for peer in PEER)
    print(f"  the peer's median is {ratios} times this")
    print(f"  every answer stored once: {'yes' if complete else 'NO'}")
    good = complete and len(drawn) == labels and middle <= MEDIAN and high <= HIGH
    print(f"  limits (median {MEDIAN:.0f}, p95 {HIGH:.0f} ms): {'kept' if good else 'NOT KEPT'}")
    return good


def wait_for(address: str) -> None:
    end = time.monotonic() + GIVE_UP
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address)
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("The server did not start.")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    main()
