"""`manage.py remove_second_factor NAME`: for somebody who lost their phone and all codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeler.accounts import factors, visits
from labeler.journal import noting
from labeler.projects.models import User


class Command(BaseCommand):
    help = "Take a person's second factor away and end their sessions; the password stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the name the person signs in with")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise CommandError(f"Nobody signs in as {options['name']}.")
        if not factors.remove(user):
            raise CommandError(f"{user.username} has no second factor.")
        visits.end_all(user)
        noting.note("remove_second_factor", target=user.username)
        self.stdout.write(f"{user.username} signs in by password alone now.")
