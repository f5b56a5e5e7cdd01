"""What people agree on, in the formats of other tools."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from labeler.formats.record import Record
from labeler.formats.registry import Format
from labeler.labeling import agreed
from labeler.labeling.agreed import Told
from labeler.labeling.selection import EVERYTHING, Selection
from labeler.projects.models import Label, Project

HINTS = {
    "automl": _("TRAIN, VALIDATION, TEST or UNASSIGNED, path, labels."),
    "vertex-csv": _("As AutoML's, with the splits in lower case."),
    "vertex": _("imageGcsUri and classificationAnnotation."),
    "label-studio": _("Tasks with annotations and predictions."),
    "sagemaker": _("JSON Lines with source-ref."),
    "coco": _("Categories of whole images, without boxes."),
    "cvat": _("XML with a tag per label."),
    "fiftyone": _("Classes, and a number per file."),
    "huggingface-csv": _("file_name and label."),
    "huggingface": _("file_name and label, or a list of them."),
    "doccano": _("filename and a list of labels."),
}
GUESSING = {"label-studio"}  # formats with a place of its own for what a model believes
ADDRESSED = {"automl", "vertex-csv", "vertex", "sagemaker", "label-studio"}  # …with gs://, s3://


def lines(format: Format, project: Project, chosen: Selection = EVERYTHING) -> Iterator[str]:
    """The manifest, in pieces: an image per entry, under the name or address it came with."""
    found = agreed.told(project, chosen, guesses=format.key in GUESSING)
    records = (
        record(each, _path(format, each), guessing=format.key in GUESSING)
        for each in found
        if each.labels is not None
    )
    return format.write(records, names(project), project.is_multi)


def record(told: Told, path: str, *, guessing: bool) -> Record:
    """The image as a format tells of it. What the model guessed is no answer where the format
    has a place for guesses."""
    picture = told.picture
    return Record(
        path,
        told.labels if told.answers or not guessing else None,
        picture.split,
        told.guesses if guessing else (),
        told.guessed_by if guessing else "",
        picture.width,
        picture.height,
    )


def names(project: Project) -> list[str]:
    """The project's labels, in the order that gives them their numbers."""
    rows = Label.objects.filter(project=project).order_by("place")
    return list(rows.values_list("name", flat=True))


def _path(format: Format, told: Told) -> str:
    address, name = str(told.picture.address), str(told.picture.name)
    return address if format.key in ADDRESSED and "://" in address else name
