"""Steering an import that was started: decide how, let it go, pause it, cancel it, take it back."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.pools import names, staging, taking_back
from labeler.pools.manifests.options import TREE, Options, check_format
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.work.messages import nudge

LATER = "later"  # the cursor's "folders" where somebody wants to be asked what their names mean
ON_ITS_WAY = (*Import.OPEN, Import.State.WAITING, Import.State.PAUSED)


def decide(
    imp: Import,
    options: object,
    *,
    manifest: str | None = None,
    format: str | None = None,
    folders: str | None = None,
) -> None:
    """Look again with these options, nothing being stored yet; then it waits for `go` as before.

    Until a worker has looked the import is DUE or RUNNING. manifest, format, folders: None leaves
    them.
    Also for an import that failed because its manifest could not be read. Raises ImportRefused.
    """
    decided = Options.of(imp.project, options).as_dict()
    asked = {} if manifest is None else {"manifest": names.clean(manifest) if manifest else ""}
    if format is not None:
        asked["format"] = check_format(format)
    with transaction.atomic():
        held = _held(imp)
        undecided = held.state in (Import.State.WAITING, Import.State.FAILED) and not held.read
        if not undecided or held.total is not None:
            words = _("Import %(n)s does not wait for a decision.") % {"n": imp.number}
            raise ImportRefused("not_waiting", words)
        if held.state == Import.State.FAILED and not staging.is_listed(imp.pk):
            raise ImportRefused("files_gone", _("Its files are no longer kept. Send them again."))
        cursor = unlooked(held.cursor)
        cursor.pop("go", None)
        cursor["asked"] = {"manifest": "", "format": ""} | cursor.get("asked", {}) | asked
        meant = {} if folders is None else {"folders": Import.Folders(folders)}
        _to_a_worker(held, cursor=cursor, options=decided, asks=True, **meant)
    imp.refresh_from_db()


def go(imp: Import, options: object = None) -> None:
    """Bring it in as the plan says. Raises ImportRefused.

    options: None for those of the last look. With others a worker looks once more and then goes
    on by itself: they say what becomes of names, splits and predictions, not how to read rows.
    """
    decided = None if options is None else Options.of(imp.project, options).as_dict()
    with transaction.atomic():
        held = _held(imp)
        if held.state != Import.State.WAITING:
            words = _("Import %(n)s does not wait for a decision.") % {"n": imp.number}
            raise ImportRefused("not_waiting", words)
        if error := held.plan.get("error"):
            raise ImportRefused("bad_manifest", f"{error} {held.plan.get('remedy', '')}".strip())
        fields: dict[str, Any] = {}
        cursor = held.cursor | {"go": True}
        if decided is not None and decided != held.options:
            cursor, fields["options"] = unlooked(cursor), decided
        if held.format == TREE and held.folders == Import.Folders.IGNORE:
            fields["folders"] = Import.Folders.LABELS  # the plan said so
        _to_a_worker(held, cursor=cursor, **fields)
    imp.refresh_from_db()


def pause(imp: Import) -> None:
    """Stop for a while; what came in stays, and it goes on at the same place.

    Raises ImportRefused.
    """
    moving = Import.objects.filter(pk=imp.pk, state__in=Import.OPEN, sealed=True)
    paused = moving.update(state=Import.State.PAUSED, lease_until=None, not_before=None)
    imp.refresh_from_db()
    if not paused:
        words = _("Import %(n)s cannot be paused: it is not bringing images in.")
        raise ImportRefused("not_moving", words % {"n": imp.number})


def go_on(imp: Import) -> None:
    """Go on after a pause. Raises ImportRefused."""
    paused = Import.objects.filter(pk=imp.pk, state=Import.State.PAUSED)
    moved = paused.update(state=Import.State.DUE, attempts=0, error="")
    imp.refresh_from_db()
    if not moved:
        words = _("Import %(n)s is not paused.") % {"n": imp.number}
        raise ImportRefused("not_paused", words)
    nudge("import", imp.pk)


def cancel(imp: Import, *, take_back: bool = False) -> int:
    """Stop an import that is not over; what came in stays, or is taken back by a worker.

    take_back: also for an import that is over. Images that somebody has answered or remarked on
    since stay: returned is how many those are now; `taken_back(imp)` tells it in the end. Raises
    ImportRefused.
    """
    with transaction.atomic():
        held = _held(imp)
        over = held.state not in ON_ITS_WAY
        if over and not (take_back and held.added and "taken_back" not in held.cursor):
            words = _("Import %(n)s is over already.") % {"n": imp.number}
            raise ImportRefused("import_over", words)
        if is_taking_back(held):
            raise ImportRefused("taking_back", _("Its images are being taken back already."))
        if take_back and held.added:
            _to_a_worker(held, cursor=held.cursor | {"take_back": True}, sealed=True)
        else:
            _mine(held).update(
                state=Import.State.CANCELLED, finished_at=Now(), lease_until=None, not_before=None
            )
    imp.refresh_from_db()
    staging.clear(imp.pk)
    return taking_back.staying(imp) if take_back else 0


def is_taking_back(imp: Import) -> bool:
    """Whether a worker removes what the import brought in, or is about to."""
    return bool(imp.cursor.get("take_back")) and imp.state in ON_ITS_WAY


def taken_back(imp: Import) -> dict[str, int] | None:
    """{"removed", "stayed"}: images, once an import was taken back; else None."""
    told: dict[str, int] | None = imp.cursor.get("taken_back")
    return told


def _held(imp: Import) -> Import:
    """The row, locked and fresh."""
    return Import.objects.select_for_update(of=("self",)).get(pk=imp.pk)


def _mine(imp: Import) -> "QuerySet[Import]":
    return Import.objects.filter(pk=imp.pk)


def _to_a_worker(imp: Import, **fields: Any) -> None:
    """Due again; a worker that holds the row loses it."""
    _mine(imp).update(
        state=Import.State.DUE, attempts=0, error="", lease_until=None, not_before=None,
        finished_at=None, **fields,
    )  # fmt: skip
    nudge("import", imp.pk)


def unlooked(cursor: dict[str, Any]) -> dict[str, Any]:
    """The cursor of an import that is to be looked at again."""
    return {key: value for key, value in cursor.items() if key != "looked"}
