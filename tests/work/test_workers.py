"""Real worker processes on every broker: killed, doubled, deaf to lost messages."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import kombu.pools
import pytest
from django.conf import settings
from django.db import connection

from labeler import celery as roof
from labeler.projects.models import Label, Project
from labeler.training import rounds, versions
from labeler.training.models import ModelVersion, Round
from labeler.work import health
from tests.training.invented import answer, fill

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROOT = Path(__file__).parents[2]
FOLDER = "folder://"
RABBIT = os.environ.get("LABELER_TEST_RABBIT", "amqp://guest:guest@127.0.0.1:5672//")
REDIS = os.environ.get("LABELER_TEST_REDIS", "redis://127.0.0.1:6379/13")
BROKERS = [
    FOLDER,
    pytest.param(RABBIT, marks=pytest.mark.team, id="rabbit"),
    pytest.param(REDIS, marks=pytest.mark.team, id="redis"),
]


@pytest.fixture
def broker(request):
    """The address of a broker that this process publishes to as well."""
    url = getattr(request, "param", FOLDER)
    if url != FOLDER:
        _empty(url)
    before = roof.app.conf.broker_url
    _publish_to(url)
    yield url
    _publish_to(before)


def _publish_to(url):
    roof.app.conf.broker_url = url
    roof.app.conf.broker_transport_options = roof.patience(url)
    roof.app.pool.force_close_all()
    roof.app._pool = None
    roof.app.amqp._producer_pool = None
    kombu.pools.reset()


def _empty(url):
    with kombu.Connection(url, connect_timeout=2) as there:
        try:
            there.connect()
        except OSError as error:
            pytest.skip(f"No broker at {url}: {error}")
        for queue in ("rounds", "chores"):
            there.SimpleQueue(queue).clear()


@pytest.fixture
def start(tmp_path):
    """start(url, name): a rounds worker on this test's database and folder."""
    with ExitStack() as running:

        def start(url, name="one", *, sweep=1, lease=3):
            return running.enter_context(worker(tmp_path, url, name, sweep, lease))

        yield start


@contextmanager
def worker(data, url, name, sweep, lease):
    env = {
        **os.environ,
        "LABELER_DATA": str(data),
        "DATABASE_URL": database(),
        "CELERY_BROKER_URL": url,
        "LABELER_SWEEP_SECONDS": str(sweep),
        "LABELER_LEASE_SECONDS": str(lease),
        "LABELER_SECRET_KEY": settings.SECRET_KEY,
        "PYTHONPATH": str(Path(__file__).parent),
    }
    log = (data / f"{name}.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "labeler", "worker", "-Q", "rounds", "-c", "1",
         "-n", f"{name}@here", "-I", "slow_rounds", "--without-gossip", "--without-mingle"],
        cwd=ROOT, env=env, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        log.close()


def database() -> str:
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{facts['NAME']}"
    return f"postgres://{facts['USER']}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"


def wait_for(condition, tmp_path, seconds=40.0):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            logs = "\n".join(f.read_text()[-3000:] for f in tmp_path.glob("*.log"))
            raise AssertionError(f"It did not happen in time. The workers said:\n{logs}")
        time.sleep(0.05)


@pytest.fixture
def taught(project) -> Project:
    """Sixty embedded images, twenty of them answered."""
    fill(project)
    answer(project, [row for row in range(22) if row % 10 != 9])
    return project


def done(**which):
    return lambda: Round.objects.filter(state=Round.State.DONE, **which).exists()


def seen(count=1):
    return lambda: len(health.workers()) >= count


@pytest.mark.parametrize("broker", BROKERS, indirect=True)
def test_a_message_starts_a_round_and_a_worker_is_seen(taught, broker, start, tmp_path):
    start(broker, sweep=300)
    wait_for(seen(), tmp_path)  # its beat came back through the broker
    wait_for(done(number=1), tmp_path)  # what its first sweep found
    rounds.ask(taught, Round.Reason.ASKED)
    wait_for(done(number=2), tmp_path)
    assert versions.serving(taught).number == 2


