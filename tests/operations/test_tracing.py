"""Traces reach a real receiver of OTLP: requests, tasks, the database; and no secret."""

import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from labeler.training.models import Round
from tests import elsewhere
from tests.browser.conftest import free_port, until

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def collector():
    """A receiver of OTLP over HTTP; `spans` is what it was sent, `address` where it listens."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            told = ExportTraceServiceRequest.FromString(body)
            for batch in told.resource_spans:
                resource = facts(batch.resource)
                for scope in batch.scope_spans:
                    server.spans += [(resource, span) for span in scope.spans]
            server.bodies.append(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *given):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.spans, server.bodies = [], []
    server.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def facts(holder):
    return {each.key: each.value.string_value or each.value.int_value for each in holder.attributes}


def test_a_request_and_what_it_asks_of_the_database(collector, tmp_path, owner):
    address = f"http://127.0.0.1:{free_port()}"
    env = elsewhere.environment(tmp_path) | {
        "LABELER_DEBUG": "1", "LABELER_TRACES_URL": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }  # fmt: skip
    arguments = (
        "-m", "gunicorn", "labeler.wsgi", "--bind", address.removeprefix("http://"),
        "--worker-class", "gthread", "--threads", "4", "--preload", "--log-level", "warning",
    )  # fmt: skip
    process = elsewhere.python(*arguments, env=env, own_group=True)
    try:
        until(lambda: urllib.request.urlopen(f"{address}/healthz").status == 200, 90)
        asked = urllib.request.Request(
            f"{address}/sign-in/hunter2", headers={"X-Request-ID": "trace-me-1"}
        )
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(asked)
        until(lambda: any("sign-in" in span.name for _, span in list(collector.spans)), 60)
        until(lambda: any(span.name == "SELECT" for _, span in list(collector.spans)), 60)
    finally:
        process.terminate()
        process.communicate(timeout=20)
    resource, root = next(each for each in collector.spans if "sign-in/<str" in each[1].name)
    assert resource["service.name"] == "labeler"
    assert facts(root)["labeler.request"] == "trace-me-1"
    children = [span for _, span in collector.spans if span.trace_id == root.trace_id]
    select = next(span for span in children if span.name == "SELECT")
    assert select.parent_span_id
    assert "projects_signinlink" in facts(select)["db.statement"]
    assert not any(b"hunter2" in body for body in collector.bodies)


RUN = """
import django; django.setup()
from labeler.work.tasks import run
run.apply(("round", {pk}))
from opentelemetry import trace
trace.get_tracer_provider().shutdown()
"""


def test_a_task_and_its_work(collector, tmp_path, project):
    row = Round.objects.create(project=project, number=1, reason="asked", attempts=3)
    later = Round.objects.filter(pk=row.pk)
    later.update(attempts=0)
    env = elsewhere.environment(tmp_path) | {
        "LABELER_TRACES_URL": collector.address, "DJANGO_SETTINGS_MODULE": "labeler.settings",
        "CELERY_BROKER_URL": "folder://",
    }  # fmt: skip
    done = elsewhere.python("-c", RUN.format(pk=row.pk), env=env)
    _out, error = done.communicate(timeout=240)
    assert done.returncode == 0, error
    told = [span for _, span in collector.spans if span.name == "run/labeler.run"]
    assert [facts(span)["labeler.job"] for span in told] == [f"round {row.pk}"]
    assert facts(told[0])["labeler.project"] == project.pk
    inside = [span for _, span in collector.spans if span.trace_id == told[0].trace_id]
    assert any("training_round" in facts(span).get("db.statement", "") for span in inside)


MISSING = "import sys; sys.modules['opentelemetry.sdk'] = None\nimport django; django.setup()"


def test_without_the_packages_it_says_what_to_install(tmp_path):
    env = {
        **os.environ, "LABELER_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "labeler.settings",
        "LABELER_TRACES_URL": "http://127.0.0.1:4318",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", MISSING], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "pip install 'labeler[tracing]'" in done.stderr


def test_nothing_of_it_is_loaded_where_nobody_wished_for_it(tmp_path):
    env = {
        **os.environ, "LABELER_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "labeler.settings"
    }  # fmt: skip
    look = (
        "import sys, django; django.setup()\n"
        "import labeler.work.tasks\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
