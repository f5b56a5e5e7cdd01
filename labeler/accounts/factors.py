"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes."""

import base64
import hashlib
import hmac
import secrets
import time
from datetime import timedelta

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from labeler.accounts.models import RecoveryCode, SecondFactor
from labeler.projects import secret
from labeler.projects.models import Membership, User

STEP = 30  # seconds
DRIFT = 1  # steps that a clock may go wrong, either way
MOST_FAILURES = 8
LOCKED = timedelta(minutes=15)
RECOVERY_CODES = 10
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # 32, none that is taken for another


class Locked(Exception):
    """Too many wrong codes; it ends by itself."""


def new_seed() -> str:
    """160 random bits in base32, as apps take them."""
    return pyotp.random_base32()


def address(user: User, seed: str) -> str:
    """What the QR code holds."""
    return pyotp.TOTP(seed).provisioning_uri(name=user.username, issuer_name="Labeler")


def qr_path(text: str) -> tuple[str, int]:
    """The dark modules of the QR code as an SVG path, and its side in modules with the margin."""
    rows = list(segno.make(text, error="m").matrix_iter(border=4))
    dark = ((x, y) for y, row in enumerate(rows) for x, module in enumerate(row) if module)
    return "".join(f"M{x} {y}h1v1h-1z" for x, y in dark), len(rows)


def of(user: User) -> SecondFactor | None:
    """The person's second factor, if they have one."""
    return SecondFactor.objects.filter(user=user).first()


@transaction.atomic
def set_up(user: User, seed: str, code: str) -> list[str] | None:
    """Store the seed and give the recovery codes; None where the code is not the app's."""
    step = _step_of(seed, code, after=0)
    if step is None:
        return None
    SecondFactor.objects.filter(user=user).delete()
    factor = SecondFactor.objects.create(user=user, seed=_locked_up(seed), last_step=step)
    return _new_codes(factor)


def renew_codes(factor: SecondFactor) -> list[str]:
    """Ten new recovery codes; the old ones are worthless."""
    with transaction.atomic():
        factor.recovery_codes.all().delete()
        return _new_codes(factor)


def remove(user: User) -> bool:
    """Take the second factor away; False if there is none."""
    return bool(SecondFactor.objects.filter(user=user).delete()[0])


def check(user: User, given: str) -> bool:
    """Whether this is a code of the app or a recovery code, which is used up. Raises Locked."""
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().filter(user=user).first()
        if factor is None:
            return False
        if factor.locked_until and factor.locked_until > timezone.now():
            raise Locked
        passed = _use_code(factor, given) or _use_recovery_code(factor, given)
        factor.failures = 0 if passed else factor.failures + 1
        factor.locked_until = None
        if factor.failures >= MOST_FAILURES:
            factor.failures, factor.locked_until = 0, timezone.now() + LOCKED
        factor.save(update_fields=["failures", "locked_until", "last_step"])
    return passed


def needed(user: User) -> bool:
    """Whether the installation asks this person for a second factor."""
    if settings.SECOND_FACTOR == "admins":
        role = Membership.Role.ADMIN
        admin = Membership.objects.filter(user=user, role=role, deactivated_at=None)
        return user.is_superuser or admin.exists()
    return bool(settings.SECOND_FACTOR == "everyone")


def _use_code(factor: SecondFactor, given: str) -> bool:
    step = _step_of(_opened(factor.seed), given, after=factor.last_step)
    if step is not None:
        factor.last_step = step
    return step is not None


def _step_of(seed: str, given: str, *, after: int) -> int | None:
    """The time step whose code this is, later than `after`; a code that was seen is worthless."""
    code = "".join(given.split())
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        return None
    now, found = int(time.time()) // STEP, None
    for step in range(now - DRIFT, now + DRIFT + 1):
        right = hmac.compare_digest(pyotp.TOTP(seed).at(step * STEP), code)
        found = step if right and step > after else found
    return found


def _use_recovery_code(factor: SecondFactor, given: str) -> bool:
    unused = factor.recovery_codes.filter(digest=secret.digest(_plain(given)), used_at=None)
    return bool(unused.update(used_at=timezone.now()))


def _new_codes(factor: SecondFactor) -> list[str]:
    codes = ["".join(secrets.choice(LETTERS) for _ in range(16)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(factor=factor, digest=secret.digest(code)) for code in codes
    )
    return ["-".join(code[i : i + 4] for i in range(0, 16, 4)) for code in codes]


def _plain(given: str) -> str:
    """A recovery code as it was made, however it is typed."""
    return "".join(letter for letter in given.lower() if letter in LETTERS)[:100]


# Seeds must be read again, so they are encrypted, not hashed: a stolen copy of the database alone
# makes no codes.


def _box() -> Fernet:
    key = hashlib.sha256(b"labeler second factor " + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def _locked_up(seed: str) -> str:
    return _box().encrypt(seed.encode()).decode()


def _opened(told: str) -> str:
    try:
        return _box().decrypt(told.encode()).decode()
    except InvalidToken:  # the installation has another secret now: recovery codes still work
        return pyotp.random_base32()
