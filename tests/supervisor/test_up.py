"""`manage.py up`: everything starts, dies and stops together, and nothing is lost in between."""

import http.cookiejar
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests.supervisor.installation import ROOT, Installation, environment, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One installation for the tests that leave it running."""
    there = Installation(tmp_path_factory.mktemp("running"))
    try:
        yield there.ready()
    finally:
        there.stop()
        there.clear()


@pytest.fixture
def install(tmp_path):
    """Start an installation in this test's own folder, as often as the test likes."""
    started = []

    def start(**words):
        started.append(Installation(tmp_path / "data", **words))
        return started[-1]

    yield start
    for one in started:
        one.clear()


def up(data, port=0):
    """Run `up` where it must refuse to start."""
    return subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT, env=environment(data, port), capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def manage(data, *words):
    """What a command prints."""
    command = [sys.executable, "manage.py", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(data, 0), capture_output=True, text=True, check=True
    )
    return done.stdout


def predicted(running, token):
    """The answer to a prediction request for the demo; None while the service starts."""
    asked = urllib.request.Request(
        f"{running.address}/api/v1/projects/1/predict",
        data=b'{"images": [1]}',
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        return json.loads(urllib.request.urlopen(asked).read())
    except urllib.error.HTTPError as error:
        return None if error.code == 503 else json.loads(error.read())


def rows(data, table):
    with sqlite3.connect(f"file:{data}/labeler.sqlite3?mode=ro", uri=True) as database:
        return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


class TestARunningInstallation:
    def test_answers_and_has_a_worker_for_each_queue(self, running):
        assert running.answers()
        assert running.processes("--queues rounds")
        assert running.processes("--queues chores")

    def test_the_web_server_hands_predictions_to_the_service(self, running):
        token = manage(running.data, "create_token", "owner", "--json")
        told = until(lambda: predicted(running, json.loads(token)["token"]))
        assert told["code"] == "no_model"  # said by the service, which found no model yet
        assert "has no model yet" in told["detail"]

    def test_says_where_the_time_went(self, running):
        # Where the web server takes long, the first image is there before it: nothing to wait for.
        for step in ("migrations", "static files", "demo project", "web server"):
            assert any(line.split("  ")[1] == step for line in running.said if line[:2] == "  ")

    def test_its_link_signs_in_once(self, running):
        opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        page = opener.open(running.link).read().decode()
        assert "Digits" in page
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(running.link)

    def test_a_second_one_on_its_folder_is_refused(self, running):
        refused = up(running.data)
        assert refused.returncode == 1
        assert "already runs on the data folder" in refused.stderr
        assert running.address in refused.stderr
        assert running.answers()

    @pytest.mark.parametrize("what", ["gunicorn", "--queues rounds"])
    def test_a_child_that_is_killed_is_started_again(self, running, what):
        victim = min(running.processes(what))
        os.kill(victim, signal.SIGKILL)
        name = "web" if what == "gunicorn" else "rounds worker"
        running.wait_for(rf"The {name} ended \(SIGKILL\)\. It starts again in \d+ s\.")
        until(lambda: victim not in running.processes(what) and running.processes(what))
        until(running.answers)

    def test_nothing_that_others_may_read_lies_in_its_folder(self, running):
        assert (
            running.data.stat().st_mode & 0o007 == 0
            or running.data.parent.stat().st_mode & 0o7 == 0
        )
        assert (running.data / "secret_key").stat().st_mode & 0o077 == 0


def test_a_busy_port_is_named_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = up(tmp_path / "data", port)
    assert refused.returncode == 1
    assert f"Port {port} is in use" in refused.stderr
    assert "LABELER_PORT=" in refused.stderr
    assert not (tmp_path / "data" / "labeler.sqlite3").exists()


def test_a_setting_that_cannot_be_read_is_named(tmp_path):
    refused = up(tmp_path, port="eight")
    assert refused.returncode == 1
    assert "LABELER_PORT='eight': write a whole number." in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_stopping_ends_every_process_and_the_next_start_has_everything(install, number):
    first = install().ready()
    images = until(lambda: rows(first.data, "pools_image"))
    assert first.stop(number) == 0
    assert first.processes() == {}

    second = install().ready()
    assert second.link != first.link
    assert rows(second.data, "projects_project") == 1
    assert rows(second.data, "pools_image") >= images
    assert second.stop() == 0
    assert second.processes() == {}


def test_children_of_a_killed_supervisor_end_and_the_next_start_waits_for_them(install):
    first = install().ready()
    first.stop(signal.SIGKILL)
    second = install().ready()
    assert second.answers()
    until(
        lambda: len(second.processes("--queues chores")) == len(second.processes("--queues rounds"))
    )
    assert second.stop() == 0
    assert second.processes() == {}
