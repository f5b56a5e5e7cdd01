"""Pictures that somebody uploads to find their like: kept for a day, embedded by a worker."""

import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.exploring.models import Sought
from labeler.pools import storage, whole_files
from labeler.projects.models import Project, User
from labeler.training.spaces import Space
from labeler.work import leases
from labeler.work.messages import nudge
from ml.images import ImageRefused, open_image

KIND = "sought"
KEPT = timedelta(days=1)
PICTURE, VECTOR, THUMB = "picture", "vector.npy", "thumb.webp"
SIDE = 480  # pixels of the copy that the page shows


class Refused(ValueError):
    """The upload is no picture to look for; the message says what to do."""


def take(project: Project, user: User, space: Space, file: "UploadedFile[bytes] | None") -> Sought:
    """Keep the upload for a worker. Raises Refused, OSError."""
    if file is None or not file.size:
        raise Refused(_("Choose a picture first."))
    if file.size > settings.MAX_IMAGE_BYTES:
        most = settings.MAX_IMAGE_BYTES // 2**20
        raise Refused(_("The picture is too large. At most %s MB.") % most)
    row = Sought.objects.create(
        project=project, user=user, name=(file.name or "")[:200], **space._asdict(),
        state=Sought.State.WAITING,
    )  # fmt: skip
    whole_files.write(folder(row) / PICTURE, file.read())
    Sought.objects.filter(pk=row.pk).update(state=Sought.State.DUE)
    nudge(KIND, row.pk)
    return row


def folder(row: Sought) -> Path:
    """explore/sought/<id> in the project's folder."""
    return whole_files.folder(
        storage.arrays_folder(row.project) / "explore" / "sought" / str(row.pk)
    )


def run(row: Sought) -> None:
    """Embed a claimed upload. Raises LeaseLost, Hopeless for what is no picture."""
    from labeler.training import feature_fits  # loads the network

    feature_set = feature_fits.usable_in(row.project, Space(row.features, row.fingerprint))
    here = folder(row)
    try:
        picture = open_image(here / PICTURE, max_bytes=settings.MAX_IMAGE_BYTES)
    except (ImageRefused, FileNotFoundError) as error:
        raise leases.Hopeless(_("This picture cannot be read: %s") % error) from error
    with leases.keeping(row):
        vector = feature_set.embed_batch(feature_set.preprocess(picture)[None])[0]
    np.save(here / VECTOR, np.asarray(vector, dtype=np.float32), allow_pickle=False)
    picture.thumbnail((SIDE, SIDE))
    picture.save(here / THUMB, "WEBP", quality=80)
    with leases.publishing(row):
        leases.finish(row, error="")


def vector(row: Sought) -> npt.NDArray[np.float32]:
    """The vector of an upload that is done. Raises FileNotFoundError, ValueError."""
    found: npt.NDArray[np.float32] = np.load(folder(row) / VECTOR, allow_pickle=False)
    return found


def forget() -> None:
    """Remove uploads that are older than a day, with their files."""
    for old in Sought.objects.filter(created_at__lt=Now() - KEPT).select_related("project"):
        shutil.rmtree(folder(old), ignore_errors=True)
        old.delete()
