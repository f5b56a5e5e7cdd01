"""The files for containers: whole, without default passwords, naming only what exists."""

import re
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from labeler.supervisor import programs

ROOT = Path(__file__).parents[1]
SERVICES = {"prepare", "web", "predict", "worker-rounds", "worker-chores", "postgres", "rabbitmq"}
KNOWN_KEYS = {
    "build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "hostname", "image",
    "init", "ports", "read_only", "restart", "secrets", "security_opt", "tmpfs", "volumes",
}  # fmt: skip


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_it_starts_what_an_installation_consists_of(compose):
    assert set(compose["services"]) == SERVICES
    workers = {
        tuple(service["command"][2:])
        for service in compose["services"].values()
        if "worker" in service.get("command", [])
    }
    assert workers == {("worker", queue) for queue in programs.QUEUES}


def test_every_service_uses_keys_that_compose_knows(compose):
    for name, service in compose["services"].items():
        assert set(service) <= KNOWN_KEYS, name
        assert "image" in service, name


def test_every_command_of_ours_exists(compose):
    commands = [s["command"] for s in compose["services"].values() if "command" in s]
    commands.append(["python", "manage.py", "web"])
    for command in commands:
        assert command[:2] == ["python", "manage.py"]
        assert (ROOT / "labeler" / "management" / "commands" / f"{command[2]}.py").exists()
    assert 'CMD ["python", "manage.py", "web"]' in (ROOT / "Dockerfile").read_text()


def test_whatever_is_named_is_declared(compose):
    for name, service in compose["services"].items():
        for needed in service.get("depends_on", {}):
            assert needed in compose["services"], name
        for secret in service.get("secrets", []):
            assert (secret if isinstance(secret, str) else secret["source"]) in compose["secrets"]
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"], name


def test_no_secret_has_a_value_here(compose):
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASS|SECRET|TOKEN|DATABASE_URL|BROKER_URL", name):
                assert str(value).startswith("/run/secrets/"), name


def test_only_the_web_server_is_reachable_and_only_from_this_host(compose):
    ports = {name: s["ports"] for name, s in compose["services"].items() if "ports" in s}
    assert list(ports) == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in ports["web"])


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
