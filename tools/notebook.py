"""Make docs/how-to/notebook.ipynb of the page of that name: its words and cells, no outputs."""

import json
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "how-to" / "notebook.md"
FENCE = re.compile(r"```python\n(.*?)```\n", re.S)


def cells(text: str) -> list[str]:
    """The code of the page, a cell each."""
    return FENCE.findall(text)


def notebook(text: str) -> str:
    """The page as a notebook, as text."""
    parts = FENCE.split(text)  # words and code by turns
    made = [_cell("code" if at % 2 else "markdown", part) for at, part in enumerate(parts)]
    about = {"language_info": {"name": "python"}}
    whole = {"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, text: str) -> dict[str, object]:
    name = re.sub(r"\W+", "-", text.strip()[:24]).strip("-").lower()
    cell = {"cell_type": kind, "id": name, "metadata": {}, "source": text.strip().splitlines(True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


if __name__ == "__main__":
    PAGE.with_suffix(".ipynb").write_text(notebook(PAGE.read_text("utf-8")), "utf-8")
