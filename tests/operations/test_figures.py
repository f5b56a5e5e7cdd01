"""Figures for Prometheus: right, cheap, and not for everybody."""

import re
import urllib.request
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from labeler.evaluation.models import Score
from labeler.labeling import refill
from labeler.labeling.models import Acceptance, Annotation, QueueItem
from labeler.operations import counting
from labeler.pools.models import Image, Import
from labeler.projects import tokens
from labeler.projects.models import Membership, Project
from labeler.training.models import ModelVersion, Round, Served
from labeler.work import leases
from labeler.work.models import Counting, LeasedWork, Worker
from tests import elsewhere
from tests.browser.conftest import free_port, until

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-prometheus-alone"


@pytest.fixture(autouse=True)
def _scraper(settings):
    settings.METRICS_TOKEN = TOKEN


def scrape(client=None):
    """{(name, labels): value}"""
    client = client or Client(headers={"Authorization": f"Bearer {TOKEN}"})
    text = client.get("/metrics").content.decode()
    families = text_string_to_metric_families(text)
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families for sample in family.samples
    }  # fmt: skip


def of(figure, found, **labels):
    return found[f"labeler_{figure}", *sorted((k, str(v)) for k, v in labels.items())]


def answer(project, image, user, **fields):
    return Annotation.objects.create(
        uuid=uuid4(), project=project, image=image, user=user, **{"source": "queue"} | fields
    )


def count():
    counting.find()
    row = leases.claim(Counting)
    if row:
        counting.run(row)


def version(project, number=1):
    made = Round.objects.create(
        project=project, number=number, state="done", reason="asked",
        started_at=timezone.now() - timedelta(seconds=90), finished_at=timezone.now(),
    )  # fmt: skip
    return ModelVersion.objects.create(
        project=project, number=number, round=made, head="logistic", features="hog", label_ids=[],
        strategy="margin", n_labels=10, seen_annotation=0, sha256="0",
    )  # fmt: skip


def test_the_dashboard_s_figures(project, images, annotator, reviewer, owner):
    answer(project, images[2], annotator)
    answer(project, images[3], annotator, source="grid")
    answer(project, images[4], reviewer, source="review")
    answer(project, images[5], owner, kind="skip", skip="unsure")
    Image.objects.filter(pk__in=[image.pk for image in images[2:5]]).update(state="labeled")
    refill.top_up(project)
    item = QueueItem.objects.filter(audit=False).first()
    item.claimed_by, item.claimed_until = annotator, timezone.now() + timedelta(minutes=1)
    item.save()
    made = version(project)
    Round.objects.create(project=project, number=2, state="failed", reason="asked", error="x")
    half = {"value": 0.5, "low": 0.25, "high": 0.75}
    Score.objects.create(
        project=project, version=made, audit_labels=60, sample="x", macro_f1=0.5, low=0.4, high=0.6,
        per_label=[{"name": "rust", "support": 9, "precision": half, "recall": None}],
    )  # fmt: skip
    Acceptance.objects.create(
        project=project, number=1, version=1, upper_bound=0.05, images=7, created_by=owner
    )
    Served.objects.create(version=made, requests=3, pictures=12, unknown=2)
    Worker.objects.create(
        name="r@here", queues="rounds", started_at=timezone.now(), seen_at=timezone.now()
    )
    Import.objects.create(project=project, number=1, source="folder", created_by=owner)
    Import.objects.update(created_at=timezone.now() - timedelta(hours=1))
    count()
    found, pk = scrape(), project.pk
    assert of("images", found, project=pk, state="labeled") == 3
    assert of("images", found, project=pk, state="open") == 7
    role = {"project": pk, "kind": "labels"}
    assert of("answers_total", found, **role, source="grid", role="annotator") == 1
    assert of("answers_total", found, **role, source="review", role="reviewer") == 1
    assert of("answers_total", found, project=pk, kind="skip", source="queue", role="none") == 1
    assert of("queue_items", found, project=pk, audit=1) == 2
    assert of("claims_live", found, project=pk, audit=0) == 1
    assert of("rounds_total", found, project=pk, state="failed") == 1
    assert of("round_seconds_total", found, project=pk, state="done") == pytest.approx(90, abs=1)
    assert of("macro_f1", found, project=pk, bound="low") == 0.4
    assert of("precision", found, project=pk, label="rust", bound="high") == 0.75
    assert not any(name == "labeler_recall" for name, *_ in found)
    assert of("autolabeled_images", found, project=pk) == 7
    assert of("prediction_pictures_total", found, project=pk, version=1) == 12
    assert of("workers_seen", found, queue="rounds") == 1
    assert of("jobs", found, kind="import", state="due") == 1
    assert of("jobs", found, kind="round", state="failed") == 1
    assert of("job_oldest_due_seconds", found, kind="import") == pytest.approx(3600, abs=30)
    assert of("project_info", found, project=pk, name="Leaves") == 1


