"""Read JSON bodies without surprises."""

import json
from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser

NOT_JSON = "Send JSON, with Content-Type: application/json."


class JsonParser(Parser):
    """Bodies must say that they are JSON, and be it."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise ValueError(NOT_JSON)  # `errors` finds out why, and answers 415
        return read_json(request.body)


def read_json(body: bytes) -> Any:
    """The value of a JSON text in UTF-8. Raises ValueError, also for NaN and endless nesting."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("The JSON is nested too deep.") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON.")


def json_body(request: HttpRequest) -> Any:
    """The body as JSON. Raises HttpError 415 or 400 with what to do."""
    if request.content_type != "application/json":
        raise HttpError(415, NOT_JSON)
    try:
        return read_json(request.body)
    except ValueError as error:
        raise HttpError(400, "The body is not JSON. Check it and send it again.") from error
