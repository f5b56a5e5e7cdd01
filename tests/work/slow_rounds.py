"""Included by a test's worker: a round waits before it publishes, as long as a file is there.

The file may name the project whose rounds wait; empty, all do.
"""

import os
import time
from pathlib import Path

from labeler.training import running

HOLD = Path(os.environ["LABELER_DATA"]) / "hold"
AT_IT = Path(os.environ["LABELER_DATA"]) / "at-it"
publish = running._publish


def held(work, *arguments):
    AT_IT.write_text(str(os.getpid()))
    while HOLD.exists() and HOLD.read_text() in ("", str(work.project.pk)):
        time.sleep(0.05)
    return publish(work, *arguments)


running._publish = held
