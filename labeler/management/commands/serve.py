"""`manage.py serve`: the prediction service alone, for a container or a service manager."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from labeler.serving import place
from labeler.supervisor import port, programs
from labeler.supervisor.refusing import CannotStart


class Command(BaseCommand):
    help = "Become the prediction service on LABELER_SERVE_BIND. `up` starts one by itself."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        host, _, number = settings.SERVE_BIND.rpartition(":")
        if not number.isdigit():
            raise CommandError("LABELER_SERVE_BIND must be host:port, such as 127.0.0.1:8001.")
        try:
            listening = port.listen(host.strip("[]") or "127.0.0.1", int(number))
        except CannotStart as refused:
            raise CommandError(str(refused)) from refused
        place.note(port.address(listening))
        os.set_inheritable(listening.fileno(), True)
        os.environ["LABELER_SERVING"] = "1"
        # Threads of the network sleep while they wait for each other. Spinning, as is their habit,
        # they were measured to take 1.2 s for a picture of 35 ms on two cores that others use too.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        command = programs.prediction(f"fd://{listening.fileno()}")
        os.execvp(command[0], command)  # noqa: S606 - our own program, no shell
