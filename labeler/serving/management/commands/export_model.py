"""`manage.py export_model PROJECT --to FILE.zip`: take a model version along."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeler.pools.management.commands.import_pool import find_project
from labeler.projects.models import Project
from labeler.serving.export import FORMATS, ExportFailed
from labeler.training import versions
from labeler.training.models import ModelVersion


class Command(BaseCommand):
    """Exports in this process; no server needs to run."""

    help = (
        "Write a model version as a ZIP: the model (ONNX, or a program of torch.export), its "
        "labels and thresholds, an example that runs it, and a model card."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Django's own --version makes room for the model's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's number or exact name")
        parser.add_argument(
            "--version", type=int, dest="number", metavar="N", help="(default: the one that serves)"
        )
        parser.add_argument("--format", choices=FORMATS, default="onnx", help="(default: onnx)")
        parser.add_argument("--to", required=True, metavar="PATH", help="the ZIP to write")

    def handle(self, *args: Any, **options: Any) -> None:
        from labeler.serving.export import making  # loads what learns

        version = _version(find_project(options["project"]), options["number"])
        target = Path(options["to"])
        try:
            checked = making.make(version, options["format"], target.absolute())
        except ExportFailed as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}.") from error
        self.stdout.write(
            f"Version {version.number} as {options['format']}: {target}. On {checked.images} "
            f"images of the pool no probability differs by more than {checked.largest:.1e}."
        )


def _version(project: Project, number: int | None) -> ModelVersion:
    if number is None:
        found = versions.serving(project)
        if found is None:
            raise CommandError(f"{project.name} has no model yet. Label some images, then train.")
    else:
        found = ModelVersion.objects.filter(project=project, number=number).first()
        if found is None:
            raise CommandError(f"{project.name} has no model version {number}.")
    found.project = project
    return found
