"""Whether an image counts as open, labeled, skipped or accepted: read from its current answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from labeler.labeling import accepted, tally
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.statements import change


def counts(image: Image, annotation: Annotation) -> bool:
    """Whether the answer answers the image.

    An audit image is answered by blind answers only. A label that came with an import, or was
    given before the image was drawn for the audit, is kept, but the image is asked again. On a
    gold image the answer is known: what people say there checks them.
    """
    return annotation.current and not annotation.gold and (annotation.audit or not image.audit)


def state_from(image: Image, annotations: Iterable[Annotation]) -> str:
    """The state the image's annotations give it."""
    kinds = {a.kind for a in annotations if counts(image, a)}
    if Annotation.Kind.LABELS in kinds:
        return Image.State.LABELED
    return Image.State.SKIPPED if Annotation.Kind.SKIP in kinds else Image.State.OPEN


def settle(image: Image, annotations: Iterable[Annotation]) -> None:
    """Write the image's state if it changed."""
    state = state_from(image, annotations)
    if state == Image.State.OPEN and accepted.returning([image]):
        state = Image.State.ACCEPTED
    if state != image.state:
        _write(image.pk, state=state)
        labeled = [s == Image.State.LABELED for s in (image.state, state)]
        tally.changed("labeled", image.project_id, labeled[1] - labeled[0])
        image.state = state


def settle_all(images: Sequence[Image], annotations: Mapping[int, Iterable[Annotation]]) -> None:
    """The same for many images of one project, with the annotations of each by its id."""
    to: dict[str, list[int]] = {}
    labeled = 0
    now = {image.pk: state_from(image, annotations[image.pk]) for image in images}
    unanswered = [image for image in images if now[image.pk] == Image.State.OPEN]
    back = accepted.returning(unanswered) if unanswered else set()
    for image in images:
        state = Image.State.ACCEPTED if image.pk in back else now[image.pk]
        if state != image.state:
            to.setdefault(state, []).append(image.pk)
            labeled += (state == Image.State.LABELED) - (image.state == Image.State.LABELED)
            image.state = state
    for state, pks in to.items():
        Image.objects.filter(pk__in=pks).update(state=state)
    if images:
        tally.changed("labeled", images[0].project_id, labeled)


@change
def _write(image: int, *, state: str) -> "tuple[QuerySet[Image], dict[str, Any]]":
    return Image.objects.filter(pk=image), {"state": state}
