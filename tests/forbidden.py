"""Constructs that let foreign bytes run, read from the source of Python and of templates."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

UNSAFE_MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
}
UNSAFE_CALLS = {"eval", "exec", "mark_safe", "SafeString", "extractall", "system", "popen"}
NEVER_TRUE = {"allow_pickle": "np.load of objects", "shell": "a shell"}
IN_TEMPLATES = {
    r"\|\s*safe(seq)?\b": "|safe",
    r"\bautoescape\s+off\b": "autoescape off",
    r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>": "an inline script",
    r"<[^>]*\son[a-z]+\s*=": "an inline event handler",
    r"<[^>]*\sstyle\s*=": "an inline style",
    r"javascript:": "a javascript: address",
}
IN_SCRIPTS = {
    r"\beval\s*\(": "eval",
    r"\bnew\s+Function\s*\(": "new Function",
    r"\bdocument\.write\s*\(": "document.write",
}


def in_python(file: Path) -> Iterator[str]:
    """What is wrong in a Python file, a line each."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        words = _wrong(node)
        if words:
            yield f"{file}:{node.lineno} has {words}"  # type: ignore[attr-defined]


def in_text(file: Path, patterns: dict[str, str]) -> Iterator[str]:
    """What is wrong in a template or a script, a line each."""
    text = file.read_text(encoding="utf-8")
    for pattern, words in patterns.items():
        for found in re.finditer(pattern, text):
            yield f"{file}:{text.count(chr(10), 0, found.start()) + 1} has {words}"


def _wrong(node: ast.AST) -> str:
    if isinstance(node, ast.Import):
        return _unsafe_module(alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return _unsafe_module([node.module or ""])
    return _wrong_call(node) if isinstance(node, ast.Call) else ""


def _unsafe_module(names: Iterator[str] | list[str]) -> str:
    return next((f"import {name}" for name in names if name.split(".")[0] in UNSAFE_MODULES), "")


def _wrong_call(call: ast.Call) -> str:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    owner = getattr(getattr(call.func, "value", None), "id", "")
    given = {word.arg: getattr(word.value, "value", None) for word in call.keywords}
    if name in UNSAFE_CALLS and not (name == "eval" and isinstance(call.func, ast.Attribute)):
        return f"{name}()"
    if name == "load" and owner == "torch" and given.get("weights_only") is not True:
        return "torch.load() that may unpickle"
    if name == "load" and owner == "yaml":
        return "yaml.load()"
    return next((words for word, words in NEVER_TRUE.items() if given.get(word) is True), "")
