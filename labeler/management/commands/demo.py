"""`manage.py demo`: the demo project, for an installation that has none."""

from typing import Any

from django.core.management.base import BaseCommand

from labeler import demo
from labeler.projects.models import Project
from labeler.supervisor import owner


class Command(BaseCommand):
    help = "Make the demo project over 1,797 handwritten digits; `up` does so at its first start."

    def handle(self, *args: Any, **options: Any) -> None:
        there = Project.objects.filter(is_demo=True).first()
        if there:
            self.stdout.write(f"The demo is project {there.pk}, “{there}”. Nothing was changed.")
            return
        project = demo.make(owner.first())
        self.stdout.write(
            f"The demo is project {project.pk}, “{project}”. "
            "Its images come in as soon as a worker runs (manage.py up)."
        )
