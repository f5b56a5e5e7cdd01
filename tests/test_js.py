"""The pure parts of the scripts, run by Node's own test runner."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_scripts_keep_their_promises():
    node = shutil.which("node")
    if node is None:
        words = "Node is not installed; it runs the tests of the scripts."
        pytest.fail(words) if os.environ.get("CI") == "true" else pytest.skip(words)
    files = sorted(str(file) for file in (ROOT / "tests" / "js").glob("*.test.js"))
    ran = subprocess.run([node, "--test", *files], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
