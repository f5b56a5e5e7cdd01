"""Make an access token from the command line."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeler.projects import secret, tokens
from labeler.projects.access import projects_of
from labeler.projects.models import Membership, Project, User


class Command(BaseCommand):
    help = "Make an access token for a user and print it, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user")
        parser.add_argument("--project", help="number or name; default: all the user's projects")
        parser.add_argument("--role", choices=Membership.Role.values, default="admin")
        parser.add_argument("--read-only", action="store_true", help="it may change nothing")
        parser.add_argument("--days", type=int, default=90, help="0: until revoked; default 90")
        parser.add_argument("--name", default="command line")
        parser.add_argument("--json", action="store_true", help="print machine-readable results")

    def handle(self, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']}.")
        if not 0 <= options["days"] <= 36_500:
            raise CommandError("--days is a number from 0 to 36500; 0 means until revoked.")
        project = _project(user, options["project"]) if options["project"] else None
        ends = secret.in_days(options["days"]) if options["days"] else None
        try:
            token, given = tokens.issue(
                user=user, name=options["name"][:100], project=project,
                role=options["role"], read_only=options["read_only"], expires_at=ends,
            )  # fmt: skip
        except tokens.TooManyTokens as error:
            raise CommandError("This user has 100 tokens. Revoke one first.") from error
        if options["json"]:
            until = ends and ends.isoformat(timespec="seconds")
            told = {"token": given, "user": user.username, "role": token.role, "expires_at": until}
            told["read_only"] = token.read_only
            told["project"] = project and project.pk
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(given)


def _project(user: User, wanted: str) -> Project:
    mine = projects_of(user)
    short = wanted.isascii() and wanted.isdigit() and len(wanted) < 19
    found = list(mine.filter(pk=int(wanted)) if short else mine.filter(name=wanted)[:2])
    if not found:
        raise CommandError(f"{user} is in no project {wanted}.")
    if len(found) > 1:
        raise CommandError(f"Several projects are called {wanted}; give the number.")
    return found[0]
