"""docs/reference/api.md, made from the OpenAPI document."""

import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from labeler.api.document import METHODS, document
from labeler.api.sections import SECTIONS

Json = dict[str, Any]
WIDEST = 100  # characters of an example on one line
HEAD = settings.ROOT / "templates" / "api" / "reference.md"


def page() -> str:
    """The whole reference as Markdown."""
    return "\n".join([HEAD.read_text(encoding="utf-8"), *_sections()]).rstrip() + "\n"


def _sections() -> Iterator[str]:
    groups: dict[str, list[str]] = {name: [] for name in SECTIONS}
    for path, methods in document()["paths"].items():
        for method in METHODS:
            if operation := methods.get(method):
                told = "\n".join(_operation(path, method, operation))
                groups.setdefault(operation["tags"][0], []).append(told)
    for name, operations in groups.items():
        if operations:
            yield f"## {name.capitalize()}\n\n{SECTIONS.get(name, '')}\n"
            yield from operations


def _operation(path: str, method: str, operation: Json) -> Iterator[str]:
    yield f"### {operation['operationId']}\n\n`{method.upper()} {path.removeprefix('/api/v1')}`\n"
    yield f"{operation.get('description', '').strip()}\n"
    asked = [_parameter(each) for each in operation.get("parameters", ()) if each["in"] == "query"]
    if asked:
        yield f"Query: {', '.join(asked)}.\n"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield from _example("Body" if "json" in kind else f"Body, {kind}", content)
    for status, told in operation["responses"].items():
        if int(status) < 300:
            yield from _answer(status, told)


def _parameter(asked: Json) -> str:
    schema = asked["schema"]
    several = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    choices = [str(each) for one in several for each in one.get("enum", ())]
    told = f"`{asked['name']}`"
    if choices:
        told += f" ({', '.join(choices)})"
    elif asked.get("required"):
        told += " (needed)"
    elif schema.get("default") not in (None, ""):
        told += f" ({schema['default']})"
    return told


def _answer(status: object, told: Json) -> Iterator[str]:
    kinds = told.get("content", {})
    if not kinds:
        yield f"Answer {status}, {'without a body' if str(status) == '204' else 'as told above'}.\n"
    for kind, content in kinds.items():
        if "example" in content:
            yield from _example(f"Answer {status}", content)
        else:
            yield f"Answer {status}: {kind}.\n"


def _example(title: str, content: Json) -> Iterator[str]:
    value = content.get("example")
    if value is None:
        yield f"{title}.\n"
        return
    yield f"{title}:\n\n```json\n{_laid_out(value)}\n```\n"


def _laid_out(value: Any, indent: str = "") -> str:
    """JSON with what is short on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(flat) <= WIDEST or not isinstance(value, (list, dict)):
        return flat
    deeper = indent + "  "
    if isinstance(value, list):
        lines = [_laid_out(each, deeper) for each in value]
        return "[\n" + ",\n".join(deeper + line for line in lines) + f"\n{indent}]"
    lines = [f"{json.dumps(name)}: {_laid_out(each, deeper)}" for name, each in value.items()]
    return "{\n" + ",\n".join(deeper + line for line in lines) + f"\n{indent}}}"
