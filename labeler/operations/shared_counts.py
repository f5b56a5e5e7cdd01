"""The folder in which the processes of one web server share what they count, while it runs.

prometheus_client reads the variable when it is loaded, so `share` comes before.
"""

import atexit
import os
import shutil
import tempfile

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def share() -> None:
    """Name a fresh folder to this process and its children; it goes when this process ends."""
    if not os.environ.get(FOLDER):
        made = tempfile.mkdtemp(prefix="labeler-counts-")
        os.environ[FOLDER] = made
        atexit.register(_clear, made, os.getpid())


def _clear(made: str, owner: int) -> None:
    if os.getpid() == owner:  # the children inherited the duty, but not the right
        shutil.rmtree(made, ignore_errors=True)
