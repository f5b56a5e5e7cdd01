"""Write docs/reference/api.md anew from the OpenAPI document."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from labeler.api.reference import page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "api.md"


class Command(BaseCommand):
    help = "Write the API's reference anew from what the program offers."

    def handle(self, **options: Any) -> None:
        PAGE.write_text(page(), encoding="utf-8")
        self.stdout.write(f"{PAGE} tells {page().count('### ')} operations.")
