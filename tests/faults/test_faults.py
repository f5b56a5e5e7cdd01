"""A small campaign on either database: two thousand labels, a few faults, nothing lost."""

import random

import pytest

from tests.faults import campaign, faults, field
from tests.team.stand import stand

pytestmark = [pytest.mark.slow, pytest.mark.team]

IMAGES, THINK = 2_000, 0.3
BROKERS = {"sqlite": "folder", "postgresql": "rabbitmq"}
# The benchmark knows more; these take the least time.
CHOSEN = {
    "sqlite": [
        "kill -9 web server", "kill -9 process of a web server", "kill -9 rounds worker",
        "kill -9 process of a web server", "kill -9 prediction service", "many ask for one round",
        "kill -9 all workers, their sweeps", "kill -9 process of a web server",
        "SIGTERM web server", "SIGTERM rounds worker",
    ],
    "postgresql": [
        "kill -9 database", "kill -9 web server", "kill -9 broker", "kill -9 rounds worker",
        "kill -9 database", "kill -9 prediction service",
    ],
}  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_is_lost_doubled_or_held_by_two(tmp_path, database):
    seed = str(random.SystemRandom().randrange(10**6))
    known = {fault.name: fault for fault in faults.FAULTS}
    chosen = [known[name] for name in CHOSEN[database]]
    random.Random(seed).shuffle(chosen)
    there = stand(
        tmp_path / "stand", database=database, broker=BROKERS[database], environment=field.SETTINGS
    )
    with there as team:
        done = campaign.run(team, chosen, folder=tmp_path, seed=seed, images=IMAGES, think=THINK)
    assert done.broken == []
    assert done.troubles == []
    assert len(done.acknowledged) == IMAGES
    assert done.rounds > len(chosen)
