"""Requests made up from the OpenAPI document: the server never breaks and keeps its word."""

import os

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from labeler.api.document import document
from labeler.projects import tokens
from labeler.wsgi import application

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("LABELER_FUZZ", "6"))  # per operation and mode, of all callers
# Most of the code lies behind what an owner may do; the others are mostly refused.
CALLERS = {"owner": 3, "annotator": 1, "outsider": 1, "nobody": 1}  # shares of the examples
# Bytes of a file by the tus protocol are sent like any other bytes.
schemathesis.serializer.alias(["application/offset+octet-stream"], "application/octet-stream")
OPERATIONS = sorted(
    (path, method) for path, methods in document()["paths"].items() for method in methods
)


@pytest.fixture(autouse=True)
def _keep_the_connection():
    """The server would give the test's connection, and its transaction, back after a request."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _is_the_service(settings):
    """Predictions are answered here: another process would not see the test's rows."""
    settings.SERVING = True


@pytest.fixture(scope="session")
def schema():
    """The document as schemathesis reads it; the server stands behind it."""
    found = schemathesis.openapi.from_dict(document())
    found.app = application
    return found


@pytest.fixture
def headers_of(world, owner, annotator, outsider):
    """The headers of each caller: a token, or none."""
    people = {"owner": owner, "annotator": annotator, "outsider": outsider}
    given = {name: tokens.issue(user=user, name="fuzz")[1] for name, user in people.items()}
    told = {name: {"Authorization": f"Bearer {token}"} for name, token in given.items()}
    return {name: {**told.get(name, {}), "Host": "localhost"} for name in CALLERS}


def at_home(case, world):
    """The same case, aimed at ids that exist: behind them lies most of the code."""
    there = {"project_id": world.project.pk, "image_id": world.image.pk, "number": 1}
    case.path_parameters |= {k: v for k, v in there.items() if k in case.path_parameters}
    return case


CHECKS = [
    not_a_server_error, content_type_conformance, response_schema_conformance,
    status_code_conformance,
]  # fmt: skip


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_made_up_requests(path, method, mode, schema, headers_of, world):
    cases = schema[path][method.upper()].as_strategy(generation_mode=mode)
    for caller, share in CALLERS.items():
        examples = max(1, EXAMPLES * share // sum(CALLERS.values()))
        _call(cases, examples, lambda case, who=caller: _answered(case, headers_of[who], world))


def _call(cases, examples, run):
    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases)
    def runs(case):
        run(case)

    runs()


def _answered(case, headers, world):
    point = transaction.savepoint()
    at_home(case, world).call_and_validate(headers=headers, checks=CHECKS)
    transaction.savepoint_rollback(point)
