"""Callers of every kind, and what each is told."""

from django.contrib.auth.models import AnonymousUser
from django.test import Client

from labeler.projects.models import User

RANK = {"annotator": 1, "reviewer": 2, "admin": 3}


def callers(world, as_user, as_token):
    """(name, client, user, role in the project or None, creator, owner, by token)"""
    people = {u.username: u for u in User.objects.all()}
    anyone = Client(raise_request_exception=False)
    yield "anonymous", anyone, AnonymousUser(), None, False, False
    yield "outsider", as_user(people["outsider"]), people["outsider"], None, True, False
    for role in RANK:
        yield role, as_user(people[role]), people[role], role, role == "admin", False
    yield "owner", as_user(people["owner"]), people["owner"], "admin", True, True


def token_callers(world, as_user, as_token):
    people = {u.username: u for u in User.objects.all()}
    bad = Client(raise_request_exception=False, headers={"Authorization": "Bearer lbl_wrong"})
    yield "wrong token", bad, AnonymousUser(), None, False, False
    elsewhere = as_token(people["owner"], project=world.elsewhere)
    yield "token for elsewhere", elsewhere, people["owner"], None, False, False
    foreign = as_token(people["outsider"])
    yield "token of outsider", foreign, people["outsider"], None, True, False
    for role in RANK:
        narrow = as_token(people["owner"], role=role, project=world.project)
        yield f"owner's token as {role}", narrow, people["owner"], role, False, False
    weak = as_token(people["annotator"], role="admin")
    yield "annotator's admin token", weak, people["annotator"], "annotator", False, False
    full = as_token(people["owner"])
    yield "owner's token", full, people["owner"], "admin", True, True


def verdict(row, *, signed_in, role, creator, owner):
    if row.who == "public":
        return "in"
    if not signed_in:
        return "sign in"
    if row.who in RANK:
        if role is None:
            return "not found"
        return "in" if RANK[role] >= RANK[row.who] else "forbidden"
    let = {"any": True, "creator": creator, "owner": owner}[row.who]
    return "in" if let else "forbidden"


def judged(response):
    """What the response says, in the words of `verdict`."""
    code = response.status_code
    to_sign_in = code == 302 and response.headers["Location"].startswith("/sign-in?")
    if to_sign_in or code == 401:
        return "sign in"
    if code in (403, 404):
        return "forbidden" if code == 403 else "not found"
    return "in" if code < 400 or code in (400, 409, 413, 415, 422) else f"broken: {code}"
