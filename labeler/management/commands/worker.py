"""`manage.py worker QUEUE`: one worker alone, for a container or a service manager."""

import argparse
import os
import re
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
        parser.add_argument(
            "--name",
            type=_name,
            help="a name for each, where one host runs several workers of a queue: rounds-2",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        command = programs.worker(options["queue"], options["name"] or "")
        os.execvp(command[0], command)  # noqa: S606 - our own program, no shell


def _name(given: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", given):
        raise argparse.ArgumentTypeError("write letters, digits, - and _, at most 64")
    return given
