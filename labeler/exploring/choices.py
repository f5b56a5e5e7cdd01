"""What the filters of the list offer."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from labeler.exploring import columns, odd, surveys
from labeler.exploring.models import Survey
from labeler.labeling import selection
from labeler.pools.models import Import
from labeler.projects.models import Project
from labeler.training import versions

MOST_IMPORTS = 200
MOST_PEOPLE = 500
Words = list[tuple[str, str | Promise]]

STATES: Words = [
    ("open", _("not answered")),
    ("labeled", _("labeled by people")),
    ("skipped", _("skipped")),
    ("accepted", _("accepted by the model")),
    ("aside", _("set aside as a near-duplicate")),
]
SPLITS: Words = [
    ("train", _("training")),
    ("validation", _("validation")),
    ("test", _("test")),
    ("none", _("in none")),
]
ODD: Words = [
    ("far", _("unlike all others")),
    ("dark", _("too dark")),
    ("bright", _("too bright")),
    ("blurred", _("blurred")),
    ("tiny", _("tiny")),
    ("long", _("very long or high")),
]
PLAIN: Words = [
    ("row", _("as they came")),
    ("-row", _("newest first")),
    ("taken", _("date of the photo, oldest first")),
    ("-taken", _("date of the photo, newest first")),
    ("name", _("name, A to Z")),
    ("-name", _("name, Z to A")),
]
OF_MODEL: Words = [
    ("-confidence", _("surest first")),
    ("confidence", _("least sure first")),
    ("margin", _("smallest margin first")),
    ("entropy", _("highest entropy first")),
]
OF_LOOKS: Words = [
    ("alone", _("most unlike all others first")),
    ("light", _("darkest first")),
    ("-light", _("brightest first")),
    ("blur", _("most blurred first")),
]


def of(project: Project) -> dict[str, Any]:
    """The context of the filters; splits and imports only where there are several."""
    has_model = versions.serving(project) is not None
    looks = odd.newest(project)
    imports = Import.objects.filter(project=project, added__gt=0).order_by("-number")
    return {
        "states": STATES,
        "splits": SPLITS if columns.of(project).splits.any() else [],
        "odd": ODD,
        "orders": PLAIN + (OF_MODEL if has_model else []) + (OF_LOOKS if looks else []),
        "people": list(selection.answerers(project)[:MOST_PEOPLE]),
        "imports": list(imports.only("number", "title")[:MOST_IMPORTS]),
        "has_model": has_model,
        "looks": looks,
        "looks_work": surveys.open_one(project, Survey.Kind.LOOKS),
        "looks_later": project.next_row - looks.images if looks else 0,
    }
