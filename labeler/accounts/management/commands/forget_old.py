"""`manage.py forget_old`: what is older than the settings keep."""

from typing import Any

from django.core.management.base import BaseCommand

from labeler.accounts import keeping


class Command(BaseCommand):
    help = "Take out ended sessions, old sign-in logs, used links and old lines of the journal."

    def handle(self, *args: Any, **options: Any) -> None:
        for kind, number in keeping.forget().items():
            self.stdout.write(f"{kind}: {number}")
