"""`manage.py delete_account NAME`: take away all that names a person."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeler.accounts import leaving
from labeler.projects.models import User


class Command(BaseCommand):
    help = "Delete a person's account; their answers stay under a name that says nothing, or go."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the name the person signs in with")
        parser.add_argument(
            "--answers", choices=leaving.CHOICES, default=leaving.KEEP,
            help="keep them under a name that says nothing, or let a worker delete them, too",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise CommandError(f"Nobody signs in as {options['name']}.")
        try:
            now = leaving.delete(user, answers=options["answers"])
        except leaving.LastOwner as error:
            raise CommandError(
                f"{options['name']} is the last owner. Make another one first."
            ) from error
        words = {
            leaving.KEEP: f"Their answers are {now}'s.",
            leaving.DELETE: f"A worker takes out the answers, which are {now}'s until then.",
        }
        self.stdout.write(f"{options['name']} is gone. {words[options['answers']]}")
