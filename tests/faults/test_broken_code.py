"""The suite turns red where the program itself is broken: else its green would mean nothing."""

import random

import pytest

from tests.faults import campaign, faults, field
from tests.team.stand import stand

pytestmark = [pytest.mark.slow, pytest.mark.team]

IMAGES, THINK = 500, 0.02


def kinds(folder, ways, chosen, **words):
    """What the checker says of a program that is broken in these ways."""
    settings = {"DJANGO_SETTINGS_MODULE": "tests.faults.broken.settings", "BROKEN": ways}
    known = {fault.name: fault for fault in faults.FAULTS}
    there = stand(
        folder / "stand", workers=("rounds",), predict=False,
        environment=field.SETTINGS | settings, **words,
    )  # fmt: skip
    with there as team:
        done = campaign.run(
            team, [known[name] for name in chosen], folder=folder,
            seed=str(random.SystemRandom().randrange(10**6)), images=IMAGES, think=THINK,
        )  # fmt: skip
    return {broken.kind for broken in done.broken}


def test_answers_acknowledged_without_a_commit_are_missed(tmp_path):
    assert kinds(tmp_path, "answers", []) == {"lost"}


def test_claims_without_a_lock_and_commits_that_are_not_on_the_disk_are_seen(tmp_path):
    killed = ["kill -9 database"] * 3
    seen = kinds(tmp_path, "claims,durability", killed, database="postgresql")
    assert {"lost", "held twice"} <= seen
