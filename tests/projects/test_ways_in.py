"""Sign in, links, invitations, tokens, passwords."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client
from django.utils import timezone

from labeler.projects import invitations, links, tokens
from labeler.projects.models import Invitation, Membership, SignInLink, Token, User

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough phrase"


def sign_in(client, name, password=PASSWORD, **extra):
    return client.post("/sign-in", {"username": name, "password": password}, **extra)


# ---- Sign in and out ----------------------------------------------------------------------


def test_the_right_password_opens_the_projects(client, owner):
    answer = sign_in(client, "owner")
    assert answer.url == "/"
    assert client.get("/").status_code == 200


def test_an_unknown_name_and_a_wrong_password_look_the_same(client, owner):
    known = sign_in(client, "owner", "wrong")
    unknown = sign_in(client, "xwner", "wrong")
    assert known.status_code == unknown.status_code == 400
    strip = re.compile(rb"csrf\w*\W+value=\W\w+|X-CSRFToken\W+\w+|[ox]wner")
    assert strip.sub(b"", known.content) == strip.sub(b"", unknown.content)


def test_eight_wrong_passwords_lock_the_name_for_a_while(client, owner):
    for _ in range(8):
        answer = sign_in(client, "owner", "wrong")
    assert answer.status_code == 429
    assert sign_in(client, "owner").status_code == 429  # the right one does not help now
    assert int(answer["Retry-After"]) > 0


def test_others_sign_in_while_one_is_locked_out(client, owner, outsider):
    for _ in range(9):
        sign_in(client, "owner", "wrong")
    assert sign_in(Client(), "outsider").status_code == 302


@pytest.mark.parametrize("name", ["x" * 10_000, "a\x00b", "' OR 1=1 --", "ｏwner\u202e", ""])
def test_strange_names_are_refused_without_a_trace(client, name):
    assert sign_in(client, name, "x").status_code == 400


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example", "\t//evil",
     "/\n/evil", "javascript:alert(1)", "/%0d%0a//evil"],
)  # fmt: skip
def test_next_never_leads_to_another_site(client, owner, target):
    answer = client.post("/sign-in", {"username": "owner", "password": PASSWORD, "next": target})
    assert answer.status_code == 302
    assert answer.url.startswith("/")
    assert not answer.url.startswith(("//", "/\\"))


def test_next_leads_to_a_page_of_ours(client, owner):
    sent = {"username": "owner", "password": PASSWORD, "next": "/projects/new"}
    assert client.post("/sign-in", sent).url == "/projects/new"


def test_signing_in_changes_the_session_and_signing_out_ends_it(client, owner):
    client.get("/sign-in")
    client.cookies["labeler_session"] = "0123456789abcdef0123456789abcdef"
    sign_in(client, "owner")
    key = client.cookies["labeler_session"].value
    assert key != "0123456789abcdef0123456789abcdef"
    assert client.get("/sign-out").status_code == 405
    client.post("/sign-out")
    client.cookies["labeler_session"] = key
    assert client.get("/").status_code == 302
    assert not Session.objects.filter(session_key=key).exists()


def test_a_switched_off_account_is_out_at_once(client, owner):
    _, given = tokens.issue(user=owner, name="x")
    client.force_login(owner)
    User.objects.update(is_active=False)
    assert client.get("/").status_code == 302
    assert bearer(given).status_code == 401
    assert sign_in(Client(), "owner").status_code == 400


# ---- Links --------------------------------------------------------------------------------


def test_a_link_signs_in_once(client, owner):
    secret = links.issue(owner)
    assert client.get(f"/sign-in/{secret}").url == "/"
    assert client.get("/").status_code == 200
    assert Client().get(f"/sign-in/{secret}").status_code == 404


def test_a_link_leads_on_to_a_page_of_ours_only(client, owner):
    assert client.get(f"/sign-in/{links.issue(owner)}?next=/me").url == "/me"
    assert Client().get(f"/sign-in/{links.issue(owner)}?next=//evil").url == "/"


def test_looking_at_a_link_does_not_use_it_up(client, owner):
    secret = links.issue(owner)
    assert client.head(f"/sign-in/{secret}").status_code == 405
    assert client.get(f"/sign-in/{secret}").status_code == 302


def test_an_old_link_is_dead(client, owner):
    secret = links.issue(owner)
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(f"/sign-in/{secret}").status_code == 404


def test_a_new_link_ends_the_one_before(owner):
    first = links.issue(owner)
    second = links.issue(owner)
    assert links.redeem(first) is None
    assert links.redeem(second) == owner


def test_secrets_are_not_kept(owner, project):
    secrets = [
        links.issue(owner),
        invitations.invite(project=project, role="annotator", by=owner),
        tokens.issue(user=owner, name="x")[1],
    ]
    kept = [*SignInLink.objects.all(), *Invitation.objects.all(), *Token.objects.all()]
    for row in kept:
        assert not any(secret in str(vars(row)) for secret in secrets)


@pytest.mark.django_db(transaction=True)
def test_a_link_opened_twenty_times_at_once_lets_one_in():
    owner = User.objects.create_superuser("owner", password=PASSWORD)
    secret = links.issue(owner)

    def redeem(_):
        try:
            return links.redeem(secret)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as people:
        assert sum(user is not None for user in people.map(redeem, range(20))) == 1


# ---- Invitations --------------------------------------------------------------------------


def invite(client, admin, project, role="reviewer"):
    """The path of a fresh invitation, made on the members page."""
    client.force_login(admin)
    shown = client.post(f"/projects/{project.pk}/members", {"role": role}).content.decode()
    return re.search(r"/invitations/[\w-]+", shown)[0]


def test_an_invited_stranger_makes_an_account_and_is_in(client, admin, project):
    path = invite(client, admin, project)
    guest = Client()
    assert "Leaves" in guest.get(path).content.decode()
    answer = guest.post(path, {"username": "hanako", "password": "leaves of tea"})
    assert answer.status_code == 302
    assert Membership.objects.get(user__username="hanako").role == "reviewer"
    assert guest.get(answer.url).status_code == 200


def test_an_invitation_works_once(client, admin, project):
    path = invite(client, admin, project)
    Client().post(path, {"username": "hanako", "password": "leaves of tea"})
    again = Client().post(path, {"username": "taro", "password": "leaves of tea"})
    assert again.status_code == 404
    assert not User.objects.filter(username="taro").exists()


def test_who_is_signed_in_joins_with_that_account(client, admin, project, outsider):
    path = invite(client, admin, project)
    guest = Client()
    guest.force_login(outsider)
    assert guest.post(f"{path}/join").status_code == 302
    assert project.memberships.get(user=outsider).role == "reviewer"


def test_an_invitation_never_lowers_a_role(project, admin):
    secret = invitations.invite(project=project, role="annotator", by=admin)
    invitations.accept(secret, admin)
    assert project.memberships.get(user=admin).role == "admin"


def test_expired_withdrawn_and_foreign_invitations_read_the_same(client, admin, project, owner):
    expired = invitations.invite(project=project, role="annotator", by=admin)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    taken_back = invitations.invite(project=project, role="annotator", by=admin)
    row = invitations.open_ones(project).get()
    client.force_login(admin)
    client.post(f"/projects/{project.pk}/invitations/{row.pk}/withdraw")
    for secret in (expired, taken_back, "nonsense", "x" * 300, "ä", links.issue(owner)):
        assert Client().get(f"/invitations/{secret}").status_code == 404


@pytest.mark.parametrize(
    ("name", "password"),
    [("owner", "leaves of tea"), ("OWNER", "leaves of tea"), ("a b", "leaves of tea"),
     ("hanako", "short"), ("hanako", "password"), ("hanakosan", "hanakosan"),
     ("", "leaves of tea")],
)  # fmt: skip
def test_a_bad_account_keeps_the_invitation_good(client, admin, project, name, password):
    path = invite(client, admin, project)
    people = User.objects.count()
    answer = Client().post(path, {"username": name, "password": password})
    assert answer.status_code == 400
    assert User.objects.count() == people
    assert Client().get(path).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_an_invitation_taken_ten_times_at_once_makes_one_account():
    owner = User.objects.create_superuser("owner", password=PASSWORD)
    from labeler.projects.models import Project

    project = Project.objects.create(name="Leaves", audit_seed=7, created_by=owner)
    secret = invitations.invite(project=project, role="annotator", by=owner)

    def take(number):
        try:
            return invitations.accept_as_new(secret, username=f"u{number}", password="x" * 12)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as people:
        assert sum(user is not None for user in people.map(take, range(10))) == 1
    assert User.objects.count() == 2


def test_there_is_no_other_registration(client):
    for path in ("/sign-up", "/register", "/accounts/signup/", "/admin/"):
        assert client.get(path).status_code == 404


# ---- Members ------------------------------------------------------------------------------


def test_the_last_admin_stays(client, admin, project):
    client.force_login(admin)
    me = project.memberships.get(user=admin)
    client.post(f"/projects/{project.pk}/members/{me.pk}/remove")
    client.post(f"/projects/{project.pk}/members/{me.pk}/role", {"role": "annotator"})
    assert project.memberships.get(user=admin).role == "admin"


def test_an_admin_changes_roles_and_removes_members(client, admin, annotator, project):
    client.force_login(admin)
    member = project.memberships.get(user=annotator)
    where = f"/projects/{project.pk}/members/{member.pk}"
    client.post(f"{where}/role", {"role": "owner"})
    assert project.memberships.get(user=annotator).role == "annotator"
    client.post(f"{where}/role", {"role": "reviewer"})
    assert project.memberships.get(user=annotator).role == "reviewer"
    client.post(f"{where}/remove")
    assert not project.memberships.filter(user=annotator).exists()


def test_who_gives_up_the_own_admin_role_lands_at_home(client, admin, annotator, project):
    project.memberships.filter(user=annotator).update(role="admin")
    me = project.memberships.get(user=admin)
    client.force_login(admin)
    where = f"/projects/{project.pk}/members/{me.pk}/role"
    assert client.post(where, {"role": "annotator"}).url == "/"


# ---- Tokens and passwords -----------------------------------------------------------------


def bearer(given, path="/api/v1/projects"):
    return Client().get(path, headers={"Authorization": f"Bearer {given}"})


def test_a_token_is_shown_once_and_works_until_revoked(client, owner):
    client.force_login(owner)
    sent = {"name": "nightly", "role": "admin", "days": "30"}
    given = re.search(r"lbl_[\w-]+", client.post("/me/tokens", sent).content.decode())[0]
    assert given not in client.get("/me/tokens").content.decode()
    assert bearer(given).status_code == 200
    client.post(f"/me/tokens/{Token.objects.get().pk}/revoke")
    assert bearer(given).status_code == 401


def test_nobody_revokes_the_token_of_another(client, owner, outsider):
    token, given = tokens.issue(user=owner, name="x")
    client.force_login(outsider)
    assert client.post(f"/me/tokens/{token.pk}/revoke").status_code == 404
    assert bearer(given).status_code == 200


def test_a_token_is_not_made_for_a_project_one_is_not_in(client, outsider, project):
    client.force_login(outsider)
    sent = {"name": "x", "role": "admin", "days": "30", "project": project.pk}
    assert client.post("/me/tokens", sent).status_code == 400
    assert not Token.objects.exists()


def test_dead_and_strange_tokens_are_nobody(owner):
    _, given = tokens.issue(user=owner, name="x")
    assert bearer(given + "x").status_code == 401
    assert bearer(given[:-1]).status_code == 401
    assert bearer("").status_code == 401
    assert bearer("lbl_" + "x" * 100_000).status_code in (400, 401)
    assert Client().get(f"/api/v1/projects?token={given}").status_code in (400, 401)
    assert Client().get("/", headers={"Authorization": f"Bearer {given}"}).status_code == 302
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert bearer(given).status_code == 401


def test_a_bad_token_does_not_fall_back_to_the_session(client, owner):
    client.force_login(owner)
    answer = client.get("/api/v1/projects", headers={"Authorization": "Bearer lbl_wrong"})
    assert answer.status_code == 401


def test_a_new_password_ends_other_sessions_and_tokens(client, owner):
    _, given = tokens.issue(user=owner, name="x")
    elsewhere = Client()
    elsewhere.force_login(owner)
    client.force_login(owner)
    new = "another long phrase"
    sent = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post("/me/password", sent).status_code == 302
    assert client.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 302
    assert bearer(given).status_code == 401


def test_a_profile_does_not_make_an_owner(client, outsider):
    client.force_login(outsider)
    sent = {"name": "Me", "letter_keys": "", "is_superuser": "1", "is_staff": "1", "settings": "{}"}
    assert client.post("/me", sent).status_code == 302
    outsider.refresh_from_db()
    assert not outsider.is_superuser
    assert not outsider.is_staff
    assert outsider.settings == {"letter_keys": False}
    assert 'data-letter-keys="off"' in client.get("/me").content.decode()
