"""`manage.py delete_account NAME`: take away all that names a person."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeler.accounts import leaving
from labeler.projects.models import User


class Command(BaseCommand):
    help = "Delete a person's account; their answers stay under a name that says nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the name the person signs in with")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise CommandError(f"Nobody signs in as {options['name']}.")
        try:
            now = leaving.delete(user)
        except leaving.LastOwner as error:
            raise CommandError(
                f"{options['name']} is the last owner. Make another one first."
            ) from error
        self.stdout.write(f"{options['name']} is gone. Their answers are {now}'s.")
