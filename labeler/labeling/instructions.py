"""What people read before they label: plain text with paragraphs, lists and headings.

The text is cut into blocks and spans that templates print escaped: no HTML ever comes from it.
"""

import hashlib
import re
from dataclasses import dataclass
from itertools import groupby

from django.db import transaction

from labeler.labeling.models import Example
from labeler.projects.models import Project, User

SEEN = "instructions_seen"  # in User.settings: {project id: digest of the text}
INLINE = re.compile(r"\*\*(?P<strong>[^*\n]+)\*\*|(?P<link>https?://[!#-;=?-~]+)")
MARKS = (
    ("heading", re.compile(r"#{1,3}\s+")),
    ("bullets", re.compile(r"[-*•・]\s+")),
    ("numbers", re.compile(r"\d{1,3}[.)]\s+")),
)


@dataclass(frozen=True)
class Span:
    """A few words, perhaps strong, perhaps a link."""

    words: str
    strong: bool = False
    link: str = ""


@dataclass(frozen=True)
class Block:
    """A paragraph or heading of one item, or a list; each item is a line of spans."""

    kind: str  # "paragraph", "heading", "bullets" or "numbers"
    items: tuple[tuple[Span, ...], ...]


def blocks(text: str) -> list[Block]:
    """The text as blocks. An empty line ends a paragraph; "- ", "1. " and "# " begin a line."""
    found: list[Block] = []
    for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        lines = [_read(line.strip()) for line in part.split("\n") if line.strip()]
        for kind, group in groupby(lines, key=lambda line: line[0]):
            items = tuple(spans(words) for _, words in group)
            whole = kind in ("bullets", "numbers", "paragraph")
            found += [Block(kind, items)] if whole else [Block(kind, (each,)) for each in items]
    return found


def _read(line: str) -> tuple[str, str]:
    for kind, mark in MARKS:
        if begin := mark.match(line):
            return kind, line[begin.end() :]
    return "paragraph", line


def spans(line: str) -> tuple[Span, ...]:
    """The line's plain words, **strong** ones and web addresses."""
    found: list[Span] = []
    done = 0
    for match in INLINE.finditer(line):
        words = match["strong"] or match["link"].rstrip(".,;:!?)'")
        end = match.end() if match["strong"] else match.start() + len(words)
        if match.start() > done:
            found.append(Span(line[done : match.start()]))
        found.append(Span(words, strong=True) if match["strong"] else Span(words, link=words))
        done = end
    return (*found, Span(line[done:])) if done < len(line) else tuple(found)


def there_are(project: Project) -> bool:
    """Whether the project has instructions or examples."""
    return bool(project.instructions.strip()) or _has_examples(project)


def _has_examples(project: Project) -> bool:
    return Example.objects.filter(label__project=project).exists()


def unseen(project: Project, user: User) -> str:
    """ "new" for somebody who never saw them, "changed" since she did, else ""."""
    if not project.instructions.strip():
        return ""
    seen = user.settings.get(SEEN)
    last = seen.get(str(project.pk)) if isinstance(seen, dict) else None
    return "" if last == digest(project) else "changed" if last else "new"


def digest(project: Project) -> str:
    """Names the text as it is now."""
    return hashlib.sha256(project.instructions.encode()).hexdigest()[:12]


@transaction.atomic
def see(project: Project, user: User) -> None:
    """The user has seen them as they are now."""
    found = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    seen = found.settings.get(SEEN)
    kept = seen if isinstance(seen, dict) else {}
    found.settings[SEEN] = {**kept, str(project.pk): digest(project)}
    found.save(update_fields=["settings"])
