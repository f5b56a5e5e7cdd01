"""A site that really runs, and a browser that looks at it."""

import contextlib
import os
import signal
import socket
import time
import urllib.request

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from playwright.sync_api import Locator, expect, sync_playwright

from labeler.pools import storage
from labeler.pools.models import Image
from tests import elsewhere
from tests.browser.chromium import launch
from tests.conftest import picture

# Playwright keeps an event loop in this thread; the database is used here all the same.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
EXPECTED = ("net::ERR_INTERNET_DISCONNECTED", "net::ERR_FAILED", "net::ERR_ABORTED")


DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
expect.set_options(timeout=15_000)  # a busy machine is slow, not wrong


@pytest.fixture
def page(request):
    """A tab on a desktop or the given device. Any error of the page's scripts fails the test."""
    with sync_playwright() as playwright, launch(playwright) as browser:
        context = browser.new_context(**getattr(request, "param", DESKTOP))
        tab = context.new_page()
        tab.broken = watch(tab)
        yield tab
        connections.close_all()  # the event loop has a connection of its own
        assert tab.broken == []


def watch(tab):
    """The list of errors that the page's scripts and its console report from now on."""
    broken = []
    press_when_read(tab)
    tab.on("pageerror", lambda error: broken.append(str(error.stack or error)))

    def listen(message):
        if message.type == "error" and not any(words in message.text for words in EXPECTED):
            broken.append(f"{message.text} {message.location.get('url', '')}")

    tab.on("console", listen)
    return broken


def press_when_read(tab):
    """Hold key presses until the page's scripts ran; a person does not press in that moment."""
    press = tab.keyboard.press

    def patient(key, **options):
        tab.wait_for_load_state("domcontentloaded")  # module scripts run before it
        press(key, **options)

    tab.keyboard.press = patient


def patient(act):
    """The same for what is done to a part of the page."""

    def wait(self, *given, **options):
        self.page.wait_for_load_state("domcontentloaded")
        return act(self, *given, **options)

    return wait


for each in ("press", "press_sequentially", "click", "tap", "fill", "check"):
    setattr(Locator, each, patient(getattr(Locator, each)))


def store_images(project, count):
    """So many images with files, by row; none of them in the audit sample."""
    for row in range(count):
        data, sha256 = picture(row, (320, 240)), f"{row:064x}"
        storage.save_original(project, sha256, data)
        Image.objects.create(
            project=project, row=row, sha256=sha256, name=f"leaf-{row}.png", width=320, height=240,
            format="PNG", bytes=len(data), key=row / count,
        )  # fmt: skip


class Site:
    """A web server in a process of its own, on the test's data."""

    def __init__(self, folder):
        self.folder = folder
        self.address = f"http://127.0.0.1:{free_port()}"

    def start(self):
        """Start on what the test has stored so far, and wait until it answers."""
        self.env = elsewhere.environment(self.folder) | {"LABELER_DEBUG": "1"}
        self.run()

    def run(self):
        """Start, or start again, on what is there."""
        arguments = (
            "-m", "gunicorn", "labeler.wsgi", "--bind", self.address.removeprefix("http://"),
            "--worker-class", "gthread", "--threads", "8", "--log-level", "warning",
        )  # fmt: skip
        self.process = elsewhere.python(*arguments, env=self.env, own_group=True)
        until(lambda: urllib.request.urlopen(f"{self.address}/healthz").status == 200)

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=20)

    def kill(self):
        """As when the power goes: no goodbye to anybody."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=20)

    def data(self):
        """Let the test see what the site wrote."""
        elsewhere.bring_back(self.folder)


def free_port():
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


def until(true, seconds=20.0):
    """Wait until `true()` is; it may fail with a refused connection until then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if true():
                return
        time.sleep(0.05)
    pytest.fail(f"Not true after {seconds} s.")


def sign_in(page, site, user):
    """Give the tab a session of the user; call it before the site starts."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "labeler.projects.sessions.Backend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    cookie = {"name": "labeler_session", "value": session.session_key, "url": site.address}
    page.context.add_cookies([cookie])
