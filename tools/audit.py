"""Ask pip-audit whether a pinned package has a known hole; without its database, say what is old.

Ends with 1 where a hole is known. It never fails for want of a network, and says which it did.
"""

import json
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PINS = ROOT / "requirements.txt"
LOOKED_AT = ROOT / "tools" / "audited.txt"  # "name==version date": when each pin was looked at
OLD = timedelta(days=90)


def pins(text: str) -> dict[str, str]:
    """{name in small letters: version} of requirements, without extras and comments."""
    found = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.+]+)", text, re.M)
    return {name.lower(): version for name, version in found}


def asked() -> list[dict[str, Any]] | None:
    """What pip-audit says about each pin; None where it reached no database."""
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(PINS), "--no-deps", "--disable-pip",
        "--format", "json", "--progress-spinner", "off", "--timeout", "15",
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 - words of our own
            command, capture_output=True, text=True, timeout=240, check=False
        )
        told = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return None
    known = [each for each in told if "skip_reason" not in each]
    return known or None


def holes(told: list[dict[str, Any]]) -> list[str]:
    """A line for each known hole."""
    return [
        f"{each['name']} {each['version']}: {hole['id']}, mended in "
        f"{', '.join(hole['fix_versions']) or 'no version yet'}"
        for each in told
        for hole in each["vulns"]
    ]


def old(wanted: dict[str, str], looked_at: str, today: date) -> list[str]:
    """A line for each pin that nobody looked at, or not for long."""
    dates = {
        (name.lower(), version): date.fromisoformat(day)
        for name, version, day in re.findall(r"^(\S+)==(\S+) (\S+)$", looked_at, re.M)
    }
    lines = []
    for name, version in wanted.items():
        day = dates.get((name, version))
        if day is None:
            lines.append(f"{name} {version}: not in {LOOKED_AT.name}")
        elif today - day > OLD:
            lines.append(f"{name} {version}: looked at on {day}, more than {OLD.days} days ago")
    return lines


def main() -> int:
    """Print what was done and found."""
    wanted = pins(PINS.read_text(encoding="utf-8"))
    told = asked()
    if told is None:
        lines = old(wanted, LOOKED_AT.read_text(encoding="utf-8"), date.today())
        head = f"pip-audit reached no database. To look at by hand: {len(lines)}"
    else:
        lines = holes(told)
        head = f"pip-audit found {len(lines)} known holes; it knows {len(told)}"
    sys.stdout.write("\n".join([f"{head} of {len(wanted)} pins.", *lines, ""]))
    return 1 if told and lines else 0


if __name__ == "__main__":
    sys.exit(main())
