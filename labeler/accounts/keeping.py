"""What is kept about people's coming and going, and for how long."""

from datetime import timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from labeler.accounts import visits
from labeler.accounts.models import ResetLink
from labeler.journal import noting
from labeler.projects.models import Invitation, SignInLink, Token


def forget() -> dict[str, int]:
    """Take out what is older than the settings keep; how many rows of each went."""
    since = timezone.now() - timedelta(days=settings.SIGN_IN_LOG_DAYS)
    gone = {"sessions": visits.forget_ended(), "journal": noting.forget(settings.JOURNAL_DAYS)}
    for log in (AccessAttempt, AccessFailureLog, AccessLog):
        gone[log.__name__] = log.objects.filter(attempt_time__lt=since).delete()[0]
    worthless = Q(used_at__lt=since) | Q(expires_at__lt=since)
    for kind in (Invitation, SignInLink, ResetLink):
        gone[kind.__name__] = kind._default_manager.filter(worthless).delete()[0]
    ended = worthless | Q(revoked_at__lt=since)
    gone["Token"] = Token.objects.filter(ended).delete()[0]
    return gone
