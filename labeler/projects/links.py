"""Sign-in links: whoever opens one is its user, once, within a day."""

from labeler.projects import secret
from labeler.projects.models import SignInLink, User

DAYS = 1


def issue(user: User) -> str:
    """A new secret for /sign-in/<secret>; links issued earlier stop working."""
    SignInLink.objects.filter(user=user).delete()
    new = secret.new()
    SignInLink.objects.create(user=user, digest=secret.digest(new), expires_at=secret.in_days(DAYS))
    return new


def redeem(given: str) -> User | None:
    """The user of an unused link, which is used up by this; None for any other."""
    row = secret.use(secret.valid(SignInLink, given), ["user"])
    return row.user if row and row.user.is_active else None
