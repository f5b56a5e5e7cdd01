"""Which images are in the audit sample: a draw by hash, uniform and the same in any order.

An image is drawn when its key, a hash of the project's seed and the image's bytes, is below the
project's rate. So the draw does not depend on when, how or in which order images came. Audit
images are served in the order of their keys: those answered so far are uniform over the pool.

Images of a manifest's test split are held out like the sample, but are no part of it: somebody
chose them, and figures of a chosen set say nothing about the pool.
"""

import hashlib

from django.db import transaction
from django.db.models import Q

from labeler.pools.models import Image
from labeler.projects.models import Project

HIGHEST_RATE = 0.25


def teaching(prefix: str = "") -> Q:
    """Images that may be learned from and asked to learn: all but the audit sample and those that
    a manifest holds out as its test split. prefix: the way to the image, such as "image__"."""
    test = Q(**{f"{prefix}split": Image.Split.TEST})
    return Q(**{f"{prefix}audit": False}) & ~test


def key_of(project: Project, sha256: str) -> float:
    """The image's place in every random order of the project, in [0, 1), fixed for good."""
    digest = hashlib.sha256(f"{project.audit_seed}:{sha256}".encode()).digest()
    return (int.from_bytes(digest[:8]) >> 11) / 2**53


def rate_for(project: Project, images: int) -> float:
    """The share of a pool of so many images that gives the wished number of audit images."""
    return min(HIGHEST_RATE, project.audit_target / max(images, 1))


@transaction.atomic
def fit_rate(project: Project, images: int) -> float:
    """Set the rate for a pool of `images` and draw anew; return the rate.

    Once an audit image was answered the rate is only ever raised: taking images out of the
    sample then would be choosing.
    """
    held = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    wished = rate_for(held, images)
    rate = max(held.audit_rate, wished) if _answered(held) else wished
    if rate != held.audit_rate:
        held.audit_rate = rate
        held.save(update_fields=["audit_rate"])
        extend_draw(held)
    project.audit_rate = rate
    return rate


def _answered(project: Project) -> bool:
    drawn = Image.objects.filter(project=project, audit=True)
    return drawn.exclude(state=Image.State.OPEN).exists()


def extend_draw(project: Project) -> int:
    """Make the draw agree with the project's rate; return how many images are in the sample.

    An image that was answered outside the sample stays outside: it may have been trained on.
    """
    images = Image.objects.filter(project=project)
    # The model's own label is no answer: such an image is drawn like any other, unless rounds
    # learned from it. A drawn one loses the label, for it waits for a blind answer.
    accepted = images.filter(state=Image.State.ACCEPTED, key__lt=project.audit_rate)
    accepted.filter(accepted__acceptance__teaches=False).update(state=Image.State.OPEN)
    still_open = images.filter(state=Image.State.OPEN)
    still_open.filter(audit=False, key__lt=project.audit_rate).update(audit=True)
    still_open.filter(audit=True, key__gte=project.audit_rate).update(audit=False)
    return images.filter(audit=True).count()
