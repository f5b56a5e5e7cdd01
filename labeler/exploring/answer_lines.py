"""What people say of a pool's images, as lines of numbers, read from the database."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Project

AT_ONCE = 900  # ids in one IN
MOST_NEW = 20_000  # changed answers, above which the pool is read anew
MARGIN = 500  # annotations looked at again: ids may be given out before they are seen

Ints = npt.NDArray[np.int64]


def of(project: Project, image_ids: list[int] | None) -> Ints:
    """(row, label, person, alone) of the answers that stand, on these images or on all."""
    said = Annotation.objects.filter(
        project=project, current=True, kind=Annotation.Kind.LABELS, gold=False
    )
    said = said.exclude(image__audit=True, image__state=Image.State.OPEN).order_by()
    columns = ("image__row", "labels", "user_id", "source")
    if image_ids is None:
        found = list(said.values_list(*columns))
    else:
        some = [said.filter(image__in=each) for each in parts(image_ids)]
        found = [line for each in some for line in each.values_list(*columns)]
    now = merged.now(project.pk)
    together = Annotation.Source.EXPLORE
    lines = [
        (row, now.get(la or 0, la or 0), user, how != together) for row, la, user, how in found
    ]
    return np.array(lines, dtype=np.int64).reshape(-1, 4)


def parts(ids: Iterable[int]) -> list[list[int]]:
    """The ids in portions that a query can hold."""
    known = list(ids)
    return [known[start : start + AT_ONCE] for start in range(0, len(known), AT_ONCE)]


def touched(project: Project, known: int, newest: int) -> list[int]:
    """The images whose answers may have changed since."""
    if newest == known:
        return []
    later = Annotation.objects.filter(project=project, pk__gt=known - MARGIN).order_by()
    return sorted(set(later.values_list("image_id", flat=True)[: MOST_NEW + MARGIN + 1]))


def since(project: Project, newest: int, count: int) -> bool:
    """Whether at least so many answers came after that annotation."""
    later = Annotation.objects.filter(project=project, pk__gt=newest).order_by("pk")
    return len(later.values_list("pk", flat=True)[:count]) == count
