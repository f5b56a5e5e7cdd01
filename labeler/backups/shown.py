"""How far a backup is, for whoever looks at a terminal."""

import sys
from typing import Any

from tqdm import tqdm


def bar(words: str) -> Any:
    """A bar of bytes; nothing where nobody looks."""
    return tqdm(desc=words, unit="B", unit_scale=True, file=sys.stderr, disable=None)
