"""An import from the outside: start it, hand over its files, seal it, cancel it, try again."""

import errno
from datetime import timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from labeler.pools import names, staging
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.projects.models import Project, User
from labeler.work.messages import nudge

PATIENCE = timedelta(hours=6)  # an upload that sends nothing for so long has been given up
NAME_BYTES = 20_000  # a longer name is not a name


def start(
    *,
    project: Project,
    user: User,
    source: str,
    path: str = "",
    title: str = "",
    folders: str = Import.Folders.IGNORE,
    anywhere: bool = False,
) -> Import:
    """Begin an import. An upload then takes `stage` and `seal`; a folder starts by itself.

    source: "upload", or "folder" for what lies at `path` on the server (a folder or an archive).
    folders: "ignore", "labels" or "truth": what the names of folders mean.
    anywhere: the path may lie outside the allowed folders; for the operator's command only.
    Raises ImportRefused; nothing has happened then.
    """
    _check_choice(source, Import.Source.values, "source")
    _check_choice(folders, Import.Folders.values, "folders")
    upload = source == Import.Source.UPLOAD
    place = "" if upload else str(_server_path(path, anywhere=anywhere))
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # one number at a time
        last = Import.objects.filter(project=project).aggregate(last=Max("number"))["last"]
        imp = Import.objects.create(
            project=project,
            number=(last or 0) + 1,
            source=source,
            path=place,
            title=(names.clean(title) if title else Path(place).name)[:200],
            folders=folders,
            sealed=not upload,
            created_by=user,
        )
        if upload:
            _wait_for_files(imp)
        else:
            nudge("import", imp.pk)
    return imp


def _check_choice(value: str, allowed: list[str], what: str) -> None:
    if value not in allowed:
        raise ImportRefused(f"bad_{what}", f"{what} must be one of: {', '.join(allowed)}.")


def _server_path(path: str, *, anywhere: bool) -> Path:
    """The real place that `path` names, without links. Raises ImportRefused."""
    if not path.strip() or "\0" in path:
        raise ImportRefused("bad_path", "Give the path of a folder or an archive on the server.")
    if not anywhere and not settings.IMPORT_FOLDERS:
        raise ImportRefused(
            "no_folders", "This installation allows no server folders: set LABELER_IMPORT_FOLDERS."
        )
    real = _real(path)
    if not anywhere and not any(real.is_relative_to(top) for top in settings.IMPORT_FOLDERS):
        raise ImportRefused("outside_folders", _outside())
    if not real.is_dir() and not real.is_file():
        raise ImportRefused("no_such_folder", f"There is no folder or archive at {path[:200]}.")
    if len(str(real)) > 1000:
        raise ImportRefused("bad_path", "The path is longer than 1,000 characters.")
    return real


def _real(path: str) -> Path:
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ImportRefused("bad_path", f"{path[:200]} cannot be opened.") from error


def _outside() -> str:
    allowed = ", ".join(str(folder) for folder in settings.IMPORT_FOLDERS)
    return f"This folder is not one to import from. Choose one below: {allowed}."


def _wait_for_files(imp: Import) -> None:
    """No worker takes the import before it is sealed, or given up by its sender."""
    Import.objects.filter(pk=imp.pk).update(not_before=Now() + PATIENCE)


def stage(imp: Import, name: str, file: IO[bytes]) -> None:
    """Keep one uploaded file until its turn comes. Raises ImportRefused.

    name: as its owner calls it, with folders ("cat/1.jpg"); text only, never a path of ours.
    """
    _check_open(imp)
    if len(name) > NAME_BYTES:
        raise ImportRefused("bad_name", "A file's name is far too long.")
    if names.is_junk(name):
        return
    try:
        staging.take(imp.pk, name, file)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = f"There is no space left on the disk of {staging.root()}. Free some space."
            raise ImportRefused("disk_full", message) from error
        raise ImportRefused("cannot_store", f"{staging.root()}: {error.strerror}.") from error
    _wait_for_files(imp)


def _check_open(imp: Import) -> None:
    imp.refresh_from_db(fields=["state", "sealed"])
    if imp.sealed or imp.state != Import.State.DUE:
        raise ImportRefused("import_closed", "This import takes no more files. Start a new one.")


def seal(imp: Import) -> None:
    """The last file has arrived: a worker may begin. Sealing twice is sealing once."""
    open_imports = Import.objects.filter(pk=imp.pk, sealed=False, state=Import.State.DUE)
    if open_imports.update(sealed=True, not_before=None):
        nudge("import", imp.pk)
    imp.refresh_from_db()


def cancel(imp: Import) -> None:
    """Stop an import that is not over. What came in stays. Raises ImportRefused."""
    ended = Import.objects.filter(pk=imp.pk, state__in=Import.OPEN).update(
        state=Import.State.CANCELLED, finished_at=Now(), lease_until=None
    )
    imp.refresh_from_db()
    if not ended:
        raise ImportRefused("import_over", f"Import {imp.number} is over already.")
    staging.clear(imp.pk)


def again(imp: Import) -> None:
    """Let a failed import go on where it stopped. Raises ImportRefused."""
    if imp.source == Import.Source.UPLOAD and not staging.is_listed(imp.pk):
        raise ImportRefused("files_gone", "Its files are no longer kept. Send them again.")
    failed = Import.objects.filter(pk=imp.pk, state=Import.State.FAILED)
    restarted = failed.update(
        state=Import.State.DUE, attempts=0, error="", not_before=None, finished_at=None
    )
    imp.refresh_from_db()
    if not restarted:
        raise ImportRefused("not_failed", f"Import {imp.number} has not failed.")
    nudge("import", imp.pk)
