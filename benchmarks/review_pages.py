"""How long the pages for reviewers take on the server, on a large project made for it.

    python benchmarks/review_pages.py [--images N] [--labels N] [--audit N] [--multi] [PAGE …]

PAGE is the name of an address inside a project ("numbers", "dashboard", "review", …), with a query
if it needs one ("numbers?matrix=full"). Prints the milliseconds of processor time of the first
look after two answers came in (one on an audit image, another person's on an image that was learned
from), of later looks, and the first one's ratio to the 200 ms that such a page may take; processor
time, so that a busy machine says the same. An installation of its own
lies in a temporary folder.
"""

import argparse
import gc
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from uuid import uuid4

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

PAGES = [
    "numbers",
    "numbers?matrix=full",
    "numbers?version=1",
    "dashboard",
    "review",
    "review?source=labels",
    "models",
    "autolabel",
    "learning",
]
ALLOWED = 200.0  # ms
LOOKS = 5
RIGHT = 0.8  # of the model's answers


def main() -> None:
    """Make the project, ask for each page, print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("pages", nargs="*", default=PAGES, metavar="PAGE")
    arguments.add_argument("--images", type=int, default=100_000)
    arguments.add_argument("--labels", type=int, default=100)
    arguments.add_argument("--audit", type=int, default=2_000)
    arguments.add_argument("--others", type=int, default=5_000, help="answers beside the audit")
    arguments.add_argument("--multi", action="store_true", help="several labels per image")
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begin(Path(folder))
        made = Made(wanted)
        gc.collect()
        gc.freeze()  # a server does not hold the project that this program made
        print(f"{wanted.images:,} images, {wanted.labels} labels, {wanted.audit:,} audit labels")
        print(f"{'page':<28}{'after an answer':>16}{'then':>10}{'ratio':>8}")
        for page in wanted.pages:
            first, later = made.time(page)
            print(f"{page:<28}{first:>13.0f} ms{later:>7.0f} ms{first / ALLOWED:>8.2f}")


def begin(folder: Path) -> None:
    """A fresh installation in the folder."""
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "LABELER_STORAGE_URL"):
        os.environ.pop(name, None)
    os.environ.update(
        LABELER_DATA=str(folder), DJANGO_SETTINGS_MODULE="labeler.settings", LABELER_DEBUG="0"
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


class Made:
    """The project, and a browser that is signed in."""

    def __init__(self, wanted: argparse.Namespace) -> None:
        from django.test import Client

        from labeler.projects.models import Label, Project, User

        self.wanted, self.rng = wanted, np.random.default_rng(1)
        self.owner = User.objects.create_superuser("owner")
        self.second = User.objects.create_user("second")
        self.project = Project.objects.create(
            name="Large", audit_seed=1, created_by=self.owner, next_row=wanted.images,
            kind="multi" if wanted.multi else "single", audit_target=wanted.audit + 50,
        )  # fmt: skip
        Label.objects.bulk_create(
            Label(project=self.project, name=f"label {n}", place=n) for n in range(wanted.labels)
        )
        self.labels = list(Label.objects.filter(project=self.project).order_by("place"))
        self.images = self._images()
        self.truth = self._marks(wanted.images)
        audit, others = wanted.audit, wanted.others
        self.answer(self.images[:audit], self.truth[:audit], audit=True)
        start = audit + 50
        self.answer(self.images[start : start + others], self.truth[start : start + others])
        self.taught = start, start + others
        for number in (1, 2, 3):
            self._version(number)
        self.asked, self.learned = audit, start
        self.client = Client(headers={"host": "localhost"})
        self.client.force_login(self.owner)

    def _images(self) -> list:
        from labeler.pools.models import Image

        keys = np.sort(self.rng.random(self.wanted.images))
        drawn = self.wanted.audit + 50
        Image.objects.bulk_create(
            [Image(project=self.project, row=row, sha256=f"{row:064x}", name=f"{row}.jpg",
                   width=320, height=240, format="JPEG", bytes=9_999, key=keys[row],
                   audit=row < drawn) for row in range(self.wanted.images)], batch_size=2_000,
        )  # fmt: skip
        return list(Image.objects.filter(project=self.project).order_by("row"))

    def _marks(self, n: int) -> np.ndarray:
        """One label an image, or about three, some labels far more frequent than others."""
        k = self.wanted.labels
        often = 1 / np.arange(1, k + 1) ** 0.5
        if self.wanted.multi:
            return self.rng.random((n, k)) < 3 * often / often.sum()
        marks = np.zeros((n, k), dtype=bool)
        marks[np.arange(n), self.rng.choice(k, size=n, p=often / often.sum())] = True
        return marks

    def answer(self, images: list, truth: np.ndarray, *, audit: bool = False, by=None) -> None:
        """What people say about the images: the owner, unless told who."""
        from labeler.labeling.models import Annotation
        from labeler.pools.models import Image

        rows = Annotation.objects.bulk_create(
            [Annotation(uuid=uuid4(), project=self.project, image=image, user=by or self.owner,
                        audit=audit, elapsed_ms=900) for image in images], batch_size=2_000,
        )  # fmt: skip
        through = Annotation.labels.through
        through.objects.bulk_create(
            [through(annotation=row, label=self.labels[at])
             for row, marks in zip(rows, truth, strict=True) for at in np.flatnonzero(marks)],
            batch_size=2_000,
        )  # fmt: skip
        pks = [image.pk for image in images]
        for start in range(0, len(pks), 900):
            some = Image.objects.filter(pk__in=pks[start : start + 900])
            some.update(state=Image.State.LABELED)

    def _version(self, number: int) -> None:
        from labeler.training import cross_validated, predictions, versions
        from labeler.training.models import ModelVersion, Round

        done = Round.objects.create(
            project=self.project, number=number, reason="labels", state="done", n_labels=5_000
        )
        ModelVersion.objects.filter(project=self.project).update(serving=False)
        version = ModelVersion.objects.create(
            project=self.project, number=number, round=done, head="logistic",
            features=self.project.features, label_ids=[label.pk for label in self.labels],
            strategy="margin", n_labels=5_000, seen_annotation=0, sha256=uuid4().hex,
            serving=True, temperature=1.3,
        )  # fmt: skip
        n = self.wanted.audit + 50
        rows = np.arange(n)
        predictions.write_audit(versions.folder(version), rows, self._believed(self.truth[:n]))
        rows = np.arange(*self.taught)
        held_out = self._believed(self.truth[rows])
        cross_validated.write(versions.folder(version), rows, held_out)

    def _believed(self, truth: np.ndarray) -> np.ndarray:
        n, k = truth.shape
        if self.wanted.multi:
            noise = self.rng.beta(1, 12, (n, k))
            right = self.rng.random((n, k)) < RIGHT
            return np.where(truth & right, 1 - noise, noise)
        wrong = self.rng.integers(0, k, n)
        said = np.where(self.rng.random(n) < RIGHT, truth.argmax(axis=1), wrong)
        proba = self.rng.dirichlet(np.full(k, 0.05), n) * 0.4
        proba[np.arange(n), said] += 0.6
        return proba

    def time(self, page: str) -> tuple[float, float]:
        """Milliseconds of the first look after an answer, and the median of later looks."""
        from django.urls import reverse

        name, _, query = page.partition("?")
        address = reverse(name, args=[self.project.pk]) + (f"?{query}" if query else "")
        self._look(address)  # code is loaded once in a server's life
        firsts = []
        for _ in range(LOOKS):
            at = self.asked
            self.answer(self.images[at : at + 1], self.truth[at : at + 1], audit=True)
            self.asked += 1
            once_more = slice(self.learned, self.learned + 1)
            self.answer(self.images[once_more], self.truth[once_more], by=self.second)
            self.learned += 1
            firsts.append(self._look(address))
        return median(firsts), median(self._look(address) for _ in range(LOOKS))

    def _look(self, address: str) -> float:
        began = time.process_time()
        response = self.client.get(address)
        assert response.status_code == 200, (address, response.status_code)
        return 1000 * (time.process_time() - began)


if __name__ == "__main__":
    main()
