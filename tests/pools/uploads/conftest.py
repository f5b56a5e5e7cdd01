"""Somebody who may send, and an import that waits for files."""

import pytest

from labeler.pools import imports
from tests.pools.conftest import pictures, zipped


@pytest.fixture
def person(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def imp(project, admin):
    return imports.start(project=project, user=admin, source="upload")


@pytest.fixture
def archive():
    return zipped(pictures(5))
