"""The documentation names every setting and every command, and its links lead somewhere."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
READERS = {
    "text", "boolean", "choice", "integer", "words", "folder", "folders", "url", "location",
    "origin", "password", "get", "getenv",
}  # fmt: skip
NAME = re.compile(r"^(LABELER|CELERY|DATABASE)_[A-Z_]+$|^CI$")


def variables(source: str) -> set[str]:
    """The environment variables that Python code reads."""
    return {
        node.args[0].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in READERS
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and NAME.match(node.args[0].value)
    }


def read_by_the_program() -> set[str]:
    files = [
        file
        for top in ("labeler", "ml", "tests", "benchmarks")
        for file in (ROOT / top).rglob("*.py")
    ]
    return set().union(*(variables(file.read_text(encoding="utf-8")) for file in files))


def commands() -> set[str]:
    files = (ROOT / "labeler").rglob("management/commands/*.py")
    return {file.stem for file in files if not file.stem.startswith("_")}


def test_every_setting_is_explained():
    found = read_by_the_program()
    assert {"LABELER_DATA", "DATABASE_URL", "CELERY_BROKER_URL"} <= found
    page = (ROOT / "docs/reference/settings.md").read_text()
    assert {name for name in found if f"`{name}`" not in page} == set()


def test_every_explained_setting_exists():
    page = (ROOT / "docs/reference/settings.md").read_text()
    named = set(re.findall(r"^\| `((?:LABELER|CELERY|DATABASE)_[A-Z_]+)`", page, re.M))
    shell = "".join(
        file.read_text() for file in [*(ROOT / "tools").iterdir(), ROOT / ".ci" / "run"]
    )
    assert {name for name in named - read_by_the_program() if name not in shell} == set()


def test_every_strategy_is_listed():
    from ml import strategies

    page = (ROOT / "docs/reference/strategies.md").read_text()
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.M)) == sorted(strategies.ALL)


def test_every_command_is_named():
    page = (ROOT / "docs/reference/commands.md").read_text()
    named = {words.split()[0] for words in re.findall(r"^\| `(\w[^`]*)`", page, re.M)}
    assert commands() <= named
    assert named <= commands() | {"make"}


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_anchors_exist(page):
    text = page.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", text):
        there = (page.parent / target if target else page).read_text(encoding="utf-8")
        headings = re.findall(r"^#+ (.+)$", there, re.M)
        assert anchor in {
            re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings
        }


def test_the_check_finds_a_setting_that_nobody_explained():
    assert variables('from labeler import env\nenv.integer("LABELER_NEW_THING", 1)') == {
        "LABELER_NEW_THING"
    }
