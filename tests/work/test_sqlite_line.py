"""Threads that write to SQLite wait in line; none is told that the database is locked."""

import threading
from contextlib import closing

import pytest
from django.db import connection, transaction

from labeler.projects.models import User
from labeler.work.sqlite3 import base

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="This is about SQLite."),
]


@pytest.fixture
def thread():
    """Starts a function in a thread with a connection that has no patience of its own."""
    failed = []

    def start(work):
        def run():
            with closing(connection):
                try:
                    with connection.cursor() as cursor:
                        cursor.execute("PRAGMA busy_timeout=0")
                    work()
                except Exception as error:
                    failed.append(error)

        started = threading.Thread(target=run)
        started.start()
        return started

    yield start
    assert failed == []


def add(name):
    with transaction.atomic():
        User.objects.create_user(name)


def test_a_second_writer_waits_for_the_first(thread):
    with transaction.atomic():
        User.objects.create_user("first")
        second = thread(lambda: add("second"))
        second.join(0.3)
        assert second.is_alive(), "it waits"
    second.join(10)
    assert set(User.objects.values_list("username", flat=True)) == {"first", "second"}


def test_eight_writers_take_turns(thread):
    def many(who):
        for n in range(5):
            add(f"{who}-{n}")

    writers = [thread(lambda who=who: many(who)) for who in range(8)]
    for writer in writers:
        writer.join(60)
    assert User.objects.count() == 40


def test_a_failed_transaction_ends_its_turn(thread):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        User.objects.create_user("first")
        raise ZeroDivisionError
    thread(lambda: add("second")).join(10)
    assert User.objects.get().username == "second"


def test_a_connection_that_closes_ends_its_turn(thread):
    connection.set_autocommit(True)
    connection._start_transaction_under_autocommit()
    connection.close()
    thread(lambda: add("second")).join(10)
    assert User.objects.count() == 1


def test_nested_blocks_are_one_turn():
    with transaction.atomic():
        with transaction.atomic():
            User.objects.create_user("first")
        assert base._line.locked()
    assert not base._line.locked()
