"""Gold images named in a list: one name a line, with or without the labels after a comma."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from labeler.labeling import gold
from labeler.labeling.answers import Refused
from labeler.pools.models import Image, ImageName
from labeler.projects.models import Project, User

MOST_LINES = 1_000
SEPARATOR = "|"


@dataclass
class Marked:
    """How many images were marked, and what was wrong with the other lines."""

    count: int = 0
    problems: list[str] = field(default_factory=list)


def mark(*, project: Project, user: User, text: str) -> Marked:
    """Mark the images that the lines name: `name`, or `name,label`, several labels joined by |.

    Without a label the image gets what people agreed on. A line that cannot be used is told and
    keeps none of the others back.
    """
    lines = [line for line in csv.reader(text.splitlines()) if any(cell.strip() for cell in line)]
    done = Marked()
    if len(lines) > MOST_LINES:
        done.problems.append(
            _("Only the first %(n)s lines were read; send the rest after them.")
            % {"n": f"{MOST_LINES:,}"}
        )
        lines = lines[:MOST_LINES]
    images = _named(project, [line[0].strip() for line in lines])
    for line in lines:
        _mark(project, user, line, images, done)
    return done


def _mark(
    project: Project, user: User, line: Sequence[str], images: dict[str, Image], done: Marked
) -> None:
    name, label = line[0].strip(), ",".join(line[1:]).strip()
    if name not in images:
        done.problems.append(_("%(name)s: no image has this name.") % {"name": name[:200]})
        return
    wanted = [each.strip() for each in label.split(SEPARATOR) if each.strip()] if label else None
    try:
        gold.mark(project=project, user=user, image=images[name], label_ids=wanted)
    except Refused as refused:
        told = refused.detail if name in refused.detail else f"{name[:200]}: {refused.detail}"
        done.problems.append(told)
    else:
        done.count += 1


def _named(project: Project, names: Sequence[str]) -> dict[str, Image]:
    """Images by the name given, be it their own or a further one."""
    wanted = set(names)
    others = ImageName.objects.filter(image__project=project, name__in=wanted)
    found = {other.name: other.image for other in others.select_related("image")}
    images = Image.objects.filter(project=project, name__in=wanted)
    return found | {image.name: image for image in images}
