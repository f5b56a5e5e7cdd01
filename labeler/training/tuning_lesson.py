"""What a network is tuned on, written down before it begins: it must not change on the way."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from labeler.pools import audit, storage
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import feature_fits, part
from labeler.training.fitting import Lesson
from labeler.training.memory import Rows
from labeler.training.models import FeatureFit
from ml import arrays
from ml.heads.base import Kind
from ml.images import ImageRefused, open_image

FILE = "lesson.npz"
AT_ONCE = 500  # rows of one query


@dataclass(frozen=True)
class TuningLesson:
    """Answers about the images in these rows, none of them in or like the audit sample."""

    rows: Rows  # (n,)
    y: npt.NDArray[Any]  # label numbers (n,), or marks (n, n_labels)
    label_ids: list[int]  # column order
    labels: int  # images labeled when it was written, also those left out

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def kind(self) -> Kind:
        return "single" if self.y.ndim == 1 else "multi"


def folder(row: FeatureFit) -> Path:
    """tuning/ in the folder of the feature set: there while it learns, and no longer."""
    return feature_fits.folder(row.project, row.features) / "tuning"


def write(row: FeatureFit, lesson: Lesson, labels: int) -> TuningLesson:
    """Keep today's lesson; what was left of another one goes."""
    shutil.rmtree(folder(row), ignore_errors=True)
    facts = {
        "rows": lesson.rows, "y": lesson.y, "label_ids": np.array(lesson.label_ids),
        "labels": np.array([labels]),
    }  # fmt: skip
    arrays.write_arrays(folder(row) / FILE, facts)
    return TuningLesson(lesson.rows, lesson.y, lesson.label_ids, labels)


def kept(row: FeatureFit) -> TuningLesson | None:
    """The lesson that was begun; None where there is none, or one that holds no longer:
    labels were added, merged or retired, or one of its images may not be learned from any more."""
    try:
        found = arrays.read_arrays(folder(row) / FILE, {"rows": 1, "label_ids": 1, "labels": 1})
        lesson = TuningLesson(
            found["rows"], found["y"], found["label_ids"].tolist(), int(found["labels"][0])
        )
    except (FileNotFoundError, arrays.ArrayDamaged, KeyError, IndexError):
        return None
    return lesson if _holds(row.project, lesson) else None


def _holds(project: Project, lesson: TuningLesson) -> bool:
    today = Label.objects.filter(project=project, retired=False).order_by("place")
    learned = part.of(project).label_ids(list(today.values_list("pk", flat=True)))
    if learned != lesson.label_ids:
        return False
    if (lesson.kind == "multi") != project.is_multi:
        return False
    taken = Image.objects.filter(project=project).exclude(audit.teaching())
    return not np.isin(lesson.rows, list(taken.values_list("row", flat=True))).any()


class Pictures:
    """The images' pictures, opened when they are asked for; None for one that cannot be read."""

    def __init__(self, project: Project, rows: Rows, size: tuple[int, int]) -> None:
        self.size = size
        self.rows = rows
        self._images = _images(project, rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> Pillow.Image | None:
        """Raises OSError when the storage fails: that is no fault of the image."""
        image = self._images.get(int(self.rows[position]))
        if image is None:
            return None
        try:
            return open_image(storage.local_file(image), at_least=self.size)
        except (FileNotFoundError, ImageRefused):
            return None


def _images(project: Project, rows: Rows) -> dict[int, Image]:
    """The images in these rows, those that are still there."""
    found = {}
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE].tolist()
        for image in Image.objects.filter(project=project, row__in=some):
            found[image.row] = image
    return found
