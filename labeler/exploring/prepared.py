"""What the list of a large pool filters by, made ready by a worker and read from files.

A request never reads a large pool whole: it reads these files and what changed since, and where
there are none yet, the first rows only.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models.functions import Now

from labeler.exploring import surveys
from labeler.exploring.models import Survey
from labeler.projects.models import Project

LARGE = 20_000  # images, from which a request reads no whole pool
WINDOW = 5_000  # rows that a request reads where nothing is ready, or that came since
BEHIND = 2_000  # answers that came since, from which it is made anew
SHARE = 0.1  # of the pool that came since, from which it is made anew
PAUSE = timedelta(seconds=20)  # between two times
KIND = Survey.Kind.COLUMNS
FORM = 2  # of the files; those of another form are made anew


def is_large(images: int) -> bool:
    return images >= LARGE


def newest(project: Project) -> Survey | None:
    """The survey whose files are read."""
    found = surveys.newest(project, KIND)
    if found is None or found.facts.get("form") != FORM:
        return None
    return found if surveys.folder(found).is_dir() else None


def wish(project: Project) -> None:
    """Have it made anew, if it is not under way and was not a moment ago."""
    mine = Survey.objects.filter(project=project, kind=KIND)
    done = newest(project) is not None
    if mine.filter(state__in=Survey.OPEN).exists():
        return
    if done and mine.filter(finished_at__gt=Now() - PAUSE).exists():
        return
    if mine.filter(state=Survey.State.FAILED, finished_at__gt=Now() - PAUSE).exists():
        return
    surveys.ask(project, None, KIND, None, {})


def told(project: Project, shown: int) -> dict[str, int] | None:
    """{"shown", "images", "done", "total"} while not all of the pool is there; None when it is."""
    if shown >= project.next_row:
        return None
    work = surveys.open_one(project, KIND)
    done, total = (work.done, work.total) if work else (0, 0)
    return {"shown": shown, "images": project.next_row, "done": done, "total": total}


def read(folder: Path, name: str) -> npt.NDArray[Any]:
    """One array, in place. Raises FileNotFoundError, ValueError."""
    found: npt.NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    return found


def write(folder: Path, name: str, array: npt.NDArray[Any]) -> None:
    np.save(folder / f"{name}.npy", array, allow_pickle=False)


# In a worker ------------------------------------------------------------------------------


def make(row: Survey, into: Path) -> dict[str, Any]:
    """Read the pool, from the former files where they still hold. Raises LeaseLost."""
    from labeler.exploring import columns, words

    known = columns.whole(row.project, lambda done, all_: surveys.note(row, "reading", done, all_))
    columns.write(into, known)
    words.write(row.project, into, len(known), lambda n, of: surveys.note(row, "indexing", n, of))
    return {"images": len(known), "stamp": known.stamp, "newest": known.newest, "form": FORM}


def find() -> None:
    """For the sweep: wish for the large pools whose files are missing or behind."""
    from labeler.exploring import columns

    for project in Project.objects.filter(next_row__gte=LARGE, archived_at=None):
        row = newest(project)
        if row is None or _is_behind(project, row) or columns.stamp(project) != row.facts["stamp"]:
            wish(project)


def _is_behind(project: Project, row: Survey) -> bool:
    from labeler.exploring import answer_lines

    late = project.next_row - row.images
    return late > SHARE * row.images or answer_lines.since(project, row.facts["newest"], BEHIND)
