"""The version of this program: the newest heading of CHANGELOG.md."""

import re
from pathlib import Path

_HEADING = re.compile(r"^## \[(\d+\.\d+\.\d+)\]", re.MULTILINE)


def read() -> str:
    """Such as "0.1.0"."""
    changelog = Path(__file__).parent.parent / "CHANGELOG.md"
    newest = _HEADING.search(changelog.read_text(encoding="utf-8"))
    if newest is None:
        raise ValueError("CHANGELOG.md has no heading of the form ## [1.2.3].")
    return newest[1]


VERSION = read()
