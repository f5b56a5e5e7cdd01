"""Who is named with @ in a comment, and what each person has not seen yet."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from labeler.labeling.models import Comment, Mention
from labeler.projects.access import RANK, projects_of
from labeler.projects.models import Membership, Project, User

MOST_PEOPLE = 1_000  # members looked at for one comment
MOST_MENTIONS = 20  # people named in one comment
MOST_COUNTED = 100  # shown as "99+"
AT = re.compile(r"(?<![\w@])@(?=\S)")
GOES_ON = re.compile(r"[A-Za-z0-9_]")  # after a name these would make it another name


def members(project: Project) -> "QuerySet[User]":
    """Everybody who can be named: the project's members and the owner of the installation."""
    active = Q(memberships__project=project, memberships__deactivated_at=None)
    belongs = active | Q(is_superuser=True)
    return User.objects.filter(belongs, is_active=True).distinct().order_by("username")


def suggested(project: Project, user: User) -> list[dict[str, str]]:
    """Whom to ask: the reviewers and admins, as {name, words}, but the person herself."""
    asked = [role for role, rank in RANK.items() if rank >= RANK[Membership.Role.REVIEWER]]
    roles = dict(
        Membership.objects.filter(project=project, role__in=asked, deactivated_at=None).values_list(
            "user", "role"
        )
    )
    people = members(project).filter(Q(pk__in=roles) | Q(is_superuser=True)).exclude(pk=user.pk)
    return [
        {"name": each.username, "words": each.get_full_name(), "role": roles.get(each.pk, "")}
        for each in people[:MOST_PEOPLE]
    ]


def parts(text: str, names: Iterable[str]) -> list[tuple[str, str]]:
    """The text cut into (words, name): `name` is the one that "@…" names there, or "".

    The longest fitting name wins, whatever its case. A name ends where letters of the Latin
    alphabet end, so that "@annaさん" names anna.
    """
    known = sorted(names, key=len, reverse=True)
    found: list[tuple[str, str]] = []
    done = 0
    for at in AT.finditer(text):
        name = next((name for name in known if _stands_at(text, at.end(), name)), "")
        if name and at.start() >= done:
            end = at.end() + len(name)
            found += [(text[done : at.start()], ""), (text[at.start() : end], name)]
            done = end
    return [*found, (text[done:], "")]


def _stands_at(text: str, start: int, name: str) -> bool:
    end = start + len(name)
    same = text[start:end].casefold() == name.casefold()
    return same and not GOES_ON.match(text[end : end + 1])


def of_text(project: Project, text: str, author: User) -> list[User]:
    """The members that the text names, each once, but the author."""
    if "@" not in text:
        return []
    people = {each.username: each for each in members(project)[:MOST_PEOPLE]}
    named = dict.fromkeys(name for _, name in parts(text, people) if name)
    return list(islice((people[n] for n in named if people[n].pk != author.pk), MOST_MENTIONS))


def store(comment: Comment, people: Sequence[User]) -> None:
    """Tell them."""
    Mention.objects.bulk_create(
        [Mention(comment=comment, user=each) for each in people], ignore_conflicts=True
    )


def of_user(user: User) -> "QuerySet[Mention]":
    """The user's mentions in projects that are still hers, newest first."""
    mine = Mention.objects.filter(user=user, comment__project__in=projects_of(user))
    return mine.order_by("-pk")


def unread(user: User) -> int:
    """How many mentions the user has not seen; at most 100, from one small index."""
    return of_user(user).filter(seen_at=None)[:MOST_COUNTED].count()


def see(user: User, pks: Iterable[int] | None = None) -> int:
    """The user has seen these mentions, or all; the number that were new."""
    waiting = Mention.objects.filter(user=user, seen_at=None)
    if pks is not None:
        waiting = waiting.filter(pk__in=list(pks))
    return waiting.update(seen_at=Now())
