"""The demo: the 1,797 handwritten digits that come inside scikit-learn, without their labels.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, 1998 (CC BY 4.0), as
scikit-learn ships it. The file is read directly: importing scikit-learn takes longer than that.
"""

import gzip
import importlib.util
import io
import zipfile
from pathlib import Path

import numpy as np
from django.db import transaction
from PIL import Image as Picture

from labeler.pools import imports
from labeler.pools.models import Import
from labeler.projects import creation
from labeler.projects.labels import Wish
from labeler.projects.models import Project, User
from labeler.supervisor import owner

NAME = "Digits"
QUESTION = "Which digit is this?"
FEATURES = "pixels"  # better here than a network made for photos, and there at once
SIDE = 8  # pixels
AUDIT_SHARE = 0.3  # the first audit figure after some 170 answers instead of 500
DARKEST = 16  # the value of full ink


def make_at_first() -> Project | None:
    """The demo for an owner who never signed in, in an installation without any project."""
    user = owner.first()
    if user.last_login is not None or Project.objects.exists():
        return None
    return make(user)


def is_coming() -> bool:
    """Whether a demo project's images are still being imported."""
    return Import.objects.filter(project__is_demo=True, state__in=Import.OPEN).exists()


@transaction.atomic
def make(user: User) -> Project:
    """A new project over the digits; its images are imported in the background.

    The folders of the archive are the true labels. They stay aside for `simulate`.
    """
    wishes = [Wish(name=str(digit), key=str(digit)) for digit in range(10)]
    project = creation.create(
        user=user, name=NAME, wishes=wishes, is_demo=True,
        question=QUESTION, kind="single", features=FEATURES, audit_share=AUDIT_SHARE,
    )  # fmt: skip
    delivery = imports.start(
        project=project, user=user, source="upload", title="Digits of scikit-learn", folders="truth"
    )
    imports.stage(delivery, "digits.zip", io.BytesIO(archive()))
    imports.seal(delivery)
    return project


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Pictures (1797, 8, 8) with ink from 0 to 16, and their digits (1797,), both int16."""
    package = importlib.util.find_spec("sklearn")  # finds it without importing it
    assert package is not None and package.origin is not None
    source = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    with gzip.open(source, "rt", encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.int16)
    return table[:, :-1].reshape(-1, SIDE, SIDE), table[:, -1]


def archive() -> bytes:
    """A zip of one PNG per digit, dark ink on white, in the folder of its true label."""
    pictures, truth = digits()
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as packed:
        for number, (picture, digit) in enumerate(zip(pictures, truth, strict=True), start=1):
            packed.writestr(f"{digit}/digit-{number:04}.png", _png(picture))
    return whole.getvalue()


def _png(picture: np.ndarray) -> bytes:
    grey = 255 - picture * 255 // DARKEST
    out = io.BytesIO()
    Picture.fromarray(grey.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()
