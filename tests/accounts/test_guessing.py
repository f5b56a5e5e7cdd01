"""R23: many guesses at once get no more tries than the same guesses in a row."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from axes.models import AccessFailureLog
from django.db import connection
from django.test import Client

from labeler.projects import tokens
from tests.accounts.test_limits import PASSWORD, attempt

AT_ONCE = 12


@pytest.mark.django_db(transaction=True)
def test_fifty_guesses_at_once_open_nothing_and_lock(owner):
    """Twelve threads, fifty guesses: what is already being looked at may end, not more."""
    together = Barrier(AT_ONCE)

    def guess(number):
        try:
            if number < AT_ONCE:
                together.wait(30)
            return attempt(password=f"wrong {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(guess, range(50)))
    assert set(answers) <= {400, 429}
    assert answers.count(400) <= 8 + AT_ONCE
    assert attempt(password=PASSWORD) == 429
    assert AccessFailureLog.objects.count() >= 8


@pytest.mark.django_db
def test_guessed_tokens_open_nothing(owner):
    """A token has 256 random bits; what is near it is as far from it as anything else."""
    given = tokens.issue(user=owner, name="test")[1]
    near = [given[:-1] + letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter != given[-1]]
    for guess in [*near, given.swapcase(), given[::-1], f"{given} ", f"{given}\t{given}"]:
        told = Client().get("/api/v1/projects", headers={"Authorization": f"Bearer {guess}"})
        assert told.status_code in (401, 200)
        assert told.status_code == 401 or guess.split() == [given]
