"""Pictures that come with their label from outside the queue: from "Try it", or another tool.

Whoever hands one in has seen what the model says of it. So on an audit image the label is kept but
never measured against, and the image is still asked blind.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.labeling import disputes, states
from labeler.labeling.answers import LabelSet, Refused, read
from labeler.labeling.history import Outcome, locked, seen, settled_and_told, store
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools import starting
from labeler.pools.models import Image, Import
from labeler.projects.models import Project, User

LIST = "metadata.jsonl"


def known(project: Project, data: bytes) -> Image | None:
    """The image of the pool with these bytes."""
    return Image.objects.filter(project=project, sha256=hashlib.sha256(data).hexdigest()).first()


def label(
    *, project: Project, user: User, image: Image, uuid: UUID | str, labels: Sequence[int | str]
) -> Outcome:
    """Give an image of the pool its labels; they supersede the current answers, but no blind one.

    The same UUID stores once.
    """
    sent = {"uuid": uuid, "item": image.pk, "labels": list(labels)}
    return settled_and_told(project, lambda: _label(project, user, image, sent))


def _label(project: Project, user: User, image: Image, sent: Mapping[str, Any]) -> Outcome:
    answer = read(sent)
    found = locked(Image.objects.filter(pk=image.pk, project=project)).first()
    if found is None:
        raise Refused("unknown_image", "This project has no such image.", 404)
    if before := seen(project, user, answer.uuid, answer.body()):
        return before
    chosen = LabelSet(project).find(answer.labels or ())
    standing = Q(gold=False) | Q(user=user)
    current = list(Annotation.objects.filter(standing, image=found, current=True))
    mine = [a for a in current if a.user_id == user.pk]
    if found.audit and any(a.audit for a in mine):
        words = _("You answered this audit image blind. That answer stands.")
        raise Refused("audit", words, 409)
    replaced = mine if found.audit else sorted(current, key=lambda a: a.user_id != user.pk)
    annotation = store(
        answer, chosen, image=found, user=user, supersedes=replaced,
        source=Annotation.Source.REVIEW, strategy="handed in", audit=False, suggestion_shown=True,
    )  # fmt: skip
    if not found.audit:
        QueueItem.objects.filter(image=found, done_at=None, gold=False).update(done_at=Now())
        states.settle(found, [annotation])
        disputes.settle(found, [annotation])
    return Outcome("created", 201, annotation=annotation)


def bring(
    *, project: Project, user: User, name: str, data: bytes, labels: Sequence[int | str]
) -> Import:
    """Import a new picture with its labels, as answers of the user.

    Raises Refused, ImportRefused.
    """
    chosen = [one.name for one in LabelSet(project).find(tuple(labels))]
    told = {"labels": chosen} if project.is_multi else {"label": chosen[0]}
    file = _safe(name)
    line = json.dumps({"file_name": file, **told}, ensure_ascii=False)
    given = [(file, io.BytesIO(data)), (LIST, io.BytesIO(f"{line}\n".encode()))]
    return starting.files(
        given, project=project, user=user, title=file, manifest=LIST, format="huggingface"
    )


def _safe(name: str) -> str:
    """The file's own name, which a manifest can point to."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c if c.isalnum() or c in "._- " else "_" for c in last).strip(" .")
    return kept[-120:] if "." in kept else f"{kept or 'picture'}.img"


def names(labels: Iterable[Any]) -> list[str]:
    """Label names as they came, without blanks."""
    return [str(name).strip() for name in labels if str(name).strip()]
