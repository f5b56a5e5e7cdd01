"""What is written down: which request or work a line is about, and never a secret (S32)."""

import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from structlog.contextvars import bound_contextvars

from labeler.logs import secret
from labeler.logs.formats import Lines
from labeler.training.models import Round
from labeler.work import leases, tasks
from labeler.work.kinds import KINDS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def written():
    """What the loggers of the test say, as the program would write it."""
    made = {}

    def listen(name, *, as_json=True):
        out = io.StringIO()
        handler = logging.StreamHandler(out)
        handler.setFormatter(Lines(json=as_json))
        logger = logging.getLogger(name)
        before = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        made[name] = (logger, handler, before)
        return out

    yield listen
    for logger, handler, before in made.values():
        logger.removeHandler(handler)
        logger.setLevel(before)


def lines(out):
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_tells_what_it_is_about(written):
    out = written("labeler.sample")
    with bound_contextvars(request="abcdefgh"):
        logging.getLogger("labeler.sample").warning("No hint for %s", "round", extra={"kind": "x"})
    (line,) = lines(out)
    assert (line["event"], line["level"], line["logger"]) == (
        "No hint for round", "warning", "labeler.sample",
    )  # fmt: skip
    assert (line["request"], line["kind"], line["process"]) == ("abcdefgh", "x", os.getpid())


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_stays_and_looks_like_no_line_of_ours(written, as_json):
    out = written("labeler.sample", as_json=as_json)
    try:
        raise ValueError("password=hunter2\n2026-01-01 00:00:00 CRITICAL labeler: forged")
    except ValueError:
        logging.getLogger("labeler.sample").exception("broke")
    text = out.getvalue()
    assert "ValueError" in text
    assert "hunter2" not in text
    assert not any(line.startswith("2026-01-01") for line in text.splitlines())


SECRETS = [
    "postgres://me:hunter2@db/labeler", "Authorization: Bearer hunter2", "Cookie: a=hunter2; b=1",
    "token lbl_hunter2", "/sign-in/hunter2", "/reset/hunter2?x=1", "/invitations/hunter2/join",
    "https://b.s3/x?X-Amz-Signature=hunter2&X-Amz-Credential=hunter2", "{'password': 'hunter2'}",
    "LABELER_SECRET_KEY=hunter2", "csrftoken=hunter2", "Basic hunter2",
]  # fmt: skip


@pytest.mark.parametrize("told", SECRETS)
def test_no_secret_is_written(written, told):
    out = written("labeler.sample")
    log = logging.getLogger("labeler.sample")
    log.warning(told)
    log.warning("It says %s", told, extra={"about": told})
    assert "hunter2" not in out.getvalue()
    assert len(lines(out)) == 2


def test_what_is_no_secret_stays():
    for plain in ("The token is used up.", "/sign-in/second-step", "password is too short", "a:b"):
        assert secret.masked(plain) == plain


def test_what_was_sent_is_cut_and_cannot_forge_a_line(written):
    out = written("labeler.sample", as_json=False)
    log = logging.getLogger("labeler.sample")
    log.warning("Failed: %s", "x" * 10_000_000)
    log.warning("Failed: %s", "a\n2026-01-01 00:00:00 CRITICAL labeler: forged\x1b[2J\u202e")
    first, second = out.getvalue().splitlines()
    assert len(first) < 1_000
    assert "\\n2026" in second
    assert "\x1b" not in second


@pytest.mark.django_db
def test_a_failed_sign_in_with_a_huge_name_writes_little(written, settings):
    out = written("axes")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20_000_000
    Client().post("/sign-in", {"username": "x" * 10_000_000, "password": "a long hunter2 phrase"})
    Client().post("/sign-in", {"username": "x" * 140, "password": "a long hunter2 phrase"})
    assert "hunter2" not in out.getvalue()
    assert all(len(line) < 1_000 for line in out.getvalue().splitlines())


@pytest.mark.django_db
@pytest.mark.parametrize("sent", ["bad id", "x" * 65, "short", "a\nb-c-d-e-f", "<script>12"])
def test_a_request_id_that_is_none_is_replaced(sent):
    told = Client().get("/healthz", headers={"X-Request-ID": sent}).headers["X-Request-ID"]
    assert told != sent
    assert len(told) == 32


@pytest.mark.django_db
def test_a_request_id_is_kept_and_stands_on_its_lines(written, settings, owner):
    settings.LOG_REQUESTS = True
    out = written("labeler.logs.requests")
    client = Client(headers={"X-Request-ID": "from-the-proxy.1"})
    client.force_login(owner)
    assert client.get("/accounts").headers["X-Request-ID"] == "from-the-proxy.1"
    (line,) = lines(out)
    told = {name: line[name] for name in ("request", "method", "path", "status", "user", "route")}
    assert told == {
        "request": "from-the-proxy.1", "method": "GET", "path": "/accounts", "status": 200,
        "user": owner.pk, "route": "accounts",
    }  # fmt: skip


@pytest.mark.django_db
def test_the_lines_of_a_worker_name_project_and_round(written, project, monkeypatch):
    row = Round.objects.create(project=project, number=3, reason="asked")

    def fail(claimed):
        logging.getLogger("labeler.training").warning("scoring")
        raise OSError("postgres://me:hunter2@db is gone")

    kind = KINDS["round"]
    monkeypatch.setitem(KINDS, "round", type(kind)("round", Round, kind.queue, run=fail))
    monkeypatch.setattr(leases, "MOST_ATTEMPTS", 1)
    out = written("labeler")
    tasks.run("round", row.pk)
    told = lines(out)
    assert told[0]["event"] == "scoring"
    assert all(line["job"] == f"round {row.pk}" for line in told)
    assert all((line["project"], line["number"]) == (project.pk, 3) for line in told)
    assert "hunter2" not in out.getvalue()


SAY = """
import django; django.setup()
import logging
logging.getLogger("gunicorn.error").warning("worker %s", "timeout")
logging.getLogger("django.request").warning("Not Found: %s", "/reset/hunter2")
logging.getLogger("celery").warning("x")
"""


def test_every_program_writes_json_where_the_setting_says_so(tmp_path):
    env = {
        **os.environ, "LABELER_DATA": str(tmp_path), "LABELER_LOG_FORMAT": "json",
        "DJANGO_SETTINGS_MODULE": "labeler.settings",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SAY], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["logger"] for line in told] == ["gunicorn.error", "django.request", "celery"]
    assert "hunter2" not in done.stderr
