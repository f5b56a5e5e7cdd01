"""Make a project from the command line."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeler.projects import creation, labels
from labeler.projects.models import Project, User


class Command(BaseCommand):
    help = "Make a project: create_project NAME --labels healthy rust mildew"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        words = "the label names; without them a yes/no project has Yes and No, others none yet"
        parser.add_argument("--labels", nargs="+", default=[], metavar="LABEL", help=words)
        parser.add_argument("--kind", choices=Project.Kind.values, default=Project.Kind.SINGLE)
        parser.add_argument("--strategy", default="margin")
        parser.add_argument("--owner", help="user name of its admin; default: the first owner")
        parser.add_argument("--json", action="store_true", help="print machine-readable results")

    def handle(self, **options: Any) -> None:
        try:
            project = creation.create(
                user=_admin(options["owner"]),
                name=options["name"],
                wishes=[labels.Wish(name) for name in options["labels"]],
                kind=options["kind"],
                strategy=options["strategy"],
            )
        except (creation.SettingsRefused, labels.LabelsRefused) as refused:
            raise CommandError(str(refused)) from refused
        if options["json"]:
            named = list(project.labels.values_list("name", flat=True))
            told = {"id": project.pk, "name": project.name, "labels": named}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            self.stdout.write(f"Project {project.pk}, {project.name}, is ready for images.")


def _admin(name: str | None) -> User:
    if name:
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no user {name}.")
        return user
    owner = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if owner is None:
        raise CommandError("There is no owner yet. Start Labeler once, or name a user by --owner.")
    return owner
