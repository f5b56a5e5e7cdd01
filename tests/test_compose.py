"""The files for containers: whole, without default passwords, naming only what exists."""

import copy
import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from labeler.supervisor import programs

ROOT = Path(__file__).parents[1]
SERVERS = {"proxy", "postgres", "rabbitmq", "s3"}
OURS = {"prepare", "web", "predict", "worker-rounds", "worker-chores", "worker-gpu"}
UNWATCHED = {"prepare", "worker-rounds", "worker-chores", "worker-gpu"}  # they watch themselves


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_it_starts_what_an_installation_consists_of(compose):
    assert set(compose["services"]) == OURS | SERVERS
    workers = {
        tuple(service["command"][2:])
        for service in compose["services"].values()
        if "worker" in service.get("command", [])
    }
    assert workers == {("worker", queue) for queue in programs.QUEUES}


def test_it_is_what_the_specification_allows(compose, tmp_path):
    assert not _refused(compose, tmp_path)
    wrong = copy.deepcopy(compose)
    wrong["services"]["web"]["comand"] = ["python"]
    assert "comand" in _refused(wrong, tmp_path)


def _refused(compose, folder) -> str:
    """What the specification's own schema has against the file; empty where it has nothing."""
    (folder / "compose.yml").write_text(yaml.safe_dump(compose))
    command = ["check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yml"]
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True
    )
    return done.stdout + done.stderr if done.returncode else ""


def test_every_command_of_ours_exists(compose):
    for command in (compose["services"][name]["command"] for name in OURS):
        assert command[:2] == ["python", "manage.py"]
        known = load_command_class(get_commands()[command[2]], command[2])
        known.create_parser("manage.py", command[2]).parse_args(command[3:])
    assert 'CMD ["python", "manage.py", "web"]' in (ROOT / "Dockerfile").read_text()


def test_whatever_is_named_is_declared(compose):
    for name, service in compose["services"].items():
        for needed in service.get("depends_on", {}):
            assert needed in compose["services"], name
        for secret in service.get("secrets", []):
            assert (secret if isinstance(secret, str) else secret["source"]) in compose["secrets"]
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = (ROOT / source).exists() if source[0] == "." else source in compose["volumes"]
            assert there, name


def test_no_secret_has_a_value_here(compose):
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASS|SECRET|TOKEN|DATABASE_URL|BROKER_URL", name):
                assert str(value).startswith("/run/secrets/"), name


def test_only_the_proxy_is_reachable_and_by_default_only_from_this_host(compose):
    ports = {name: s["ports"] for name, s in compose["services"].items() if "ports" in s}
    assert list(ports) == ["proxy"]
    assert all(port.startswith("${LABELER_ADDRESS:-127.0.0.1}:") for port in ports["proxy"])


def test_every_service_is_limited_watched_and_has_few_rights(compose):
    for name, service in compose["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        assert set(limits) == {"cpus", "memory"}, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        watched = not service.get("healthcheck", {}).get("disable", False)
        assert watched == (name not in UNWATCHED), name
        if name != "s3":  # its image starts as root, and writes where it starts
            assert service["cap_drop"] == ["ALL"], name
        if name in OURS | {"proxy", "postgres"}:
            assert service["read_only"] is True, name


def test_the_health_checks_of_containers_are_not_sent_to_https(client, settings, db):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code in (200, 503)
    assert client.get("/sign-in").status_code == 301


def test_secrets_are_random_and_made_once(compose, tmp_path):
    def make(name):
        return subprocess.run(
            ["sh", "tools/secrets.sh", str(tmp_path / name)], cwd=ROOT, capture_output=True
        ).returncode

    assert [make("one"), make("two"), make("one")] == [0, 0, 1]
    wanted = {Path(secret["file"]).name for secret in compose["secrets"].values()}
    assert {file.name for file in (tmp_path / "one").iterdir()} == wanted
    for name in wanted:
        assert (tmp_path / "one" / name).read_text() != (tmp_path / "two" / name).read_text()
    users = json.loads((tmp_path / "one" / "s3_users").read_text())
    [keys] = users["identities"][0]["credentials"]
    assert keys["secretKey"] in (tmp_path / "one" / "s3_keys").read_text()
    assert len((tmp_path / "one" / "secret_key").read_text()) >= 50
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o700


def test_the_image_runs_as_an_ordinary_user_and_is_watched():
    steps = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER labeler" in steps
    assert any(step.startswith("HEALTHCHECK") for step in steps)


def test_every_file_the_image_copies_exists_and_is_sent_to_the_builder():
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.M)
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name
        assert name in sent
