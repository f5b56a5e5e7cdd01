"""Which images a press on Explore means: named one by one, or by a filter."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from labeler.labeling import together
from labeler.labeling.answers import Refused
from labeler.projects.models import Project

LARGEST = 2**63 - 1


def image_ids(project: Project, asked: Mapping[str, Any]) -> list[int]:
    """The images of `ids`, a list of image ids. Raises Refused."""
    ids = asked.get("ids")
    if not isinstance(ids, list) or any(type(pk) is not int for pk in ids):
        raise Refused("bad_ids", _("Choose some images first."))
    if len(ids) > together.MOST:
        words = _("At most %(most)s images at once; choose fewer.")
        raise Refused("too_many", words % {"most": f"{together.MOST:,}"})
    return [pk for pk in dict.fromkeys(ids) if 0 < pk <= LARGEST]
