"""A browser's name for people, out of what it sends."""

# The first that is found counts: Edge calls itself Chrome, and Chrome calls itself Safari.
BROWSERS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"), ("CriOS/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def name(agent: str) -> str:
    """As in "Firefox, Linux"; the beginning of what was sent where it is none of these."""
    found = [
        next((words for mark, words in known if mark in agent), "") for known in (BROWSERS, SYSTEMS)
    ]
    return ", ".join(part for part in found if part) or agent[:40]
