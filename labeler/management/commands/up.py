"""`manage.py up`: start everything, stay until told to stop."""

import os
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from labeler import demo
from labeler.supervisor import owner, port, preparing, programs, readiness
from labeler.supervisor.alone import alone
from labeler.supervisor.lock import Lock
from labeler.supervisor.refusing import CannotStart
from labeler.supervisor.watch import Supervisor

PATIENCE = 60.0  # seconds for the web server to answer before the link is printed anyway
PATIENCE_DEMO = 15.0  # seconds for the demo's first image


class Command(BaseCommand):
    help = "Start the web server and the workers, print a link that signs the owner in, and watch."
    requires_system_checks: list[str] = []  # the web server runs them; here they cost a second

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run()
        except CannotStart as refused:
            raise CommandError(str(refused)) from refused
        except KeyboardInterrupt:
            self._say("Stopped.")

    def _run(self) -> None:
        lock = Lock(preparing.data_folder())
        listening = port.listen(settings.BIND, settings.PORT)
        address = port.address(listening)
        lock.sign(address)
        if os.geteuid() == 0:
            self._say("Labeler runs as root here. An ordinary user is enough, and safer.")
        with alone():
            for name, step in [*preparing.steps(), ("demo project", demo.make_at_first)]:
                self._timed(name, step)
        chosen = programs.everything(listening.fileno())
        with Supervisor(chosen, say=self._say, lock=lock.fileno()) as supervisor:
            self._announce(supervisor, address)
            while not supervisor.stopping:
                supervisor.turn()
            self._say("Stopping. Work that was begun goes on at the next start.")
        lock.release()
        self._say("Stopped.")

    def _announce(self, supervisor: Supervisor, address: str) -> None:
        self._wait(supervisor, "web server", lambda: readiness.web(address), PATIENCE)
        if demo.is_coming():
            self._wait(supervisor, "first image", readiness.first_image, PATIENCE_DEMO)
        if not supervisor.stopping:
            self._say(f"\nLabeler runs at {address} with its data in {settings.DATA}")
            self._say("Sign in with this link; it works once:\n")
            self._say(f"  {owner.link(owner.first(), address)}\n")
            self._say("Ctrl-C stops everything.")
        self._wait(supervisor, "predictions", readiness.predictions, PATIENCE)
        connections.close_all()

    def _wait(self, supervisor: Supervisor, name: str, ready: Any, patience: float) -> None:
        began = time.monotonic()
        while not supervisor.stopping and time.monotonic() - began < patience:
            if ready():
                self._took(name, began)
                return
            supervisor.turn()
        if not supervisor.stopping:
            self._say(f"  {name:<14} not there after {patience:.0f} s; see the lines above")

    def _timed(self, name: str, step: Any) -> None:
        began = time.monotonic()
        step()
        self._took(name, began)

    def _took(self, name: str, began: float) -> None:
        self._say(f"  {name:<14} {time.monotonic() - began:5.1f} s")

    def _say(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