@pytest.mark.parametrize("broker", BROKERS, indirect=True)
def test_a_round_whose_worker_is_killed_is_finished_by_another(taught, broker, start, tmp_path):
    (tmp_path / "hold").touch()
    first = start(broker, "first")
    rounds.ask(taught, Round.Reason.ASKED)
    wait_for((tmp_path / "at-it").exists, tmp_path)
    first.send_signal(signal.SIGKILL)
    (tmp_path / "hold").unlink()
    start(broker, "second")
    wait_for(done(number=1), tmp_path)
    killed = Round.objects.get(number=1)
    assert killed.lease_no == 2
    assert ModelVersion.objects.filter(round=killed).count() == 1


def test_two_workers_do_one_round_once(taught, broker, start, tmp_path):
    start(broker, "first")
    start(broker, "second")
    wait_for(seen(2), tmp_path)
    wait_for(done(number=1), tmp_path)
    for number in range(2, 6):
        rounds.ask(taught, Round.Reason.ASKED)
        rounds.ask(taught, Round.Reason.ASKED)
        wait_for(done(number=number), tmp_path)
    assert Round.objects.count() == ModelVersion.objects.count() == 5
    assert set(Round.objects.values_list("lease_no", flat=True)) == {1}


def test_a_worker_that_hangs_past_its_lease_publishes_nothing(taught, broker, start, tmp_path):
    (tmp_path / "hold").touch()
    first = start(broker, "first", lease=2)
    rounds.ask(taught, Round.Reason.ASKED)
    wait_for((tmp_path / "at-it").exists, tmp_path)
    first.send_signal(signal.SIGSTOP)  # its keeper stops too
    (tmp_path / "hold").unlink()
    start(broker, "second", lease=2)
    wait_for(done(number=1), tmp_path)
    queue = list(versions.serving(taught).round.model_version.label_ids)
    first.send_signal(signal.SIGCONT)
    wait_for(lambda: b"taken away" in (tmp_path / "first.log").read_bytes(), tmp_path)
    assert ModelVersion.objects.count() == Round.objects.filter(state="done").count()
    assert versions.serving(taught).label_ids == queue


def test_a_lost_message_costs_only_time(taught, broker, start, tmp_path, monkeypatch):
    start(broker)
    wait_for(done(number=1), tmp_path)
    monkeypatch.setattr("labeler.work.messages._publish", lambda *arguments: None)
    rounds.ask(taught, Round.Reason.ASKED)
    wait_for(done(number=2), tmp_path)


def test_a_worker_told_to_stop_finishes_its_round_and_leaves(taught, broker, start, tmp_path):
    (tmp_path / "hold").touch()
    first = start(broker)
    rounds.ask(taught, Round.Reason.ASKED)
    wait_for((tmp_path / "at-it").exists, tmp_path)
    first.terminate()
    (tmp_path / "hold").unlink()
    assert first.wait(20) == 0
    assert done(number=1)()
    assert not health.workers()


@pytest.mark.parametrize("broker", BROKERS[1:], indirect=True)
def test_no_message_waits_with_a_busy_worker(taught, owner, broker, start, tmp_path):
    other = Project.objects.create(name="Other", audit_seed=9, created_by=owner)
    for place, name in enumerate(["healthy", "rust", "mildew"]):
        Label.objects.create(project=other, name=name, place=place, key=str(place + 1))
    fill(other, seed=2)
    answer(other, [row for row in range(22) if row % 10 != 9])
    start(broker, "first", sweep=300)
    start(broker, "second", sweep=300)
    wait_for(done(project=taught), tmp_path)  # what their first sweeps found
    wait_for(done(project=other), tmp_path)
    (tmp_path / "at-it").unlink()
    (tmp_path / "hold").write_text(str(taught.pk))
    rounds.ask(taught, Round.Reason.ASKED)
    wait_for((tmp_path / "at-it").exists, tmp_path)
    for number in range(2, 5):  # each in its turn would go to the busy one, too
        rounds.ask(other, Round.Reason.ASKED)
        wait_for(done(project=other, number=number), tmp_path)
    (tmp_path / "hold").unlink()
    wait_for(done(project=taught, number=2), tmp_path)
