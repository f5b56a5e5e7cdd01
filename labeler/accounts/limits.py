"""How many wrong passwords are too many: django-axes, with two limits more.

Axes counts per name and address. Whoever has many addresses meets the limit per name, whoever
tries one password on many names the limit per address. All of them end by themselves.
"""

from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessFailureLog
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from labeler.accounts import addresses

HOUR = timedelta(hours=1)


class Limits(AxesDatabaseHandler):  # type: ignore[misc]
    """`settings.AXES_HANDLER`."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Whether this attempt is refused before the password is looked at."""
        locked = super().is_locked(request, credentials) or _too_many(request, credentials)
        if locked:
            # so that nothing is counted while it lasts
            request.axes_locked_out = True  # type: ignore[attr-defined]
        return locked


def _too_many(request: HttpRequest, credentials: dict[str, Any] | None) -> bool:
    lately = AccessFailureLog.objects.filter(attempt_time__gt=timezone.now() - HOUR)
    name, address = get_client_username(request, credentials), addresses.client(request)
    of_name = lately.filter(username=name).count() if name else 0
    of_address = lately.filter(ip_address=address).count() if address else 0
    return of_name >= settings.FAILURES_PER_NAME or of_address >= settings.FAILURES_PER_ADDRESS
