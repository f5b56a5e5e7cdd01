"""The accounts of the installation: who may sign in at all. Its owner sees to them."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Prefetch, QuerySet

from labeler.journal import noting
from labeler.projects.models import Invitation, Membership, User
from labeler.projects.signals import account_closed, member_left


class OwnAccount(Exception):
    """Nobody shuts out themselves: so there is always an owner who can come in."""


@dataclass(frozen=True)
class Account:
    """One account as the list shows it."""

    person: User
    places: list[Membership]  # active ones, in projects that are there


def page(number: int, size: int) -> list[Account]:
    """The accounts of a page, from 1 on: those that may sign in first, by name.

    One more than `size` where there is another page.
    """
    theirs = Membership.objects.filter(deactivated_at=None, project__leaving_at=None)
    theirs = theirs.select_related("project").order_by("project__name", "pk")
    people: QuerySet[User] = User.objects.order_by("-is_active", "username", "pk")
    people = people.prefetch_related(Prefetch("memberships", theirs, "places"))
    start = (number - 1) * size
    return [
        Account(person, person.places)  # type: ignore[attr-defined]
        for person in people[start : start + size + 1]
    ]


def deactivate(pk: int, *, by: User) -> User | None:
    """Shut the person out of the whole installation with their next request.

    Pages, the API, their tokens and sign-in links: nothing lets them in. What they hold goes back
    to the queues, and the invitations they made let nobody in. Names, answers, memberships and
    roles stay. None if there is no such account. Raises OwnAccount.
    """
    with transaction.atomic():
        person = _locked(pk)
        if person is None or not person.is_active:
            return person
        if person.pk == by.pk:
            raise OwnAccount
        _set(person, is_active=False)
        noting.note("deactivate_account", target=person.username, user=by)
        Invitation.objects.filter(invited_by=person, used_at=None).delete()
        for place in Membership.objects.filter(user=person).select_related("project"):
            member_left.send(Membership, project=place.project, user=person)
        account_closed.send(User, user=person)
        return person


def reactivate(pk: int) -> User | None:
    """Let the person sign in again, with the roles they had; None if there is no such account."""
    with transaction.atomic():
        person = _locked(pk)
        if person is not None:
            _set(person, is_active=True)
            noting.note("reactivate_account", target=person.username)
        return person


def _locked(pk: int) -> User | None:
    if not 0 < pk < 2**63:
        return None
    return User.objects.select_for_update(no_key=True).filter(pk=pk).first()


def _set(person: User, *, is_active: bool) -> None:
    person.is_active = is_active
    person.save(update_fields=["is_active"])
