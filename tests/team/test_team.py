"""A team's installation from the real packages: everything an installation does, on all of it."""

import csv
import json
import re
import threading
import urllib.request

import pytest
import yaml

from labeler.client import Labeler
from tests.team.process import ROOT
from tests.team.stand import FOREIGN, stand
from tests.training.drawn import striped

pytestmark = [
    pytest.mark.team,
    pytest.mark.slow,
]
LABELS = ["lying", "standing", "leaning"]


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    with stand(
        tmp_path_factory.mktemp("team"), database="postgresql", broker="rabbitmq", storage="s3",
        front=True,
    ) as team, pytest.MonkeyPatch.context() as patch:  # fmt: skip
        patch.setenv("SSL_CERT_FILE", str(team.certificate))
        yield team


@pytest.fixture(scope="module")
def token(team):
    return json.loads(team.manage("create_token", "owner", "--json").stdout)["token"]


def truth(name):
    return LABELS[int(name.removesuffix(".png")) % 3]


def test_a_team_imports_labels_trains_predicts_and_exports(team, token, tmp_path):
    files = []
    for row in range(36):
        files.append(tmp_path / f"{row}.png")
        files[-1].write_bytes(striped(row))
    one, two = (Labeler(url, token) for url in team.urls)
    front = Labeler(team.front, token)
    made = front.create_project("Stripes", LABELS, features="hog", audit_share=0.0)
    assert made.import_files(files[:30])["added"] == 30

    there = [labeler.project(made.id) for labeler in (one, two)]
    seen = set()
    for turn in range(18):
        [question] = there[turn % 2].claim()
        assert there[turn % 2].picture(question, "thumb")
        there[1 - turn % 2].annotate(question, [truth(question.name)])  # the other web server
        seen.add(question.image)
    assert len(seen) == 18
    assert made.train(wait=120)["state"] == "done"

    team.processes["predict"].wait_ready()
    said = list(made.predict(files[30:]))
    assert [each.name for each in said] == [f"{n}.png" for n in range(30, 36)]
    assert all(not each.error for each in said)
    table = there[1].export("csv", tmp_path / "answers.csv")
    with table.open(encoding="utf-8-sig") as lines:
        answered = {row["name"]: row["labels"] for row in csv.DictReader(lines)}
    assert answered == {name: truth(name) for name in answered}
    assert len(answered) == 18


def test_every_process_is_healthy(team):
    for url in [*team.urls, team.front]:
        for path in ("/healthz", "/readyz"):
            with urllib.request.urlopen(url + path, timeout=10) as answer:
                assert answer.status == 200
    assert team.workers_seen() == {"rounds-1", "rounds-2", "chores-1"}
    assert all(process.alive for process in team.processes.values())


def test_it_is_what_the_compose_file_starts(team):
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    ours = {name: service for name, service in services.items() if "build" in service}
    there = {tuple(service["command"][2:]) for service in ours.values()} - {("prepare",)}
    words = [p.command[2:] for p in team.processes.values() if "manage.py" in p.command]
    assert {tuple(" ".join(each).partition(" --name")[0].split()) for each in words} == there

    keys = {"AWS_SHARED_CREDENTIALS_FILE": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]}
    [named] = {tuple(service["environment"]) for service in ours.values()}
    wanted = {one for name in named for one in keys.get(name, [name.removesuffix("_FILE")])}
    image = re.findall(r"(LABELER_\w+)=", (ROOT / "Dockerfile").read_text())
    chosen = {name for name in team.environment if name.startswith((*FOREIGN, "OMP_"))}
    assert chosen - set(image) == wanted
    assert {"DATA", "BIND", "PORT"} == {name.removeprefix("LABELER_") for name in image}
    servers = {"database": "postgres", "broker": "rabbitmq", "s3": "s3", "proxy": "proxy"}
    assert set(services) - set(ours) == set(servers.values())
    assert set(servers) <= set(team.processes)


def test_two_hosts_that_start_at_once_prepare_it_once(tmp_path):
    with stand(
        tmp_path, database="postgresql", broker="redis", workers=("rounds", "chores"),
        predict=False, prepare=False, start=False,
    ) as team:  # fmt: skip
        said = {}

        def host(number, worker):
            said[number] = team.manage("prepare", check=False)
            team.processes[f"web-{number}"].start()
            team.processes[worker].start()

        hosts = [
            threading.Thread(target=host, args=each) for each in ((1, "rounds-1"), (2, "chores-1"))
        ]
        for each in hosts:
            each.start()
        for each in hosts:
            each.join()
        for name in ("web-1", "web-2", "rounds-1", "chores-1"):
            team.processes[name].wait_ready()
        assert [done.returncode for done in said.values()] == [0, 0], said
        applied = team.rows("SELECT app, name FROM django_migrations")
        assert len(applied) == len(set(applied)) > 20
        assert len(team.rows("SELECT username FROM projects_user")) == 1
        links = {team.sign_in_link.rpartition("/")[2] for _ in range(2)}
        assert len(links) == 2
        waiting = team.rows("SELECT 1 FROM projects_signinlink")
        assert len(waiting) == 1
        for name in ("web-1", "web-2", "rounds-1", "chores-1"):
            assert "Error" not in team.processes[name].log(), team.processes[name].log()
