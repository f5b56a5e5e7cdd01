"""The broker over files loses nothing: half-written messages, killed readers, closed channels."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kombu import Connection

from labeler import celery as roof  # noqa: F401 - knows the name folder://

ROOT = Path(__file__).parents[2]

PUBLISH = """
from kombu import Connection
who, count = {who}, {count}
with Connection("folder://") as connection:
    queue = connection.SimpleQueue("post")
    for n in range(count):
        queue.put({{"id": f"{{who}}-{{n}}", "filling": "x" * (300_000 if n % 20 == 0 else 800)}})
"""

READ = """
import sys
from queue import Empty
from kombu import Connection
with Connection("folder://") as connection, open(sys.argv[1], "a") as seen:
    queue = connection.SimpleQueue("post")
    while True:
        try:
            message = queue.get(timeout={patience})
        except Empty:
            break
        seen.write(message.payload["id"] + "\\n")
        seen.flush()
        {then}
"""

SETUP = (
    "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'labeler.settings'; django.setup()\n"
)


def process(code: str, data: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "LABELER_DATA": str(data), "DATABASE_URL": "sqlite:///:memory:"}
    return subprocess.Popen([sys.executable, "-c", SETUP + code, *arguments], cwd=ROOT, env=env)


def ids(*files: Path) -> list[str]:
    return [line for file in files if file.exists() for line in file.read_text().splitlines()]


def wait_for(condition, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.slow
def test_1600_messages_of_four_publishers_reach_two_readers_once_each(tmp_path):
    out = [tmp_path / "a", tmp_path / "b"]
    read = READ.format(patience=5, then="message.ack()")
    readers = [process(read, tmp_path, str(file)) for file in out]
    publishers = [process(PUBLISH.format(who=n, count=400), tmp_path) for n in range(4)]
    assert [p.wait(120) for p in publishers] == [0] * 4
    assert [p.wait(120) for p in readers] == [0] * 2
    seen = ids(*out)
    assert len(seen) == 1600
    assert set(seen) == {f"{who}-{n}" for who in range(4) for n in range(400)}


def test_what_a_killed_reader_held_comes_back(tmp_path):
    process(PUBLISH.format(who=0, count=3), tmp_path).wait(60)
    first = tmp_path / "first"
    holder = process(READ.format(patience=5, then="import time; time.sleep(60)"), tmp_path, first)
    wait_for(lambda: ids(first))
    holder.send_signal(signal.SIGKILL)
    holder.wait(10)

    second = tmp_path / "second"
    process(READ.format(patience=3, then="message.ack()"), tmp_path, second).wait(60)
    assert sorted(ids(second)) == ["0-0", "0-1", "0-2"]


def test_an_unacknowledged_message_returns_when_its_channel_closes(settings):
    with Connection("folder://") as connection:
        queue = connection.SimpleQueue("post")
        queue.put({"id": 1})
        assert queue.get(timeout=1).payload == {"id": 1}
    with Connection("folder://") as connection:
        message = connection.SimpleQueue("post").get(timeout=1)
        assert message.payload == {"id": 1}
        message.ack()
    assert not list((settings.BROKER_FOLDER / "held").iterdir())


def test_an_acknowledged_message_is_gone(settings):
    with Connection("folder://") as connection:
        queue = connection.SimpleQueue("post")
        queue.put({"id": 1})
        queue.get(timeout=1).ack()
        assert queue.qsize() == 0
    assert not [p for p in settings.BROKER_FOLDER.rglob("*") if p.is_file()]


def test_messages_come_in_the_order_they_were_sent():
    with Connection("folder://") as connection:
        queue = connection.SimpleQueue("post")
        for number in range(5):
            queue.put(number)
        assert [queue.get(timeout=1).payload for _ in range(5)] == [0, 1, 2, 3, 4]


def test_a_damaged_message_is_put_aside_and_blocks_nobody(settings):
    with Connection("folder://") as connection:
        queue = connection.SimpleQueue("post")
        shelf = settings.BROKER_FOLDER / "ready" / "post"
        shelf.mkdir(parents=True, exist_ok=True)
        (shelf / f"{0:020d}-broken@post").write_text("{")
        queue.put({"id": 1})
        assert queue.get(timeout=1).payload == {"id": 1}
    assert [p.name for p in (settings.BROKER_FOLDER / "damaged").iterdir()]


def test_strangers_cannot_read_the_messages(settings):
    with Connection("folder://") as connection:
        connection.SimpleQueue("post").put({"id": 1})
    [message] = [p for p in settings.BROKER_FOLDER.rglob("*@post") if p.is_file()]
    assert message.stat().st_mode & 0o077 == 0
    assert message.parent.stat().st_mode & 0o077 == 0
