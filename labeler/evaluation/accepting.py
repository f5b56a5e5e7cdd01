"""Studies "accept" and "revoke": give the model's labels to images, or take them back, in chunks.

A chunk and the note how far it is are one transaction: a worker that is killed leaves whole
chunks, and the next one goes on where it stopped.
"""

from typing import Any

import numpy as np
from django.db import connection

from labeler.evaluation import autolabel, within
from labeler.evaluation.models import Study
from labeler.evaluation.within import Within
from labeler.labeling import accepted
from labeler.labeling.accepted import Given
from labeler.labeling.models import Acceptance
from labeler.pools.models import Image
from labeler.training import predictions, rounds, sureness
from labeler.training.models import ModelVersion, Round
from labeler.training.sureness import Reader
from labeler.work import leases
from labeler.work.leases import Hopeless

CHUNK = 1024  # rows of the pool; people's answers wait for no more than one


def answer(row: Study) -> dict[str, Any]:
    """Do what the row asks for. Raises Hopeless, LeaseLost."""
    acceptance = Acceptance.objects.select_related("project").get(pk=row.options["acceptance"])
    found = _revoke(row, acceptance) if row.kind == "revoke" else _accept(row, acceptance)
    count_anew(acceptance)
    return found


def _accept(row: Study, acceptance: Acceptance) -> dict[str, Any]:
    version = ModelVersion.objects.get(project=acceptance.project, number=acceptance.version)
    if not predictions.folder(version).exists():
        raise Hopeless(
            f"The predictions of version {version.number} are gone. Revoke it and accept again."
        )
    reader, total, inside = Reader(version), acceptance.project.next_row, _inside(acceptance)
    first = row.done
    while first < total:
        end = min(first + CHUNK, total)
        found = passing(reader, acceptance, first, end, inside)
        with leases.publishing(row):
            if not _stands(acceptance):
                break
            accepted.give(acceptance, found)
            leases.renew(row, phase="accepting", done=end, total=total, attempts=1)
        first = end
    acceptance.refresh_from_db()
    if acceptance.teaches and not acceptance.revoked_at:
        rounds.ask(acceptance.project, Round.Reason.ASKED, acceptance.created_by)
    return {"acceptance": acceptance.number, "images": acceptance.images}


def _inside(acceptance: Acceptance) -> Within | None:
    try:
        return within.of(acceptance)
    except within.Gone as error:
        raise Hopeless("The list of its images is gone. Revoke it and accept again.") from error


def passing(
    reader: Reader, acceptance: Acceptance, first: int, end: int, inside: Within | None = None
) -> list[Given]:
    """The open images among these rows that the acceptance's thresholds let through."""
    images = Image.objects.filter(
        project=acceptance.project, state=Image.State.OPEN, row__gte=first, row__lt=end
    )
    pks = dict(images.values_list("row", "pk"))
    rows = np.array(sorted(pks), dtype=np.int64)
    if inside is not None:
        rows = rows[inside.has(rows)]
    given, sure = reader.decide(rows)
    known = sureness.Sureness(reader.places(given), sure, reader.label_ids, 0.0)
    good = autolabel.passes(known, acceptance.thresholds, multi=reader.multi)
    return [
        Given(
            pks[int(rows[at])],
            [pk for pk, has in zip(reader.label_ids, given[at], strict=True) if has],
            round(float(sure[at]), 4),
        )
        for at in np.flatnonzero(good)
    ]


def _stands(acceptance: Acceptance) -> bool:
    """Whether nobody has revoked it; nobody can until the transaction ends."""
    mine = Acceptance.objects.filter(pk=acceptance.pk, revoked_at=None)
    if connection.features.has_select_for_update:
        mine = mine.select_for_update()
    return mine.values_list("pk", flat=True).first() is not None


def _revoke(row: Study, acceptance: Acceptance) -> dict[str, Any]:
    done = row.done
    while True:
        with leases.publishing(row):
            some = accepted.take_back(acceptance)
            done += some
            total = max(row.total, done)
            leases.renew(row, phase="revoking", done=done, total=total, attempts=1)
        if not some:
            return {"acceptance": acceptance.number, "images": done}


def count_anew(acceptance: Acceptance) -> None:
    """What could be accepted has changed: count it again, for the version that serves."""
    serving = ModelVersion.objects.filter(project=acceptance.project, serving=True).first()
    if serving is not None and predictions.folder(serving).exists():
        sureness.make(serving, lambda done, total: None)
