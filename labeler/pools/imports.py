"""An import from the outside: start it, hand over its files, seal it, try it again.

Once it is on its way, `steering` decides, lets it go, pauses and cancels; those are named here too.
"""

import errno
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.pools import in_place as originals
from labeler.pools import names, origins, server_paths, staging, steering
from labeler.pools.manifests.options import Options, check_format
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.pools.remote import addresses
from labeler.pools.steering import cancel, decide, go, go_on, pause
from labeler.projects import archiving
from labeler.projects.models import Project, User
from labeler.work.messages import nudge

__all__ = ["again", "cancel", "decide", "go", "go_on", "pause", "seal", "stage", "start"]

PATIENCE = timedelta(days=1)  # an upload that sends nothing for so long has been given up
NAME_BYTES = 20_000  # a longer name is not a name


def start(
    *,
    project: Project,
    user: User,
    source: str,
    path: str = "",
    title: str = "",
    folders: str = Import.Folders.IGNORE,
    manifest: str = "",
    format: str = "",
    options: object = None,
    asks: bool = False,
    in_place: bool = False,
    anywhere: bool = False,
) -> Import:
    """Begin an import. An upload then takes `stage` and `seal`; the others start by themselves.

    source: "upload"; "folder" for what lies at `path` on the server (a folder or an archive);
    "bucket" for an s3://, gs:// or az:// address; "urls" for an https address, or, without `path`,
    for a list of them that is staged like an upload.
    folders: "ignore", "labels" or "truth": what the names of folders mean. "later": ask, but only
    where no manifest says more; with `asks`.
    manifest, format: its name among the files, and how to read it; found out where they are "".
    Format "pictures" reads no manifest. options: see manifests.options; the JSON of a request.
    asks: look first, and wait in state WAITING until somebody lets it `go`.
    in_place: the originals stay where they are; for server folders only.
    anywhere: the path may lie outside the allowed folders; for the operator's command only.
    Raises ImportRefused; nothing has happened then.
    """
    if project.archived_at:
        raise ImportRefused("archived", archiving.words())
    _check_choice(source, Import.Source.values, "source")
    later = asks and folders == steering.LATER
    if not later:
        _check_choice(folders, Import.Folders.values, "folders")
    place = _place(source, path, anywhere=anywhere)
    decided = Options.of(project, {} if options is None else options).as_dict()
    if in_place and source != Import.Source.FOLDER:
        words = _("Only the files of a server folder can stay where they are. Leave in_place out.")
        raise ImportRefused("in_place", words)
    if in_place and anywhere:
        originals.allow(Path(place))
    return _start(
        project,
        source=source,
        path=place,
        title=(names.clean(title) if title else _last_part(place))[:200],
        folders=Import.Folders.IGNORE if later else folders,
        cursor={"folders": steering.LATER} if later else {},
        manifest=names.clean(manifest) if manifest else "",
        format=check_format(format),
        options=decided,
        asks=asks,
        in_place=in_place,
        origin=origins.of(project, source, place),
        sealed=bool(place),
        created_by=user,
    )


def _start(project: Project, **fields: Any) -> Import:
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # one number at a time
        last = Import.objects.filter(project=project).aggregate(last=Max("number"))["last"]
        imp = Import.objects.create(project=project, number=(last or 0) + 1, **fields)
        if imp.sealed:
            nudge("import", imp.pk)
        else:
            _wait_for_files(imp)
    return imp


def _check_choice(value: str, allowed: list[str], what: str) -> None:
    if value not in allowed:
        raise ImportRefused(
            f"bad_{what}",
            _("%(what)s must be one of: %(allowed)s.")
            % {"what": what, "allowed": ", ".join(allowed)},
        )


def _last_part(place: str) -> str:
    return addresses.shown(place).rstrip("/").rpartition("/")[2]


def _place(source: str, path: str, *, anywhere: bool) -> str:
    """Where the images lie; "" where files are sent. Raises ImportRefused."""
    if source == Import.Source.FOLDER:
        return str(server_paths.real_path(path, anywhere=anywhere))
    if source == Import.Source.BUCKET:
        return server_paths.bucket(path)
    return server_paths.web_address(path) if source == Import.Source.URLS else ""


def _wait_for_files(imp: Import) -> None:
    """No worker takes the import before it is sealed, or given up by its sender."""
    Import.objects.filter(pk=imp.pk).update(not_before=Now() + PATIENCE)


def stage(imp: Import, name: str, file: IO[bytes]) -> None:
    """Keep one uploaded file until its turn comes. Raises ImportRefused.

    name: as its owner calls it, with folders ("cat/1.jpg"); text only, never a path of ours.
    """
    _check_open(imp)
    if len(name) > NAME_BYTES:
        raise ImportRefused("bad_name", _("A file's name is far too long."))
    if names.is_junk(name):
        return
    try:
        staging.take(imp.pk, name, file)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            words = _("There is no space left on the disk of %(place)s. Free some space.")
            message = words % {"place": staging.root()}
            raise ImportRefused("disk_full", message) from error
        raise ImportRefused("cannot_store", f"{staging.root()}: {error.strerror}.") from error
    _wait_for_files(imp)


def _check_open(imp: Import) -> None:
    imp.refresh_from_db(fields=["state", "sealed"])
    if imp.sealed or imp.state != Import.State.DUE:
        raise ImportRefused("import_closed", _("This import takes no more files. Start a new one."))


def seal(imp: Import) -> None:
    """The last file has arrived: a worker may begin. Sealing twice is sealing once."""
    open_imports = Import.objects.filter(pk=imp.pk, sealed=False, state=Import.State.DUE)
    if open_imports.update(sealed=True, not_before=None):
        nudge("import", imp.pk)
    imp.refresh_from_db()


def again(imp: Import) -> None:
    """Let a failed import go on where it stopped. Raises ImportRefused."""
    if imp.source == Import.Source.UPLOAD and not staging.is_listed(imp.pk):
        raise ImportRefused("files_gone", _("Its files are no longer kept. Send them again."))
    failed = Import.objects.filter(pk=imp.pk, state=Import.State.FAILED)
    # Before anything came in, what there is may be another manifest by now.
    cursor = imp.cursor if imp.total is not None else steering.unlooked(imp.cursor)
    restarted = failed.update(
        state=Import.State.DUE, attempts=0, error="", not_before=None, finished_at=None,
        cursor=cursor,
    )  # fmt: skip
    imp.refresh_from_db()
    if not restarted:
        raise ImportRefused("not_failed", _("Import %(n)s has not failed.") % {"n": imp.number})
    nudge("import", imp.pk)
