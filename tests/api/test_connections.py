"""R27: connections to PostgreSQL that are cut, or that there are too many of."""

import os
from contextlib import closing

import psycopg2
import pytest
from django.db import connection, connections
from django.test import Client

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no connections"),
]


def session():
    given = connection.get_connection_params()
    names = ("dbname", "host", "port", "user", "password")
    there = psycopg2.connect(**{name: given[name] for name in names if given.get(name)})
    there.autocommit = True
    return there


def test_a_connection_that_was_cut_is_opened_anew(owner):
    client = Client()
    client.force_login(owner)
    with closing(session()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    connections["default"].close_if_unusable_or_obsolete()  # as each request begins
    assert client.get("/api/v1/projects").status_code == 200


def test_without_a_free_connection_it_is_503_until_there_is_one(owner):
    """A role that may open none; the next request after it may is served, by the same process."""
    role = f"labeler_nobody_{os.getpid()}"
    known = connections["default"]
    with closing(session()) as other, other.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0 IN ROLE pg_read_all_data")
        narrow = type(known)({**known.settings_dict, "USER": role}, "default")
        connections["default"] = narrow
        try:
            client = Client(raise_request_exception=False)
            told = client.get("/sign-in/xyz")
            assert told.status_code == 503
            assert int(told.headers["Retry-After"]) > 0
            assert role not in told.content.decode()
            cursor.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
            assert client.get("/sign-in/xyz").status_code == 404
        finally:
            narrow.close()
            connections["default"] = known
            cursor.execute(f"DROP ROLE {role}")
