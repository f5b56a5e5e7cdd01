"""A new password for somebody who lost theirs: by a link that works once, for a day."""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from labeler.accounts import visits
from labeler.accounts.models import ResetLink
from labeler.projects import secret, tokens
from labeler.projects.languages import of_user
from labeler.projects.models import User

log = logging.getLogger(__name__)

DAYS = 1
MAILS_AN_HOUR = 3  # to one person


def issue(user: User) -> str:
    """A new secret for /reset/<secret>; links issued earlier stop working."""
    given = secret.new()
    with transaction.atomic():
        ResetLink.objects.filter(user=user, used_at=None).update(used_at=timezone.now())
        ResetLink.objects.create(
            user=user, digest=secret.digest(given), expires_at=secret.in_days(DAYS)
        )
    return given


def person_of(given: str) -> User | None:
    """Whose link this is, if it can still be used."""
    row = secret.valid(ResetLink, given).filter(user__is_active=True).select_related("user").first()
    return row.user if row else None


@transaction.atomic
def use(given: str, password: str) -> User | None:
    """Store the new password and use the link up; None if it no longer works.

    Every session ends and every token is revoked: somebody else may have known the old one.
    """
    links = secret.valid(ResetLink, given).filter(user__is_active=True)
    row = secret.use(links, ["user"])
    if row is None:
        return None
    row.user.set_password(password)
    row.user.save(update_fields=["password"])
    shut_out(row.user)
    return row.user


def shut_out(user: User, *, but: str | None = None) -> None:
    """End the person's sessions (but the one with the key `but`), tokens and open links."""
    visits.end_all(user, but=but)
    tokens.revoke_all(user)
    ResetLink.objects.filter(user=user, used_at=None).update(used_at=timezone.now())


def mail(told: str, address: str) -> None:
    """Send a link to whoever has this name or e-mail address, if there is such a person.

    `address` is where this installation is reached, without a slash at its end.
    """
    who = Q(username=told) | Q(email__iexact=told)
    for user in User.objects.filter(who, is_active=True).exclude(email="")[:1]:
        if _recently(user) < MAILS_AN_HOUR:
            _send(user, address + reverse("reset", args=[issue(user)]))


def _recently(user: User) -> int:
    since = timezone.now() - timedelta(hours=1)
    return ResetLink.objects.filter(user=user, created_at__gt=since).count()


def _send(user: User, link: str) -> None:
    with override(of_user(user) or settings.LANGUAGE_CODE):
        asked = _(
            "Somebody asked for a new password for %(person)s at Labeler. If that was you, open "
            "this link within a day:"
        )
        not_you = _("If it was not you, do nothing: your password stays as it is.")
        text = "\n\n".join([asked % {"person": user}, link, not_you])
        send_mail(_("A new password for Labeler"), text, None, [user.email])


def mail_quietly(told: str, address: str) -> None:
    """`mail` in a thread of its own: what fails goes to the log."""
    try:
        mail(told, address)
    except Exception:  # a mail server has many ways to fail
        log.exception("A mail about a new password was not sent.")
    finally:
        connection.close()


def can_mail() -> bool:
    """Whether this installation sends mail at all."""
    return bool(settings.EMAIL_HOST)
