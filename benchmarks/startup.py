"""From `manage.py up` in an empty data folder to a labelable page: where the time goes.

    python benchmarks/startup.py [--runs 3]

The limit is 20 s for everything that is not package installation. A run ends when the owner, signed
in by the printed link, is given an image to label by the API and has that image's bytes. A second
start on the same folder is measured too. The last line: the slowest run as a ratio of the limit.
"""

import argparse
import http.cookiejar
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 20.0  # seconds
GIVE_UP = 180.0
STEP = re.compile(r"^  (\S.*?)\s+([\d.]+) s$")
LINK = re.compile(r"http://\S+/sign-in/\S+")
FOREIGN = ("DATABASE_URL", "CELERY_BROKER_URL", "LABELER_STORAGE_URL")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=3)
    runs = arguments.parse_args().runs
    firsts = []
    for number in range(1, runs + 1):
        with tempfile.TemporaryDirectory() as data:
            first, steps = measure(Path(data))
            again, _ = measure(Path(data))
        firsts.append(first)
        parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in steps)
        print(f"run {number}: {first:.1f} s to a labelable image ({parts}); again {again:.1f} s")
    slowest = max(firsts)
    print(f"slowest {slowest:.1f} s of {LIMIT:.0f} s: ratio {slowest / LIMIT:.2f}")
    sys.exit(slowest > LIMIT)


def measure(data: Path) -> tuple[float, list[tuple[str, float]]]:
    """Seconds until an image is there to be labeled, and what `up` says of its steps."""
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment |= {"LABELER_DATA": str(data), "LABELER_PORT": "0", "PYTHONUNBUFFERED": "1"}
    began = time.monotonic()
    up = subprocess.Popen(
        [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        steps, link = _until_link(iter(up.stdout or []))
        _first_image(link, began)
        return time.monotonic() - began, steps
    finally:
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=60)


def _until_link(lines: Iterator[str]) -> tuple[list[tuple[str, float]], str]:
    steps, said = [], []
    for line in lines:
        said.append(line)
        if step := STEP.match(line):
            steps.append((step[1], float(step[2])))
        if link := LINK.search(line):
            return steps, link[0]
    sys.exit("It ended without a link:\n" + "".join(said))


def _first_image(link: str, began: float) -> None:
    """Sign in, claim an image, fetch it: what the label page does."""
    cookies = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    origin = link.split("/sign-in/")[0]
    browser.open(link).read()
    projects = json.load(browser.open(f"{origin}/api/v1/projects"))
    (project,) = projects["items"]
    browser.open(f"{origin}/projects/{project['id']}/label").read()
    token = next(cookie.value for cookie in cookies if cookie.name == "csrftoken")
    while time.monotonic() - began < GIVE_UP:
        claim = urllib.request.Request(
            f"{origin}/api/v1/projects/{project['id']}/queue/claim",
            data=b'{"count": 1}',
            headers={"Content-Type": "application/json", "X-CSRFToken": token or ""},
        )
        if items := json.load(browser.open(claim))["items"]:
            picture = browser.open(f"{origin}{items[0]['urls']['screen']}").read()
            assert picture, "The image has no bytes."
            return
        time.sleep(0.1)
    sys.exit(f"No image could be labeled within {GIVE_UP:.0f} s.")


if __name__ == "__main__":
    main()
