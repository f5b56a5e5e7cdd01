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

from labeler.api.docs import document
from labeler.projects import tokens
from labeler.wsgi import application

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("LABELER_FUZZ", "6"))  # per operation and mode
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


@pytest.fixture
def operation_of(world, owner):
    """An operation of the document, with the headers that let a call in."""
    schema = schemathesis.openapi.from_dict(document())
    schema.app = application
    given_token = tokens.issue(user=owner, name="fuzz")[1]
    headers = {"Authorization": f"Bearer {given_token}", "Host": "localhost"}
    return lambda path, method: (schema[path][method.upper()], headers)


def at_home(case, world):
    """The same case, aimed at ids that exist: behind them lies most of the code."""
    there = {"project_id": world.project.pk, "image_id": world.image.pk, "number": 1}
    case.path_parameters |= {k: v for k, v in there.items() if k in case.path_parameters}
    return case


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_made_up_requests(path, method, mode, operation_of, world):
    operation, headers = operation_of(path, method)

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def runs(case):
        point = transaction.savepoint()
        checks = [
            not_a_server_error, content_type_conformance, response_schema_conformance,
            status_code_conformance,
        ]  # fmt: skip
        at_home(case, world).call_and_validate(headers=headers, checks=checks)
        transaction.savepoint_rollback(point)

    runs()
