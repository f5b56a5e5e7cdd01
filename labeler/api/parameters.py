"""Query parameters: only known ones, each at most once."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from labeler.http import refusal

Run = Callable[..., HttpResponseBase]


def known_parameters_only(run: Run, models: list[Any]) -> Run:
    """Refuse what the operation does not know, instead of ignoring it.

    Filters that are passed on unseen have let strangers search through password hashes.
    """
    known = {
        name
        for model in models
        if model.__ninja_param_source__ == "query"
        for name in model.__ninja_flatten_map__
    }

    def checked(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        unknown = set(request.GET) - known
        if unknown:
            told = ", ".join(sorted(known)) or "none"
            words = f"There is no such query parameter here. Known: {told}."
            return refusal(request, 400, "unknown_parameter", words)
        if any(len(values) > 1 for _, values in request.GET.lists()):
            return refusal(request, 400, "repeated_parameter", "Send each parameter once.")
        return run(request, **kwargs)

    return checked
