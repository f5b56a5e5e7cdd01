"""How many requests a minute a token, or a signed-in person, may make.

Counted in this process, without the database: with several web processes a caller who spreads
requests over all of them may make that many times as many. Nobody gets less than the setting.
"""

import time
from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

from django.conf import settings
from django.utils.translation import gettext as _
from ninja.errors import HttpError

MOST_CALLERS = 10_000  # remembered; whoever was silent longest is forgotten first


class TooFast(HttpError):
    """The caller has made too many requests; `seconds` later there is room for one again."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        words = _("Too many requests. Wait %(n)s s, then go on more slowly.") % {"n": seconds}
        super().__init__(429, words)


_left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # caller: requests left, as of
_lock = Lock()


def spend(caller: Hashable) -> None:
    """Take one request off what the caller has left: a bucket that fills evenly. Raises TooFast."""
    most = settings.API_RATE
    if not most:
        return
    now = time.monotonic()
    with _lock:
        left, since = _left.pop(caller, (float(most), now))
        left = min(most, left + (now - since) * most / 60)
        _left[caller] = (left - 1 if left >= 1 else left, now)
        if len(_left) > MOST_CALLERS:
            _left.popitem(last=False)
    if left < 1:
        raise TooFast(int((1 - left) * 60 / most) + 1)


def forget() -> None:
    """Everybody starts afresh."""
    with _lock:
        _left.clear()
