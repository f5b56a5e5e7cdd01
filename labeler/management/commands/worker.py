"""`manage.py worker QUEUE`: one worker alone, for a container or a service manager."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from labeler.supervisor import programs


class Command(BaseCommand):
    help = "Become the worker of one queue. `up` starts one for each by itself."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "queue",
            choices=programs.QUEUES,
            help="rounds: short work somebody waits for; chores: imports and embeddings",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        command = programs.worker(options["queue"])
        os.execvp(command[0], command)  # noqa: S606 - our own program, no shell
