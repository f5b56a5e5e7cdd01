"""`manage.py doctor`: what is wrong with this installation, and what to do."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from labeler.operations.doctor import examining
from labeler.operations.doctor.findings import Finding

WORST = {"ok": 0, "warn": 1, "bad": 2}


class Command(BaseCommand):
    help = "Look at settings, versions, disk, services, clock, weights and workers; say what to do."
    requires_system_checks: list[str] = []  # it runs them itself

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = examining.examine()
        worst = max((each.state for each in found), key=WORST.__getitem__)
        if options["json"]:
            told = {"state": worst, "findings": [each.as_dict() for each in found]}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            for each in found:
                self._say(each)
        if worst == "bad":
            sys.exit(1)

    def _say(self, each: Finding) -> None:
        self.stdout.write(f"{each.state:<4}  {each.name:<12} {each.words}")
        if each.remedy:
            self.stdout.write(f"{'':<19}→ {each.remedy}")
