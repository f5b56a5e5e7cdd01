"""An example of every body and answer, made from its schema with values as one meets them."""

from typing import Any

Json = dict[str, Any]

# What a field of this name holds where its own schema gives no example.
MET: Json = {
    "name": "Leaves", "user": "mika", "title": "leaves of may", "question": "Which disease?",
    "text": "Is this rust, @mika?", "note": "for Mika", "kind": "single", "role": "annotator",
    "strategy": "margin", "head": "logistic", "features": "efficientnet_lite0",
    "consensus": "majority", "label_adders": "admin", "state": "done", "language": "en",
    "instructions": "Look at the underside first.", "source": "s3://leaves/may", "format": "csv",
    "label": 3, "labels": [3], "key": "1", "colour": "#ff8800", "image": 17, "images": [17, 18],
    "item": 240, "items": [240, 241], "names": ["rust", "leaf rust"], "people": 2,
    "audit_share": 0.1, "audit_target": 400, "overlap": 1, "retrain_after": 50,
    "gold_share": 0.05, "suggestion_share": 1.0, "spot_check_share": 0.05, "limit": 50,
    "done": 4096, "total": 4096, "n_labels": 420, "audit_labels": 96, "bytes": 73_400_320,
    "added": 1797, "duplicates": 12, "refused": 1, "left": 1200, "score": 0.97, "low": 0.82,
    "high": 0.94, "value": 0.89, "target": 0.9, "width": 1024, "height": 768, "model_version": 12,
    "secret": "q3VnX0…", "token": "lbl_q3VnX0…", "link": "https://labeler.example/i/q3VnX0…",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "url": "https://labeler.example/hook", "urls": ["https://labeler.example/leaf.jpg"],
    "query": "state=open&predicted=3", "lines": "leaf-1.png,rust", "skip": "unsure",
    "created_at": "2026-05-04T09:30:00Z", "error": "", "errors": [], "keys": {"3": "R"},
    "thresholds": {"rust": 0.8}, "uuid": "123e4567-e89b-42d3-a456-426614174000",
    "batch": "123e4567-e89b-42d3-a456-426614174001", "files": ["leaf.jpg"],
    "detail": "There is nothing here, or not for you.", "code": "not_found",
}  # fmt: skip
PICTURE = {"name": "may/leaf-17.png"}
# The same in a schema whose name begins so.
MET_IN: Json = {
    "Label": {"name": "rust", "key": "R", "position": 1, "id": 3},
    "NewLabel": {"name": "rust", "key": "R"}, "Added": {"name": "rust"},
    "Changed": {"name": "rust", "id": 3},
    "Image": {**PICTURE, "id": 17, "names": ["may/leaf-17.png"], "state": "labeled"},
    "Own": PICTURE, "Skip": PICTURE, "Gold": PICTURE, "Dispute": PICTURE, "Sorted": PICTURE,
    "Item": PICTURE, "Like": {"name": "may/leaf-18.png", "id": 18}, "Refusal": {"name": "x.txt"},
    "Token": {"name": "nightly export"}, "NewToken": {"name": "nightly export"},
    "Me": {"name": "Mika Ito"}, "MyChange": {"name": "Mika Ito"}, "Member": {"name": "Mika Ito"},
    "Account": {"name": "Mika Ito"}, "View": {"name": "open, rust likely"},
    "NewView": {"name": "open, rust likely"}, "Project": {"images": 1797},
    "Answer": {"labels": ["rust"], "label_ids": [3]},
}  # fmt: skip
_FIGURE = {"value": 0.89, "low": 0.82, "high": 0.94}
# Answers whose schema says only that they are objects, by operation.
ANSWERS: Json = {
    "metrics": {
        "model_version": 12, "n_labels": 420, "sample": "audit", "audit_labels": 96,
        "audit_images": 400, "audit_skipped": 1, "audit_unscored": 0, "number_from": 20,
        "threshold": None, "macro_f1": _FIGURE, "accuracy": _FIGURE,
        "labels": [{"id": 3, "name": "rust", "tp": 30, "fp": 3, "fn": 4, "support": 34,
                    "threshold": 0.5, "too_few": False, "precision": _FIGURE, "recall": _FIGURE,
                    "f1": _FIGURE, "average_precision": _FIGURE}],
        "confusion": {"truth": [3], "predicted": [3, None], "counts": [[30, 4]]},
        "overall": {}, "cross_validated": None, "still_unlabeled": None, "confused": None,
        "calibration": None, "test_split": None,
    },
    "import_report": {
        "refused_files": [{"file": "notes.txt", "why": "This is no image.",
                           "what_to_do": "Leave it out.", "code": "not_an_image"}],
        "notes": [], "duplicate_files": [{"file": "a.jpg", "equals": "b.jpg", "image": 17}],
    },
    "list_uploads": {"name": "may.zip", "fingerprint": "may.zip-7340032"},
}  # fmt: skip
UNSET = frozenset({  # null where that is allowed, as usual
    "next", "archived_at", "merged_into", "revoked_at", "finished_at", "resolved_at",
    "resolved_by", "seen_at", "skip", "now", "suggestion", "empty", "ended", "errors",
})  # fmt: skip
LONGEST_LIST = 1
DEEPEST = 8


