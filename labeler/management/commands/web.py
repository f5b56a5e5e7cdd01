"""`manage.py web`: the web server alone, for a container or a service manager."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from labeler.supervisor import programs


class Command(BaseCommand):
    help = "Become the web server on LABELER_BIND and LABELER_PORT. `up` starts one by itself."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        host = f"[{settings.BIND}]" if ":" in settings.BIND else settings.BIND
        command = programs.web(f"{host}:{settings.PORT}")
        os.execvp(command[0], command)  # noqa: S606 - our own program, no shell
