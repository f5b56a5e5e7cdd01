"""`manage.py prepare`: tables, static files and an owner, without starting anything."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeler.supervisor import preparing
from labeler.supervisor.alone import alone
from labeler.supervisor.refusing import CannotStart


class Command(BaseCommand):
    help = "Bring tables and static files up to date and make the first owner; `up` does so itself."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            preparing.data_folder()
            with alone():
                for name, step in preparing.steps():
                    step()
                    self.stdout.write(f"{name}: ready")
        except CannotStart as refused:
            raise CommandError(str(refused)) from refused
