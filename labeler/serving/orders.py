"""A batch prediction from the outside: ask for it, hand its files over, cancel, repeat, delete."""

from collections.abc import Sequence
from datetime import timedelta
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeler.pools import imports, names, server_paths, staging, starting, uploads
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.pools.remote import addresses
from labeler.projects import archiving
from labeler.projects.models import Project, User
from labeler.serving import material, results
from labeler.serving.models import BatchPrediction
from labeler.training import versions
from labeler.training.models import ModelVersion
from labeler.work.messages import nudge

KIND, PIECE = "predict", "predict_piece"
MOST_PLACES = 100  # in one batch
KEPT_FAILED = timedelta(days=7)  # what was staged, for another try
OVER = (BatchPrediction.State.DONE, BatchPrediction.State.FAILED, BatchPrediction.State.CANCELLED)


class NoModel(Exception):
    """There is nothing that could judge; the message says what to do."""


def of_places(
    project: Project,
    user: User,
    places: Sequence[str],
    *,
    number: int | None = None,
    title: str = "",
    anywhere: bool = False,
) -> BatchPrediction:
    """Judge what lies at these places: folders, archives and lists on the server, buckets, web
    addresses.

    number: of the model version; the serving one where it is None. anywhere: paths may lie outside
    the allowed folders; for the operator's command only. Raises ImportRefused, NoModel.
    """
    if not 0 < len(places) <= MOST_PLACES:
        words = _("Name 1 to %(n)s places that hold pictures.") % {"n": MOST_PLACES}
        raise ImportRefused("no_places", words)
    checked = [_place(place.strip(), anywhere=anywhere) for place in places]
    first = addresses.shown(checked[0]).rstrip("/").rpartition("/")[2]
    more = ngettext(" and %(n)s more", " and %(n)s more", len(places) - 1) % {"n": len(places) - 1}
    return _started(
        project, user, number, source=BatchPrediction.Source.PLACES, places=checked,
        title=title or first + (more if len(places) > 1 else ""),
        cursor={"anywhere": True} if anywhere else {},
    )  # fmt: skip


def _place(place: str, *, anywhere: bool) -> str:
    source = starting.source_of(place)
    if source == Import.Source.BUCKET:
        return server_paths.bucket(place)
    if addresses.is_address(place):
        return server_paths.web_address(place)
    return str(server_paths.real_path(place, anywhere=anywhere))


def of_pool(
    project: Project, user: User, *, number: int | None = None, title: str = ""
) -> BatchPrediction:
    """Judge the project's own images. Raises ImportRefused, NoModel."""
    return _started(
        project, user, number, source=BatchPrediction.Source.POOL, title=title or _("the pool")
    )


def of_files(
    project: Project,
    user: User,
    files: Sequence[tuple[str, IO[bytes]]],
    *,
    number: int | None = None,
    title: str = "",
) -> BatchPrediction:
    """Judge these files, by (name, file): pictures, archives, lists.

    Raises ImportRefused, NoModel.
    """
    if any(len(name) > imports.NAME_BYTES for name, _file in files):
        raise ImportRefused("bad_name", _("A file's name is far too long."))
    wanted = [(name, file, "") for name, file in files if not names.is_junk(name)]
    if not wanted:
        raise ImportRefused("no_files", _("Choose pictures, an archive or a list of addresses."))
    many = _("%(n)s files") % {"n": f"{len(wanted):,}"}
    batch = _started(
        project, user, number, source=BatchPrediction.Source.UPLOAD, sealed=False,
        title=title or (wanted[0][0] if len(wanted) == 1 else many),
    )  # fmt: skip
    try:
        staging.take_all(material.key(batch.pk), wanted)
    except OSError as error:
        delete(batch)
        raise uploads.trouble(error) from error
    _mine(batch).update(sealed=True, not_before=None)
    nudge(KIND, batch.pk)
    batch.refresh_from_db()
    return batch


