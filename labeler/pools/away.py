"""A bucket that does not answer, or not to us: one name for the errors of every cloud's library."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpResponse
from django.utils.translation import gettext as _

LIBRARIES = ("botocore", "boto3", "urllib3", "requests", "google", "azure")
RETRY_SECONDS = 30


class StorageAway(Exception):
    """The storage of the originals cannot be reached, or refuses us."""


@contextmanager
def told() -> Iterator[None]:
    """Raises StorageAway for what a cloud's library raises; what is gone stays an OSError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        if type(error).__module__.split(".")[0] in LIBRARIES:
            raise StorageAway(f"{type(error).__name__}: {error}"[:500]) from error
        raise


def answer() -> HttpResponse:
    """503 in words that name no host."""
    words = _("The storage of the images does not answer. Labels are kept; try again in a minute.")
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    return HttpResponse(
        words, status=503, content_type="text/plain; charset=utf-8", headers=headers
    )
