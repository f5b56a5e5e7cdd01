"""An export from the outside: ask for it, see how far it is, hand its file over."""

from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from labeler.pools.refusing import ImportRefused
from labeler.projects import archiving
from labeler.projects.models import User
from labeler.serving.models import ModelExport
from labeler.training import versions
from labeler.training.models import ModelVersion
from labeler.work import leases
from labeler.work.messages import nudge

KIND = "model_export"


def ask(version: ModelVersion, format: str, by: User) -> ModelExport:
    """Have a worker make the archive anew; one on its way stays. Raises ImportRefused."""
    if version.project.archived_at:
        raise ImportRefused("archived", archiving.words())
    with transaction.atomic():
        row, _made = ModelExport.objects.select_for_update().get_or_create(
            version=version, format=format, defaults={"asked_by": by}
        )
        if not row.is_open:
            row.state, row.attempts, row.error = ModelExport.State.DUE, 0, ""
            row.not_before = row.finished_at = None
            row.asked_by = by
            row.save()
        nudge(KIND, row.pk)
    return row


def of(version: ModelVersion, format: str) -> ModelExport | None:
    """The version's export in this format, if somebody asked for one."""
    return ModelExport.objects.filter(version=version, format=format).first()


def file(row: ModelExport) -> Path:
    """Where the archive lies."""
    return versions.folder(row.version) / "exports" / f"{row.format}.zip"


def name(row: ModelExport) -> str:
    """What the archive is called where it is saved."""
    return f"model-{row.version.project_id}-version-{row.version.number}-{row.format}.zip"


def run(row: ModelExport) -> None:
    """Make the archive of a claimed row. Raises LeaseLost."""
    from labeler.serving.export import ExportFailed, making  # loads what learns

    try:
        with leases.keeping(row):
            checked = making.make(row.version, row.format, file(row))
    except ExportFailed as error:
        leases.finish(row, ModelExport.State.FAILED, error=str(error))
    except OSError as error:
        words = _("The archive cannot be written: %(why)s. Make room, then export again.")
        why = error.strerror or str(error)
        leases.finish(row, ModelExport.State.FAILED, error=words % {"why": why})
    else:
        size = file(row).stat().st_size
        leases.finish(row, error="", bytes=size, **checked._asdict())
