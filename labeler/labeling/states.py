"""Whether an image counts as open, labeled or skipped: read from its current answers."""

from collections.abc import Iterable

from labeler.labeling.models import Annotation
from labeler.pools.models import Image


def counts(image: Image, annotation: Annotation) -> bool:
    """Whether the answer answers the image.

    An audit image is answered by blind answers only. A label that came with an import, or was
    given before the image was drawn for the audit, is kept, but the image is asked again.
    """
    return annotation.current and (annotation.audit or not image.audit)


def state_from(image: Image, annotations: Iterable[Annotation]) -> str:
    """The state the image's annotations give it."""
    kinds = {a.kind for a in annotations if counts(image, a)}
    if Annotation.Kind.LABELS in kinds:
        return Image.State.LABELED
    return Image.State.SKIPPED if Annotation.Kind.SKIP in kinds else Image.State.OPEN


def settle(image: Image, annotations: Iterable[Annotation]) -> None:
    """Write the image's state if it changed."""
    state = state_from(image, annotations)
    if state != image.state:
        Image.objects.filter(pk=image.pk).update(state=state)
        image.state = state