def test_answers_are_added_up_and_read_once(project, images, annotator):
    answer(project, images[2], annotator)
    count()
    first = Counting.objects.get()
    answer(project, images[3], annotator)
    Counting.objects.update(finished_at=timezone.now() - timedelta(hours=1))
    with CaptureQueriesContext(connection) as asked:
        count()
    row = Counting.objects.get()
    assert row.facts["answers"] == [[project.pk, "queue", "labels", "annotator", 2]]
    assert row.facts["seen"] > first.facts["seen"]
    assert any(f'"id" > {first.facts["seen"]}' in each["sql"] for each in asked)


def test_it_is_not_counted_all_the_time(project, images):
    count()
    counting.find()
    assert Counting.objects.get().state == LeasedWork.State.DONE
    Counting.objects.update(finished_at=timezone.now() - timedelta(seconds=61))
    counting.find()
    assert Counting.objects.get().state == LeasedWork.State.DUE
    # Counting that takes long is made less often: 10 s of it, 500 s of pause.
    Counting.objects.update(state="done", seconds=10)
    counting.find()
    assert Counting.objects.get().state == LeasedWork.State.DONE


def test_a_scrape_is_cheap(project, images, annotator, owner):
    """As many questions for ten projects as for one, and none that goes through a pool."""
    refill.top_up(project)
    version(project)
    count()
    scrape()
    with CaptureQueriesContext(connection) as few:
        scrape()
    for place in range(9):
        other = Project.objects.create(name=f"P{place}", audit_seed=7, created_by=owner)
        Membership.objects.create(project=other, user=annotator, role="annotator")
        made = version(other)
        Score.objects.create(project=other, version=made, audit_labels=1, sample="x")
    with CaptureQueriesContext(connection) as many:
        scrape()
    told = [each["sql"] for each in many]
    assert len(told) == len(few) < 20, "\n".join(told)
    assert [sql for sql in told if "pools_image" in sql or '"pools_truth"' in sql] == []
    answers = [sql for sql in told if "labeling_annotation" in sql]
    assert all("LIMIT 1" in sql for sql in answers)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401), ("Bearer wrong-token-of-some-length", 401), ("Bearer ", 401),
        (f"Basic {TOKEN}", 401), (f"Bearer {TOKEN}", 200),
    ],
)  # fmt: skip
def test_only_by_the_token(header, status):
    client = Client(headers={"Authorization": header} if header else {})
    assert client.get("/metrics").status_code == status


def test_an_empty_setting_lets_nobody_in(settings, owner, annotator):
    settings.METRICS_TOKEN = ""
    assert Client(headers={"Authorization": "Bearer "}).get("/metrics").status_code == 401
    full, narrow = (tokens.issue(user=user, name="x")[1] for user in (owner, annotator))
    for given, status in ((full, 200), (narrow, 403)):
        client = Client(headers={"Authorization": f"Bearer {given}"})
        assert client.get("/metrics").status_code == status


def test_the_token_opens_nothing_else():
    client = Client(headers={"Authorization": f"Bearer {TOKEN}"})
    for path in ("/api/v1/projects", "/api/v1/journal", "/api/v1/accounts"):
        assert client.get(path).status_code == 401


def test_requests_are_timed_by_route_without_ids(project, annotator):
    client = Client()
    client.force_login(annotator)
    client.get(f"/projects/{project.pk}/mine")
    client.get("/images/123456/thumb")
    client.get("/nowhere/123456")
    text = Client(headers={"Authorization": f"Bearer {TOKEN}"}).get("/metrics").content.decode()
    seen = re.findall(r'labeler_request_seconds_count\{method="(\w+)",route="([^"]*)"', text)
    assert ("GET", "projects/<int:pk>/mine") in seen
    assert ("GET", "none") in seen
    assert "123456" not in text


@pytest.mark.django_db(transaction=True)
def test_the_processes_of_a_server_are_added_up(tmp_path, owner):
    """Two processes answer; whichever is scraped tells the requests of both, once each."""
    address = f"http://127.0.0.1:{free_port()}"
    env = elsewhere.environment(tmp_path) | {
        "LABELER_DEBUG": "1", "LABELER_METRICS_TOKEN": TOKEN, "TMPDIR": str(tmp_path),
    }  # fmt: skip
    arguments = (
        "-m", "gunicorn", "labeler.wsgi", "--bind", address.removeprefix("http://"),
        "--worker-class", "sync", "--workers", "2", "--preload", "--log-level", "warning",
    )  # fmt: skip
    process = elsewhere.python(*arguments, env=env, own_group=True)
    try:
        until(lambda: urllib.request.urlopen(f"{address}/healthz").status == 200, 90)
        for _ in range(30):
            urllib.request.urlopen(f"{address}/sign-in").read()
        counted = {counted_by(address) for _ in range(12)}
        assert counted == {30.0}
        folder = next(tmp_path.glob("labeler-counts-*"))
        assert len(list(folder.glob("histogram_*.db"))) == 2
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert not folder.exists()


def counted_by(address):
    request = urllib.request.Request(
        f"{address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    text = urllib.request.urlopen(request).read().decode()
    found = re.search(r'labeler_request_seconds_count\{[^}]*route="sign-in"[^}]*\} (\S+)', text)
    return float(found[1])
