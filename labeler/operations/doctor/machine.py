"""This machine: settings, versions of packages, the folders and the disk they lie on."""

import os
import platform
import shutil
import sys
import uuid
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from packaging.version import Version

from labeler.operations.doctor.findings import Finding, bad, ok, warn

PYTHON = (3, 11)
# Below these lie known holes: request smuggling, bombs past the limits, code in model files.
FLOORS = {
    "Django": "5.2.14",
    "gunicorn": "22.0.0",
    "Pillow": "12.3.0",
    "torch": "2.9.1",
    "celery": "5.2.2",
}
PINS = settings.ROOT / "requirements.txt"
GIB = 1024**3
SCARCE, FULL = 10 * GIB, 1 * GIB
MOUNTS = Path("/proc/self/mountinfo")
NETWORK = (
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "ncpfs",
    "fuse.sshfs", "fuse.s3fs", "fuse.glusterfs", "fuse.ceph", "fuse.rclone", "fuse.gcsfuse",
)  # fmt: skip
HERE = frozenset({"127.0.0.1", "::1", "localhost"})


def settings_fit() -> Iterator[Finding]:
    """Settings that can be read, and do not fit together. Those that cannot stop every command."""
    wrong = [each for each in checks.run_checks() if each.level >= checks.ERROR]
    yield from (bad("settings", each.msg, each.hint or "See the settings.") for each in wrong)
    found = list(_unsafe())
    yield from found
    if not wrong and not found:
        size = "embedded" if settings.EMBEDDED else "team"
        yield ok("settings", f"They can be read and fit together ({size}).")


def _unsafe() -> Iterator[Finding]:
    public = settings.BIND not in HERE
    if settings.DEBUG:
        say = bad if public else warn
        yield say("settings", "LABELER_DEBUG is on: errors show code.", "Unset LABELER_DEBUG.")
    if "change" in settings.SECRET_KEY.lower() and "me" in settings.SECRET_KEY.lower():
        words = "LABELER_SECRET_KEY is a placeholder: anybody could sign sessions."
        yield bad("settings", words, "Give it 50 random characters.")
    if "*" in settings.ALLOWED_HOSTS:
        words = "LABELER_HOSTS lets every name pass."
        yield warn("settings", words, "List the names under which people reach it.")
    if public and not settings.HTTPS:
        words = f"It listens on {settings.BIND} without https: passwords travel readable."
        yield warn("settings", words, "Put a server with TLS in front, and set LABELER_HTTPS=1.")
    if settings.HTTPS and settings.BEHIND_PROXY and not settings.CSRF_TRUSTED_ORIGINS:
        words = "LABELER_ORIGINS is empty although a server stands in front: forms may be refused."
        yield warn(
            "settings", words, "Set it to the address people use: https://labels.example.org."
        )
    if not settings.EMBEDDED and urlsplit(settings.CELERY_BROKER_URL).scheme == "folder":
        words = "PostgreSQL with messages in a folder: workers on other hosts get none."
        yield warn("settings", words, "Set CELERY_BROKER_URL to RabbitMQ or Redis.")


def versions() -> Iterator[Finding]:
    """Python and packages: none below its floor, all as pinned."""
    if sys.version_info < PYTHON:
        yield bad("versions", f"Python {platform.python_version()}", "Use Python 3.11 or newer.")
    low = {
        name: found for name, least in FLOORS.items() if _below(found := _installed(name), least)
    }
    for name, found in low.items():
        words = f"{name} {found or 'is missing'}; {FLOORS[name]} at least."
        yield bad("versions", words, "pip install -r requirements.txt")
    other = [line for line in _other_than_pinned() if line.split()[0] not in low]
    if other:
        yield warn("versions", "; ".join(other), "pip install -r requirements.txt")
    if not low and not other:
        yield ok("versions", f"Python {platform.python_version()}, packages as pinned.")


def _below(found: str | None, least: str) -> bool:
    return found is None or Version(found) < Version(least)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _other_than_pinned() -> Iterator[str]:
    lines = PINS.read_text(encoding="utf-8").splitlines() if PINS.exists() else []
    for line in lines:
        name, equal, pinned = line.partition("#")[0].strip().partition("==")
        bare = name.partition("[")[0]
        if equal and Version(found := _installed(bare) or "0").public != Version(pinned).public:
            yield f"{bare} {found if found != '0' else 'is missing'}, pinned {pinned}"


def folders() -> Iterator[Finding]:
    """The data folder can be written to, has room, and lies on a disk of this machine."""
    data: Path = settings.DATA
    try:
        data.mkdir(mode=0o750, parents=True, exist_ok=True)
        _write(data)
    except OSError as error:
        words = f"{data} cannot be written to: {error.strerror or error}."
        yield bad("disk", words, "Mend its rights, or choose another with LABELER_DATA.")
        return
    yield _room(data)
    yield _kind(data, MOUNTS)


def _write(folder: Path) -> None:
    probe = folder / f".doctor-{uuid.uuid4().hex}"
    try:
        with os.fdopen(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)


def _room(data: Path) -> Finding:
    free = shutil.disk_usage(data).free
    left = os.statvfs(data)
    words = f"{free / GIB:,.1f} GiB free where {data} lies."
    remedy = "Free some space, delete projects that nobody needs, or move LABELER_DATA."
    if left.f_files and left.f_favail < 1_000:
        return bad("disk", f"{left.f_favail:,} files can still be made in {data}.", remedy)
    if free < SCARCE:
        return (bad if free < FULL else warn)("disk", words, remedy)
    return ok("disk", words)


def _kind(data: Path, mounts: Path) -> Finding:
    kind = file_system(data, mounts)
    if kind not in NETWORK:
        return ok("file system", f"{data} lies on {kind or 'a file system of unknown kind'}.")
    words = f"{data} lies on {kind}, a network file system."
    local = settings.EMBEDDED or urlsplit(settings.CELERY_BROKER_URL).scheme == "folder"
    if local:
        remedy = "SQLite and folder:// need a disk of this machine: they lose data here. Move them."
        return bad("file system", words, remedy)
    return warn("file system", words, "It is slow for arrays; a disk of the machine is better.")


def file_system(path: Path, mounts: Path = MOUNTS) -> str:
    """What the path lies on, as Linux calls it: ext4, nfs4, …; "" where that cannot be told."""
    if not mounts.exists():
        return ""
    found, longest = "", -1
    for line in mounts.read_text(encoding="utf-8").splitlines():
        before, _sep, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")  # \040 is a space
        if path.resolve().is_relative_to(point) and len(point) >= longest:
            found, longest = after.split()[0], len(point)
    return found
