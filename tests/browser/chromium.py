"""A real Chromium for tests: the system's own, started the way a test machine allows."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def launch(playwright):
    """Chromium without a window; a skip where there is none, a failure on a CI machine."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        words = "Chromium is not installed: sudo apt install chromium"
        pytest.fail(words) if os.environ.get("CI") == "true" else pytest.skip(words)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=found, args=[*QUIET, *sandbox])