def add(document: Json) -> None:
    """Give every body and every good JSON answer of the document its example."""
    parts = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            known = ANSWERS.get(operation["operationId"])
            good = [r for s, r in operation["responses"].items() if int(s) < 400]
            for told in (operation.get("requestBody", {}), *good):
                for kind, content in told.get("content", {}).items():
                    if "json" in kind or "form" in kind:
                        made = of(content.get("schema", {}), parts)
                        content.setdefault("example", known or made)


def of(schema: Json, parts: Json, name: str = "", depth: int = 0) -> Any:
    """A value that fits the schema."""
    schema = _resolved(schema, parts)
    if "example" in schema:
        return schema["example"]
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return MET[name] if MET.get(name) in schema["enum"] else schema["enum"][0]
    if name in MET and _fits(MET[name], schema, parts):
        return MET[name]
    return _made(schema, parts, name, depth)


def _made(schema: Json, parts: Json, name: str, depth: int) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, parts, depth)
    if kind == "array":
        count = max(schema.get("minItems", 0), 0 if depth > DEEPEST else LONGEST_LIST)
        each = of(schema.get("items", {}), parts, name.removesuffix("s"), depth + 1)
        return [each] * count
    if kind == "string":
        return _string(schema)
    if kind in ("integer", "number"):
        return _number(schema)
    if kind == "boolean":
        return schema.get("default", False)
    return None if kind == "null" else {}


def _object(schema: Json, parts: Json, depth: int) -> Json:
    owner = schema.get("title", "")
    found = {
        name: _field(owner, name, field, parts, depth)
        for name, field in schema.get("properties", {}).items()
    }
    extra = schema.get("additionalProperties")
    if not found and isinstance(extra, dict) and extra:
        found["3"] = of(extra, parts, "", depth + 1)
    return found


def _field(owner: str, name: str, schema: Json, parts: Json, depth: int) -> Any:
    if name in UNSET and any(each.get("type") == "null" for each in schema.get("anyOf", ())):
        return None
    met = _met(owner, name, schema, parts)
    return of(schema, parts, name, depth + 1) if met is None else met


def _met(owner: str, name: str, schema: Json, parts: Json) -> Any:
    """What the field of this schema usually holds; None if nothing is known or fits."""
    for begin in sorted(MET_IN, key=len, reverse=True):
        if owner.startswith(begin) and name in MET_IN[begin]:
            value = MET_IN[begin][name]
            if _fits(value, _resolved(schema, parts), parts):
                return value
    return None


def _string(schema: Json) -> str:
    made = {"date-time": "2026-05-04T09:30:00Z", "uuid": MET["uuid"], "binary": "…"}
    found = str(made.get(schema.get("format", ""), schema.get("default", "")))
    return found or ("rust"[: schema.get("maxLength", 4)] if schema.get("minLength") else found)


def _number(schema: Json) -> float:
    if isinstance(schema.get("default"), (int, float)):
        return float(schema["default"]) if schema["type"] == "number" else int(schema["default"])
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    if schema["type"] == "integer":
        return int(max(low, min(3, schema.get("maximum", 3))))
    return float(max(low, min(0.9, schema.get("maximum", 0.9))))


def _resolved(schema: Json, parts: Json) -> Json:
    """The schema itself behind references; of several, the first that is not null."""
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema and "type" not in schema:
            first = next(s for s in schema[several] if s.get("type") != "null")
            return {**_resolved(first, parts), **_rest(schema, several)}
    if "$ref" in schema:
        found = _resolved(parts[schema["$ref"].rsplit("/", 1)[1]], parts)
        return {**found, **_rest(schema, "$ref")}
    return schema


def _rest(schema: Json, without: str) -> Json:
    return {name: value for name, value in schema.items() if name not in (without, "title")}


KINDS = {"string": str, "integer": int, "number": (int, float), "array": list, "object": dict}


def _fits(value: Any, schema: Json, parts: Json) -> bool:
    """Whether a value as one meets it has the schema's type, down to the items of a list."""
    kind = schema.get("type")
    if kind not in KINDS or not isinstance(value, KINDS[kind]):  # type: ignore[arg-type]
        return False
    if kind == "string":
        return not schema.get("format") and len(value) <= schema.get("maxLength", len(value))
    if kind == "array":
        inner = _resolved(schema.get("items", {}), parts)
        return len(value) <= schema.get("maxItems", 99) and all(
            _fits(each, inner, parts) for each in value
        )
    if kind == "object":
        extra = schema.get("additionalProperties")
        inner = _resolved(extra, parts) if isinstance(extra, dict) else {}
        return bool(inner) and all(_fits(each, inner, parts) for each in value.values())
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
