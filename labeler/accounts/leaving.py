"""Delete a person's account. Their answers stay, under a name that says nothing, or go too."""

from django.db import transaction

from labeler.accounts import visits
from labeler.accounts.models import Identity, ResetLink, SecondFactor
from labeler.journal import noting
from labeler.projects.models import Invitation, Membership, SignInLink, Token, User
from labeler.projects.signals import account_closed, answers_unwanted, member_left

KEEP, DELETE = CHOICES = ("keep", "delete")  # what becomes of the answers


class LastOwner(Exception):
    """There must be somebody who owns the installation."""


@transaction.atomic
def delete(user: User, *, by: User | None = None, answers: str = KEEP) -> str:
    """Take away all that names the person or lets them in; returns what they are called now.

    The row stays, inactive for good: answers point to it and go on counting. answers: KEEP, or
    DELETE, which lets a worker take them out, with the comments. Raises LastOwner.
    """
    owners = User.objects.select_for_update().filter(is_superuser=True, is_active=True)
    if user.is_superuser and not owners.exclude(pk=user.pk).exists():
        raise LastOwner
    noting.note("delete_account", target=user.username, user=by, after={"answers": answers})
    for place in Membership.objects.filter(user=user).select_related("project"):
        member_left.send(Membership, project=place.project, user=user)
    account_closed.send(User, user=user)
    visits.end_all(user)
    for kind in (Membership, Token, SignInLink, ResetLink, SecondFactor, Identity):
        kind._default_manager.filter(user=user).delete()
    Invitation.objects.filter(invited_by=user, used_at=None).delete()
    user.username, user.first_name, user.last_name = f"someone-{user.pk}", "", ""
    user.email, user.settings, user.last_login = "", {}, None
    user.is_active = user.is_superuser = user.is_staff = False
    user.set_unusable_password()
    user.save()
    if answers == DELETE:
        answers_unwanted.send(User, user=user)
    return user.username
