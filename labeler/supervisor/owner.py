"""The installation's first owner, who has no password, and the link that lets them in."""

from django.db import transaction
from django.urls import reverse

from labeler.projects import links
from labeler.projects.models import User

NAME = "owner"


def first() -> User:
    """The oldest active owner; one is made where there is none."""
    with transaction.atomic():
        found = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        return found or _made()


def _made() -> User:
    owner = User(username=_free_name(), is_superuser=True)
    owner.set_unusable_password()
    owner.save()
    return owner


def _free_name() -> str:
    taken = set(User.objects.filter(username__startswith=NAME).values_list("username", flat=True))
    numbered = (f"{NAME}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (NAME, *numbered) if name not in taken)


def link(owner: User, address: str) -> str:
    """An address that signs the owner in once; those given out before stop working."""
    return address + reverse("sign_in_link", args=[links.issue(owner)])
