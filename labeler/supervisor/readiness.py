"""Whether what was started can be used yet."""

import http.client
from urllib.parse import urlsplit

from labeler.labeling.models import QueueItem


def web(address: str) -> bool:
    """Whether the web server answers at `address` (scheme, host and port)."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=0.5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def first_image() -> bool:
    """Whether some image waits for a person."""
    return QueueItem.objects.exists()
