"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client(request: HttpRequest) -> str:
    """The address of whoever asks; "" where nothing tells it.

    Behind a proxy it is what the proxy added to `X-Forwarded-For`: the entry counted from the end,
    one for each proxy. What stands before it was sent by the client, who may write anything.
    """
    if settings.BEHIND_PROXY:
        told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if len(told) >= settings.PROXIES and (found := _plain(told[-settings.PROXIES])):
            return found
    return _plain(request.META.get("REMOTE_ADDR", ""))


def _plain(told: str) -> str:
    """The address without its port, in one spelling; "" for anything else."""
    told = told.strip()
    bare = told[1:].partition("]")[0] if told.startswith("[") else told
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return ""
