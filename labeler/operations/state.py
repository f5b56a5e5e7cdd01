"""Whether the parts of an installation are there: for the page, the API and the doctor."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from labeler import health
from labeler.supervisor import readiness
from labeler.work import health as work_health
from labeler.work.models import Worker


@dataclass(frozen=True)
class Service:
    """A part, and what to do where it is away."""

    name: str
    words: str
    up: bool
    remedy: str


@dataclass(frozen=True)
class Present:
    """A worker: one that was seen lately, or one that was not."""

    name: str
    queues: str
    doing: str
    started_at: datetime
    seen_at: datetime
    up: bool


def services() -> list[Service]:
    """Database, broker, storage, predictions, in that order; each is asked."""
    told = {
        "database": (_("database"), _("See DATABASE_URL and the database's own log.")),
        "broker": (_("broker"), _("Labels are safe. See CELERY_BROKER_URL.")),
        "storage": (_("storage"), _("See LABELER_STORAGE_URL and whether the disk is there.")),
    }
    asked = [
        Service(name, words, health.holds(health.CHECKS[name]), remedy)
        for name, (words, remedy) in told.items()
    ]
    remedy = _("Start it: manage.py serve. LABELER_SERVE_URL says where it is.")
    up = health.holds(readiness.predictions)
    return [*asked, Service("predictions", _("prediction service"), up, remedy)]


def workers() -> list[Present]:
    """The workers of the last day, by name."""
    up = {worker.pk for worker in work_health.workers()}
    return [
        Present(w.name, w.queues, w.doing, w.started_at, w.seen_at, w.pk in up)
        for w in Worker.objects.order_by("name")
    ]
