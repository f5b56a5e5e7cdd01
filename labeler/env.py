"""Read settings from the environment; refuse what cannot be read, and say so."""

import ipaddress
import os
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """The variable's value, stripped; `NAME_FILE` may name a file that holds it (for secrets)."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={file} cannot be read: {error}.") from error
    return os.environ.get(name, default).strip()


def boolean(name: str, default: bool) -> bool:
    """True for 1/true/yes/on, False for 0/false/no/off."""
    value = text(name, "1" if default else "0").lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name}={value!r}: write 1 or 0.")
    return value in TRUE


def integer(name: str, default: int, *, least: int = 0, most: int = 2**53) -> int:
    """A whole number between `least` and `most`."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r}: write a whole number.") from None
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name}={number}: write a number from {least} to {most}.")
    return number


def choice(name: str, default: str, known: tuple[str, ...]) -> str:
    """One of the known words."""
    value = text(name, default).lower()
    if value not in known:
        raise ImproperlyConfigured(f"{name}={value!r}: write one of {', '.join(known)}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list without empty parts."""
    return [part for raw in text(name, default).split(",") if (part := raw.strip())]


def places(name: str, entries: list[str]) -> list[str]:
    """Hosts, `host:port`, and networks as in 10.0.0.0/8; `entries` come from `words(name)`."""
    for entry in entries:
        try:
            if "/" in entry:
                ipaddress.ip_network(entry)
            elif urlsplit(f"//{entry}").port == 0 or "@" in entry:
                raise ValueError
        except ValueError:
            raise ImproperlyConfigured(
                f"{name}: {entry!r} is neither a host, nor host:port, nor a network (10.0.0.0/8)."
            ) from None
    return entries


def folder(name: str, default: Path) -> Path:
    """An absolute folder; it is made when something is written there."""
    return Path(text(name, str(default))).expanduser().resolve()


def folders(name: str) -> list[Path]:
    """Existing folders, separated by the system's path separator (`:`)."""
    found = [Path(p).expanduser() for p in text(name).split(os.pathsep) if p.strip()]
    for path in found:
        if not path.is_dir():
            raise ImproperlyConfigured(f"{name}: {path} is not a folder.")
    return [path.resolve() for path in found]


def url(name: str, default: str, *, schemes: set[str]) -> str:
    """An address whose scheme is one of `schemes`; never printed, for it may hold a password."""
    value = text(name, default)
    scheme = urlsplit(value).scheme
    if scheme not in schemes:
        raise ImproperlyConfigured(
            f"{name} starts with {scheme!r}: use one of {', '.join(sorted(schemes))}."
        )
    return value


def location(name: str) -> str:
    """A path of the web server in front, from slash to slash: /files/; "" where it is not set."""
    value = text(name)
    if value and not re.fullmatch(r"/(\w[\w.-]*/)+", value, re.ASCII):
        raise ImproperlyConfigured(f"{name}={value!r}: write a path such as /files/.")
    return value


def origin(name: str) -> str:
    """Where a server is reached, https://host or http://host:port; "" where it is not set."""
    value = text(name)
    if value and not re.fullmatch(r"https?://[\w.-]+(:\d+)?", value, re.ASCII):
        raise ImproperlyConfigured(f"{name}: write an origin such as https://bucket.example.org.")
    return value


def storage(address: str) -> dict[str, Any]:
    """Django's storage for `file:///folder` or `s3://bucket/prefix`.

    Keys, region and endpoint of the bucket come from the AWS_… variables, which boto3 reads.
    """
    parts = urlsplit(address)
    if parts.scheme == "file":
        where = {"location": unquote(parts.path)}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": where}
    if not parts.netloc:
        raise ImproperlyConfigured("LABELER_STORAGE_URL names no bucket: s3://bucket/prefix.")
    bucket = {"bucket_name": parts.netloc, "location": parts.path.strip("/")}
    options = bucket | {"file_overwrite": True, "default_acl": None, "signature_version": "s3v4"}
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def mail(address: str) -> tuple[str, int, str, str, bool, bool]:
    """(host, port, user, password, TLS from the start, STARTTLS) of smtp:// or smtps://.

    "" has no host: no mail is sent. Without TLS only towards this machine itself.
    """
    parts = urlsplit(address)
    host, secure = parts.hostname or "", parts.scheme == "smtps"
    if address and (parts.scheme not in ("smtp", "smtps") or not host):
        words = "LABELER_EMAIL_URL: write smtp://user:password@host:587, or smtps://…:465."
        raise ImproperlyConfigured(words)
    here = host in ("localhost", "127.0.0.1", "::1")
    port = parts.port or (465 if secure else 587)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return host, port, user, password, secure, not secure and not here


def password(name: str, *, least: int) -> str:
    """A secret of so many characters or more; "" where it is not set. It is never printed."""
    value = text(name)
    if value and len(value) < least:
        raise ImproperlyConfigured(f"{name} is shorter than {least} characters.")
    return value


def secret_key(data: Path, *, team: bool) -> str:
    """The installation's secret: from the environment, or made once and kept in the data folder.

    A team installation shares the secret between hosts, so it must be given. An embedded one
    writes its own, readable by its owner only.
    """
    key = text("LABELER_SECRET_KEY")
    if key:
        if len(key) < 50:
            raise ImproperlyConfigured("LABELER_SECRET_KEY is shorter than 50 characters.")
        return key
    if team:
        raise ImproperlyConfigured(
            "LABELER_SECRET_KEY is not set. Give every host the same random text of 50 characters "
            "or more, for example from: python -c 'import secrets; print(secrets.token_hex(30))'"
        )
    return _kept_secret(data / "secret_key")


def _kept_secret(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text(encoding="ascii")
    with os.fdopen(handle, "w", encoding="ascii") as new:
        new.write(secrets.token_urlsafe(50))
    return file.read_text(encoding="ascii")
