"""The document tells everything by example, and the printed reference is the document's."""

from pathlib import Path

import jsonschema_rs
import pytest

from labeler.api.document import document
from labeler.api.reference import page
from labeler.api.sections import SECTIONS

ROOT = Path(__file__).parents[2]
OPERATIONS = {
    operation["operationId"]: (method, operation)
    for methods in document()["paths"].values()
    for method, operation in methods.items()
}


def contents(operation):
    bodies = operation.get("requestBody", {}).get("content", {})
    yield from ((f"body {kind}", kind, told) for kind, told in bodies.items())
    for status, answer in operation["responses"].items():
        if int(status) < 400:
            for kind, told in answer.get("content", {}).items():
                yield f"{status} {kind}", kind, told


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_body_and_answer_has_an_example_that_fits(name):
    _, operation = OPERATIONS[name]
    parts = document()["components"]
    for where, kind, told in contents(operation):
        if "json" in kind and "jsonl" not in kind:
            assert "example" in told, where
            schema = {**told.get("schema", {}), "components": parts}
            jsonschema_rs.validate(schema, told["example"])


def test_every_operation_is_described_in_a_section():
    for name, (_, operation) in OPERATIONS.items():
        assert operation.get("description"), name
        assert set(operation["tags"]) <= set(SECTIONS), name


def test_every_list_goes_on_by_a_cursor_within_bounds():
    for name, (method, operation) in OPERATIONS.items():
        asked = {each["name"]: each["schema"] for each in operation.get("parameters", ())}
        if method == "get" and "limit" in asked and "cursor" in asked:
            assert asked["limit"]["minimum"] == 1, name
            assert asked["limit"]["maximum"] <= 5_000, name
            assert "maxLength" in asked["cursor"], name


def test_the_printed_reference_is_current():
    told = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    assert told == page(), "Run `python manage.py api_reference` and commit what it wrote."
