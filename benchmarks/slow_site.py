"""The site, each answer held back by SLOW_MS milliseconds: for `label_latency.py`."""

import os
import time

from labeler.wsgi import application as at_once

DELAY = int(os.environ.get("SLOW_MS", "300")) / 1000


def application(environ, start_response):
    time.sleep(DELAY)
    return at_once(environ, start_response)
