"""`manage.py sign_in_link`: a way in for the owner, where no `up` printed one."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from labeler.supervisor import owner


class Command(BaseCommand):
    help = "Print a link that signs the owner in once. Links printed before stop working."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--address",
            help="where people reach this installation, such as https://labels.example.org",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        first = next(iter(settings.CSRF_TRUSTED_ORIGINS), f"http://127.0.0.1:{settings.PORT}")
        address = (options["address"] or first).rstrip("/")
        self.stdout.write(owner.link(owner.first(), address))
