"""Passwords: what is refused, and links to new ones that work once, for a day (S21, S23)."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from labeler import env
from labeler.accounts import resets
from labeler.accounts.models import ResetLink
from labeler.accounts.views import passwords
from labeler.projects import links, tokens
from labeler.projects.models import User

pytestmark = pytest.mark.django_db
PASSWORD, NEW = "a long enough phrase", "quite another phrase"


@pytest.fixture
def person(outsider):
    User.objects.filter(pk=outsider.pk).update(email="person@example.org")
    outsider.refresh_from_db()
    return outsider


def choose(secret, new=NEW, again=None, client=None):
    sent = {"new_password1": new, "new_password2": again or new}
    return (client or Client()).post(f"/reset/{secret}", sent)


def lets_in(password):
    sent = {"username": "outsider", "password": password}
    return Client().post("/sign-in", sent).status_code == 302


@pytest.mark.parametrize("password", ["", "short", "elevenchars", "1qaz2wsx3edc", "outsider1234"])
def test_short_common_and_own_names_are_refused(person, password):
    secret = resets.issue(person)
    assert choose(secret, password).status_code == 400
    assert choose(secret).status_code == 302  # and the link is still good


@pytest.mark.parametrize(
    "password", ["a b c d e f g", "ひらがなばかりのことば、ながい", "x1 " * 300]
)
def test_phrases_of_any_letters_are_taken(person, password):
    assert choose(resets.issue(person), password).status_code == 302
    assert lets_in(password)


def test_a_link_works_once_and_ends_sessions_tokens_and_other_links(person):
    elsewhere = Client()
    elsewhere.force_login(person)
    _, given = tokens.issue(user=person, name="x")
    first, secret = resets.issue(person), resets.issue(person)
    assert choose(first).status_code == 404
    client = Client()
    assert choose(secret, client=client).status_code == 302
    assert client.get("/me").status_code == 200
    assert choose(secret, "a third long phrase").status_code == 404
    assert lets_in(NEW)
    assert not lets_in(PASSWORD)
    assert elsewhere.get("/me").status_code == 302
    bearer = {"Authorization": f"Bearer {given}"}
    assert Client().get("/api/v1/projects", headers=bearer).status_code == 401


def test_looking_at_a_link_does_not_use_it_up(person):
    secret = resets.issue(person)
    assert Client().get(f"/reset/{secret}").status_code == 200
    assert choose(secret, NEW, "something else entirely").status_code == 400
    assert choose(secret).status_code == 302


def test_old_foreign_and_broken_links_read_the_same(person, owner):
    old = resets.issue(person)
    ResetLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for secret in (old, old[:-1], "nonsense", "x" * 300, "ä", "%00", links.issue(owner)):
        assert Client().get(f"/reset/{secret}").status_code == 404
        assert choose(secret).status_code == 404
    assert lets_in(PASSWORD)


def test_a_deactivated_person_has_no_way_back_by_a_link(person):
    secret = resets.issue(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert choose(secret).status_code == 404


def test_the_owner_makes_a_link_and_sees_it_once(owner, person, project, admin):
    client = Client()
    client.force_login(owner)
    shown = client.post(f"/accounts/{person.pk}/reset")
    assert shown.headers["Cache-Control"] == "no-store"
    secret = re.search(r"/reset/([\w-]+)", shown.content.decode())[1]
    assert secret not in str(ResetLink.objects.values())
    assert choose(secret).status_code == 302
    assert client.post(f"/accounts/{2**63}/reset").status_code == 404
    client.force_login(admin)
    assert client.post(f"/accounts/{owner.pk}/reset").status_code == 403  # S16


@pytest.mark.parametrize(
    ("address", "status"),
    [("", 302), ("new@example.org", 302), ("PERSON@example.org", 400), ("no address", 400),
     ("a@example.org\nBcc: b@example.org", 400), ("x" * 250 + "@example.org", 400)],
)  # fmt: skip
def test_an_address_is_of_one_account_and_holds_no_header(owner, person, address, status):
    client = Client()
    client.force_login(owner)
    sent = client.post(f"/accounts/{owner.pk}/address", {"email": address})
    assert sent.status_code == status


class TestMail:
    @pytest.fixture(autouse=True)
    def _mails(self, settings, monkeypatch):
        settings.EMAIL_HOST = "mail.example.org"
        monkeypatch.setattr(passwords, "later", resets.mail)

    def test_a_mail_brings_the_link(self, person):
        Client().post("/forgotten", {"who": "PERSON@example.org"})
        [sent] = mail.outbox
        assert sent.to == ["person@example.org"]
        assert choose(re.search(r"/reset/([\w-]+)", sent.body)[1]).status_code == 302

    def test_everybody_gets_the_same_answer(self, person, owner):
        told = ("outsider", "owner", "nobody", "a\nBcc: all@example.org", "'; --", "x" * 254)
        answers = [Client().post("/forgotten", {"who": who}).content for who in told]
        assert len({re.sub(rb"[a-zA-Z0-9]{64}", b"", each) for each in answers}) == 1
        assert len(mail.outbox) == 1  # the owner has no address

    def test_nobody_floods_a_mailbox(self, person):
        [Client().post("/forgotten", {"who": "outsider"}) for _ in range(6)]
        assert len(mail.outbox) == resets.MAILS_AN_HOUR

    @pytest.mark.parametrize("who", ["", " ", "x" * 255, "\0"])
    def test_what_is_no_name_is_refused(self, who):
        assert Client().post("/forgotten", {"who": who}).status_code == 400

    def test_without_a_mail_server_there_is_no_such_page(self, settings):
        assert "/forgotten" in Client().get("/sign-in").content.decode()
        settings.EMAIL_HOST = ""
        assert Client().get("/forgotten").status_code == 404
        assert "/forgotten" not in Client().get("/sign-in").content.decode()


@pytest.mark.parametrize("address", ["http://x", "mail.example.org", "smtp://", "smtp:"])
def test_a_mail_server_that_cannot_be_is_refused(address):
    with pytest.raises(ImproperlyConfigured):
        env.mail(address)


def test_mail_goes_out_encrypted_but_on_this_machine():
    assert env.mail("smtp://me:p%40ss@mail.example.org") == (
        "mail.example.org", 587, "me", "p@ss", False, True,
    )  # fmt: skip
    assert env.mail("smtps://mail.example.org")[1:] == (465, "", "", True, False)
    assert env.mail("smtp://localhost:25")[4:] == (False, False)
