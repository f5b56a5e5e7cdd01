"""Whether what was started can be used yet."""

import http.client
from urllib.parse import urlsplit

from labeler.labeling.models import QueueItem
from labeler.serving import place


def web(address: str) -> bool:
    """Whether the web server answers at `address` (scheme, host and port)."""
    return _is_ok(address, "/healthz")


def predictions() -> bool:
    """Whether the prediction service is warm."""
    try:
        return _is_ok(place.address(), "/readyz")
    except place.Away:
        return False


def _is_ok(address: str, path: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=0.5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def first_image() -> bool:
    """Whether some image waits for a person."""
    return QueueItem.objects.exists()
