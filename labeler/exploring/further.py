"""Chosen images taken elsewhere: onto a grid, or to be the part that rounds learn from."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from labeler.labeling import asking
from labeler.labeling.answers import Refused
from labeler.labeling.asking import Asked
from labeler.labeling.refill import Ranked
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.creation import SettingsRefused
from labeler.projects.models import Label, Project, User
from labeler.training import part, part_wish, predictions, versions
from ml.certainty import only_label

AT_ONCE = 900  # ids in one IN


def to_grid(project: Project, image_ids: Sequence[int]) -> tuple[Asked, int]:
    """Let the images stand on a grid, and come first on the Label page; what became of them, and
    the label that most are predicted to have. Raises Refused."""
    if not project.suggestion_share:
        raise Refused("no_suggestions", _("This project shows no suggestions, so it has no grid."))
    known = _predicted(project, image_ids)
    if not known:
        words = _("The model predicts no single label of these images. Label them together here.")
        raise Refused("no_prediction", words)
    done = asking.ask_next(project, [each.image_id for each in known], known)
    most = Counter(each.predicted for each in known).most_common(1)[0][0]
    return done, most or 0


def _predicted(project: Project, image_ids: Sequence[int]) -> list[Ranked]:
    """What the serving version predicts of those that are open, and not asked blind."""
    version = versions.serving(project)
    if version is None:
        words = _("There is no model yet, so there is no grid. Label these images together here.")
        raise Refused("no_model", words)
    rows: dict[int, int] = {}
    open_ones = Image.objects.filter(project=project, audit=False, state=Image.State.OPEN)
    for start in range(0, len(image_ids), AT_ONCE):
        some = open_ones.filter(pk__in=image_ids[start : start + AT_ONCE])
        rows |= dict(some.values_list("pk", "row"))
    pks = [pk for pk in image_ids if pk in rows]
    proba = predictions.proba(version, [rows[pk] for pk in pks])
    there = [at for at, row in enumerate(proba) if row.size and row[0] == row[0]]
    if not there:
        return []
    labels, sure = only_label(proba[there], "multi" if project.is_multi else "single")
    now, used = merged.now(project.pk), _used(project)
    told = [now.get(version.label_ids[at], version.label_ids[at]) for at in labels.tolist()]
    return [
        Ranked(pks[at], predicted=label, confidence=round(float(p), 4))
        for at, number, label, p in zip(there, labels, told, sure, strict=True)
        if number >= 0 and label in used
    ]


def _used(project: Project) -> set[int]:
    return set(Label.objects.filter(project=project, retired=False).values_list("pk", flat=True))


def to_part(project: Project, user: User, image_ids: Sequence[int]) -> bool:
    """Let rounds learn from these images only, besides what the part says already; whether that is
    another part than before. Raises Refused."""
    if len(image_ids) > part_wish.MOST:
        words = _("A part holds at most %(most)s images. Choose fewer.")
        raise Refused("too_many", words % {"most": f"{part_wish.MOST:,}"})
    wish: dict[str, Any] = part.of(project).as_dict() | {"images": list(image_ids)}
    try:
        return part_wish.store(project, wish, user)
    except SettingsRefused as refused:
        raise Refused("bad_part", " ".join(refused.problems.values())) from refused
