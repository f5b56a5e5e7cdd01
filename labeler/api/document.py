"""The OpenAPI document: what ninja knows of the operations, and what holds for all of them."""

import copy
from functools import lru_cache
from typing import Any

from labeler.api import api, examples, repeating
from labeler.api.sections import SECTIONS

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
CONDITIONAL = frozenset({"change_project", "delete_project", "change_label"})  # heed If-Match
TAG = {"ETag": {"description": "Of this answer.", "schema": {"type": "string"}}}
UNCHANGED = {"description": "The caller has this answer already.", "headers": TAG}


@lru_cache(1)  # a third of a second's work, and always the same
def document() -> Json:
    """The OpenAPI document of version 1; not to be changed."""
    found: Json = copy.deepcopy(dict(api.get_openapi_schema()))
    found["tags"] = [{"name": name, "description": words} for name, words in SECTIONS.items()]
    for methods in found["paths"].values():
        for method, operation in methods.items():
            _tell(method, operation)
    examples.add(found)
    return found


def _tell(method: str, operation: Json) -> None:
    """What is not the operation's own business: tags of answers, repeats."""
    name = operation["operationId"]
    good = operation["responses"].get(200, {})
    if method == "get" and "application/json" in good.get("content", {}):
        _header(operation, "If-None-Match", "An ETag: 304 if the answer has not changed.")
        operation["responses"][304] = UNCHANGED
        good["headers"] = TAG
    if name in CONDITIONAL:
        words = "The ETag that was read: 412 if somebody has changed it since."
        _header(operation, "If-Match", words)
    if repeating.takes_key(method.upper(), name):
        words = "Fresh for each request; sent again with the same body, it gives the same answer."
        _header(operation, repeating.HEADER, words, maxLength=255, minLength=1)


def _header(operation: Json, name: str, words: str, **limits: int) -> None:
    schema = {"type": "string", **limits}
    told = {"in": "header", "name": name, "required": False, "schema": schema}
    operation.setdefault("parameters", []).append({**told, "description": words})
