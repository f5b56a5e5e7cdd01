"""A transaction for leases does not wait for the disk; the next one for an answer does again."""

import pytest
from django.db import connection, transaction

from labeler.projects.models import User
from labeler.work.leases import lightly

pytestmark = pytest.mark.django_db(transaction=True)
WAITS = {"sqlite": ("PRAGMA synchronous", {2: True, 1: False}),
         "postgresql": ("SHOW synchronous_commit", {"on": True, "off": False})}  # fmt: skip


def waits():
    ask, meaning = WAITS[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(ask)
        return meaning[cursor.fetchone()[0]]


def test_it_does_not_wait_and_afterwards_all_do_again():
    assert waits()
    with lightly():
        assert not waits()
        User.objects.create_user("first")
    assert waits()
    with transaction.atomic():
        assert waits()
    assert User.objects.count() == 1


def test_it_is_undone_like_any_transaction():
    with pytest.raises(ZeroDivisionError), lightly():
        User.objects.create_user("first")
        raise ZeroDivisionError
    assert waits()
    assert not User.objects.exists()


def test_within_another_transaction_that_one_decides():
    with transaction.atomic():
        with lightly():
            assert waits()
        assert waits()


def test_it_can_decorate():
    @lightly()
    def add(name):
        User.objects.create_user(name)

    add("first")
    add("second")
    assert User.objects.count() == 2
