"""What an installation is at, as Prometheus reads it.

A scrape asks a dozen questions of small tables, however large the pools are: whole pools and
histories are counted by a worker (`counting`).
"""

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, F, IntegerField, Sum, Value, When
from django.db.models.functions import Now
from prometheus_client.core import CounterMetricFamily as Counter
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from labeler.labeling.models import Acceptance, Annotation, QueueItem
from labeler.operations import counting, jobs, measured
from labeler.projects.models import Project
from labeler.supervisor import readiness
from labeler.training.models import Round, Served
from labeler.version import VERSION
from labeler.work import clock
from labeler.work.health import broker_up, workers
from labeler.work.kinds import CHORES, ROUNDS

Rows = Iterable[tuple[list[str], float]]


class Installation(Collector):
    """Everything that the rows say; `collect` is called once for each scrape."""

    def collect(self) -> Iterator[Metric]:
        yield from _programs()
        yield from _projects()
        yield from _counted()
        yield from _queues()
        yield from _work()
        yield from _rounds()
        yield from measured.families()
        yield from _autolabel()
        yield from _predictions()


def gauge(name: str, words: str, labels: list[str], rows: Rows) -> Metric:
    """A family of values that go up and down."""
    return _filled(Gauge(f"labeler_{name}", words, labels=labels), rows)


def counter(name: str, words: str, labels: list[str], rows: Rows) -> Metric:
    """A family of values that only grow; `_total` is added to the name."""
    return _filled(Counter(f"labeler_{name}", words, labels=labels), rows)


def _filled(family: Any, rows: Rows) -> Metric:
    for labels, value in rows:
        family.add_metric(labels, value)
    return family  # type: ignore[no-any-return]


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0


def _programs() -> Iterator[Metric]:
    seen = workers()
    queues = [queue for each in seen for queue in each.queues.split(",")]
    up = [([queue], float(queues.count(queue))) for queue in (ROUNDS, CHORES)]
    yield gauge("version_info", "The version that answers.", ["version"], [([VERSION], 1.0)])
    yield gauge("workers_seen", "Workers seen in the last half minute, by queue.", ["queue"], up)
    yield gauge("broker_up", "1 if the broker takes a connection.", [], [([], float(broker_up()))])
    answers = float(readiness.predictions())
    yield gauge("predictions_up", "1 if the prediction service is warm.", [], [([], answers)])
    free = shutil.disk_usage(settings.ROOT if not settings.DATA.exists() else settings.DATA).free
    yield gauge("disk_free_bytes", "Free where the data folder lies.", [], [([], float(free))])
    newest = Annotation.objects.order_by("-pk").values_list("created_at", flat=True).first()
    yield gauge(
        "last_answer_timestamp_seconds", "Time of the newest answer, 0 without one.", [],
        [([], _seconds(newest))],
    )  # fmt: skip


def _projects() -> Iterator[Metric]:
    there = Project.objects.filter(leaving_at=None).values_list("pk", "name", "next_row")
    rows = list(there.order_by("pk"))
    yield gauge("projects", "Projects.", [], [([], float(len(rows)))])
    yield gauge(
        "project_info", "The name of each project.", ["project", "name"],
        [([str(pk), name], 1.0) for pk, name, _ in rows],
    )  # fmt: skip
    yield gauge(
        "pool_rows", "Images that ever came into the pool.", ["project"],
        [([str(pk)], float(n)) for pk, _, n in rows],
    )  # fmt: skip


def _counted() -> Iterator[Metric]:
    row = counting.last()
    facts = row.facts if row else {}
    images = [([str(project), state], float(n)) for project, state, n in facts.get("images", [])]
    answers = [([str(word) for word in key], float(n)) for *key, n in facts.get("answers", [])]
    yield gauge("images", "Images, counted by a worker.", ["project", "state"], images)
    yield counter(
        "answers", "Answers, skips and undos, counted by a worker.",
        ["project", "source", "kind", "role"], answers,
    )  # fmt: skip
    at = _seconds(row.finished_at if row else None)
    yield gauge("counted_timestamp_seconds", "When they were counted last.", [], [([], at)])


def _queues() -> Iterator[Metric]:
    waiting = QueueItem.objects.filter(done_at=None)
    held = Case(When(claimed_until__gt=Now(), then=1), default=0, output_field=IntegerField())
    counted = waiting.order_by().values("project", "audit").annotate(n=Count("pk"), h=Sum(held))
    both = list(counted.values_list("project", "audit", "n", "h"))
    labels = ["project", "audit"]
    keys = [[str(project), str(int(audit))] for project, audit, _, _ in both]
    yield gauge(
        "queue_items", "Images in queues.", labels,
        [(key, float(row[2])) for key, row in zip(keys, both, strict=True)],
    )  # fmt: skip
    yield gauge(
        "claims_live", "Of these, those that somebody holds.", labels,
        [(key, float(row[3] or 0)) for key, row in zip(keys, both, strict=True)],
    )  # fmt: skip


def _work() -> Iterator[Metric]:
    lines, now = jobs.standing(), clock.now()
    yield gauge(
        "jobs", "Rows of background work that are not over, or failed.", ["kind", "state"],
        [([line.kind, state], float(n)) for line in lines for state, n in line.states.items()],
    )  # fmt: skip
    yield gauge(
        "job_oldest_due_seconds", "How long the oldest row has been due.", ["kind"],
        [([line.kind], _age(line.oldest, now)) for line in lines],
    )  # fmt: skip


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _rounds() -> Iterator[Metric]:
    rows = Round.objects.order_by().values("project", "state")
    took = Sum(F("finished_at") - F("started_at"))
    found = rows.annotate(n=Count("pk"), took=took).values_list("project", "state", "n", "took")
    over = [row for row in found if row[1] in ("done", "failed", "cancelled")]
    yield counter(
        "rounds", "Rounds that are over.", ["project", "state"],
        [([str(project), state], float(n)) for project, state, n, _ in over],
    )  # fmt: skip
    yield counter(
        "round_seconds", "Seconds that rounds took, from the first try.", ["project", "state"],
        [([str(project), state], t.total_seconds() if t else 0.0) for project, state, _, t in over],
    )  # fmt: skip


def _autolabel() -> Iterator[Metric]:
    standing = Acceptance.objects.filter(revoked_at=None).order_by().values("project")
    found = standing.annotate(n=Count("pk"), images=Sum("images"), of=Value(0))
    rows = list(found.values_list("project", "n", "images"))
    yield gauge(
        "acceptances", "Standing acceptances of the model's labels.", ["project"],
        [([str(project)], float(n)) for project, n, _ in rows],
    )  # fmt: skip
    yield gauge(
        "autolabeled_images", "Images accepted by them.", ["project"],
        [([str(project)], float(images or 0)) for project, _, images in rows],
    )  # fmt: skip


def _predictions() -> Iterator[Metric]:
    columns = ("version__project", "version__number", "requests", "pictures", "unknown")
    rows = list(Served.objects.values_list(*columns))
    for place, (name, words) in enumerate(
        (
            ("prediction_requests", "Requests that a version answered."),
            ("prediction_pictures", "Pictures that it judged."),
            ("prediction_unknown", "Of these, those it did not know."),
        ),
        2,
    ):
        told = [([str(row[0]), str(row[1])], float(row[place])) for row in rows]
        yield counter(name, words, ["project", "version"], told)
