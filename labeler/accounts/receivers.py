"""What happens to ways in when somebody signs in, or is shut out."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from labeler.accounts import visits
from labeler.accounts.models import ResetLink, Visit
from labeler.projects.models import User
from labeler.projects.signals import account_closed


@receiver(user_logged_in)
def note_visit(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """The list of sessions grows by one."""
    visits.begin(request, user)


@receiver(user_logged_out)
def forget_visit(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    """Runs before the session is emptied."""
    Visit.objects.filter(key=str(request.session.session_key)).delete()


@receiver(account_closed)
def shut_out(sender: Any, user: User, **kwargs: Any) -> None:
    """No session and no link outlives a deactivation, so that none comes back with the account."""
    visits.end_all(user)
    ResetLink.objects.filter(user=user).delete()