@transaction.atomic
def _started(project: Project, user: User, number: int | None, **fields: Any) -> BatchPrediction:
    if project.archived_at:
        raise ImportRefused("archived", archiving.words())
    version = _version(project, number)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # one number at a time
    mine = BatchPrediction.objects.filter(project=project)
    fields["title"] = names.clean(fields["title"])[:200]
    batch = BatchPrediction.objects.create(
        project=project, number=(mine.aggregate(last=Max("number"))["last"] or 0) + 1,
        version=version, version_number=version.number, thresholds=version.thresholds,
        created_by=user, **fields,
    )  # fmt: skip
    if batch.sealed:
        nudge(KIND, batch.pk)
    else:  # nobody takes it before its files are there, or given up by their sender
        _mine(batch).update(not_before=Now() + imports.PATIENCE)
    return batch


def _version(project: Project, number: int | None) -> ModelVersion:
    if number is None:
        if serving := versions.serving(project):
            return serving
        words = _("%(name)s has no model yet. Label some images of two labels, then train.")
        raise NoModel(words % {"name": project.name})
    found = ModelVersion.objects.filter(project=project, number=number).first()
    if found is None:
        words = _("%(name)s has no model version %(n)s.")
        raise NoModel(words % {"name": project.name, "n": number})
    return found


def _mine(batch: BatchPrediction) -> Any:
    return BatchPrediction.objects.filter(pk=batch.pk)


def cancel(batch: BatchPrediction) -> None:
    """Stop a batch that is not over; the rows that are there stay. Raises ImportRefused."""
    stopped = (
        _mine(batch)
        .filter(state__in=BatchPrediction.OPEN)
        .update(
            state=BatchPrediction.State.CANCELLED,
            finished_at=Now(),
            lease_until=None,
            not_before=None,
        )
    )
    batch.refresh_from_db()
    if not stopped:
        words = _("Batch prediction %(n)s is over already.") % {"n": batch.number}
        raise ImportRefused("batch_over", words)
    staging.clear(material.key(batch.pk))


def again(batch: BatchPrediction) -> None:
    """Let a failed batch go on where it stopped. Raises ImportRefused."""
    if batch.cursor.get("listed") or batch.source == BatchPrediction.Source.UPLOAD:
        needed = batch.source != BatchPrediction.Source.POOL
        if needed and not staging.is_listed(material.key(batch.pk)):
            raise ImportRefused("files_gone", _("Its files are no longer kept. Start a new one."))
    restarted = (
        _mine(batch)
        .filter(state=BatchPrediction.State.FAILED)
        .update(
            state=BatchPrediction.State.DUE, attempts=0, error="", not_before=None, finished_at=None
        )
    )
    batch.refresh_from_db()
    if not restarted:
        words = _("Batch prediction %(n)s has not failed.") % {"n": batch.number}
        raise ImportRefused("not_failed", words)
    nudge(KIND, batch.pk)


def delete(batch: BatchPrediction) -> None:
    """Take it away with its results; one that runs is stopped. Raises OSError."""
    pk = batch.pk
    _mine(batch).delete()
    staging.clear(material.key(pk))
    results.forget(batch)


def sweep() -> None:
    """Delete what was kept long enough, and what was staged for batches that are over."""
    old = timezone.now() - timedelta(days=settings.BATCH_DAYS)
    for batch in BatchPrediction.objects.filter(state__in=OVER, finished_at__lt=old)[:10]:
        delete(batch)
    staged = {name for name in staging.folders() if name.startswith(material.BEFORE)}
    if not staged:
        return
    lately = timezone.now() - KEPT_FAILED
    failed = BatchPrediction.objects.filter(
        state=BatchPrediction.State.FAILED, finished_at__gte=lately
    )
    wanted = BatchPrediction.objects.filter(state__in=BatchPrediction.OPEN) | failed
    for name in staged - {material.key(pk) for pk in wanted.values_list("pk", flat=True)}:
        staging.clear(name)
