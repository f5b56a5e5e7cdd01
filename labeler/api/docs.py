"""The OpenAPI document, and a page that shows it in plain HTML: no script from elsewhere."""

import json
from functools import lru_cache
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeler.api import etags
from labeler.api.auth import caller
from labeler.api.document import METHODS, document

Json = dict[str, Any]


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The document, for a session or a token."""
    if not caller(request).is_authenticated:
        told = {"detail": "Sign in, or send a token.", "code": "not_signed_in"}
        return JsonResponse(told, status=401, headers={"WWW-Authenticate": "Bearer"})
    body = HttpResponse(_as_sent(), content_type="application/json")
    found = etags.conditional(request, body)
    assert isinstance(found, HttpResponse)
    return found


@lru_cache(1)
def _as_sent() -> bytes:
    return json.dumps(document()).encode()


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every operation with its parameters, body and answers."""
    found = document()
    parts = found["components"]["schemas"]
    groups: dict[str, list[Json]] = {}
    for path, methods in found["paths"].items():
        for method in METHODS:
            if operation := methods.get(method):
                shown = _shown(path, method, operation, parts)
                groups.setdefault(operation["tags"][0], []).append(shown)
    return render(request, "api/docs.html", {"groups": groups, "info": found["info"]})


def _shown(path: str, method: str, operation: Json, parts: Json) -> Json:
    summary, _, rest = operation.get("description", "").partition("\n")
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": summary,
        "description": rest.strip(),
        "parameters": [_field(p["name"], p["schema"], p.get("required")) | {"in": p["in"]}
                       for p in operation.get("parameters", [])],
        "bodies": _bodies(operation.get("requestBody", {}), parts),
        "answers": _answers(operation["responses"], parts),
    }  # fmt: skip


def _bodies(body: Json, parts: Json) -> list[Json]:
    return [
        {"kind": kind, "fields": _fields(content["schema"], parts)}
        for kind, content in body.get("content", {}).items()
    ]


def _answers(responses: dict[Any, Any], parts: Json) -> list[Json]:
    good = {status: told for status, told in responses.items() if int(status) < 400}
    shown = []
    for status, told in good.items():
        for kind, content in (told.get("content") or {"": {}}).items():
            fields = _fields(content.get("schema", {}), parts)
            shown.append({"status": status, "kind": kind, "fields": fields})
    return shown


def _fields(schema: Json, parts: Json) -> list[Json]:
    schema = _resolved(schema, parts)
    needed = schema.get("required", [])
    return [
        _field(name, _resolved(field, parts), name in needed)
        for name, field in schema.get("properties", {}).items()
    ]


def _resolved(schema: Json, parts: Json) -> Json:
    """The schema itself behind a reference; of several, the first."""
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema and "type" not in schema:
            return {**_resolved(schema[several][0], parts), **_rest(schema, several)}
    if "$ref" in schema:
        return {**parts[schema["$ref"].rsplit("/", 1)[1]], **_rest(schema, "$ref")}
    return schema


def _rest(schema: Json, without: str) -> Json:
    return {name: value for name, value in schema.items() if name != without}


def _field(name: str, schema: Json, required: Any) -> Json:
    kind = schema.get("type") or " or ".join(
        s.get("type", "object") for s in schema.get("anyOf", [])
    )
    return {
        "name": name,
        "kind": kind,
        "required": bool(required),
        "choices": schema.get("enum"),
        "default": schema.get("default"),
    }
