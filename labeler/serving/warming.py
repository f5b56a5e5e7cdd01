"""Warm before ready: a service that starts loads the models that were asked for lately first."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import connections
from django.utils import timezone

from labeler.serving import answering, counting
from labeler.serving.shelf import MOST, NoModel
from labeler.training import canary

log = logging.getLogger(__name__)
LATELY = timedelta(days=7)
PAUSE = 5.0  # seconds between two additions to the counts in the database
# The network's thread takes the interpreter's lock again after each of some hundred operations, and
# must not wait 5 ms each time for a thread that reads a request.
SWITCH = 0.0005  # seconds
_warm = threading.Event()


def begin() -> None:
    """Load in a thread, while requests may come already; then keep the counts."""
    sys.setswitchinterval(SWITCH)
    threading.Thread(target=_work, daemon=True, name="warming").start()


def is_warm() -> bool:
    """Whether the models that were asked for lately are in memory, or known to be unusable."""
    return _warm.is_set()


def warm() -> None:
    """Load the serving versions that were asked for lately."""
    for project in reversed(canary.asked_lately(MOST, timezone.now() - LATELY)):
        try:
            answering.shelf().serving(project)
        except NoModel:
            continue
        except Exception:
            log.exception("The model of project %s cannot be loaded.", project.pk)
    _warm.set()


def _work() -> None:
    while not _warm.is_set():
        _tried(warm)
        time.sleep(0 if _warm.is_set() else PAUSE)
    while True:
        time.sleep(PAUSE)
        _tried(counting.flush)


def _tried(step: Callable[[], None]) -> None:
    try:
        step()
    except Exception:
        log.exception("The database does not answer; it is asked again.")
    finally:
        connections.close_all()
