"""Single sign-on against a provider that really runs: who is let in, and what is not believed."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client

from labeler.accounts import sso
from labeler.accounts.models import Identity
from labeler.projects import invitations
from labeler.projects.models import User
from tests.accounts.provider import CLIENT, SECRET

pytestmark = pytest.mark.django_db
HANAKO = {"sub": "h-1", "email": "Hanako@example.org", "email_verified": True}


@pytest.fixture(scope="module")
def running():
    """The address of the provider."""
    file = str(Path(__file__).with_name("provider.py"))
    process = subprocess.Popen([sys.executable, file], stdout=subprocess.PIPE, text=True)
    yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    process.kill()
    process.wait()


@pytest.fixture
def says(running, settings):
    """Tells the provider what to say next."""
    settings.OIDC_ISSUER, settings.OIDC_CLIENT, settings.OIDC_SECRET = running, CLIENT, SECRET

    def say(claims, **spoil):
        requests.post(f"{running}/be", json={"claims": claims, "spoil": spoil}, timeout=10)

    say(HANAKO)
    return say


def there(client, query="next=/me"):
    """To the provider; the address to which it sends the browser back."""
    begun = client.get(f"/single-sign-on?{query}")
    assert begun.status_code == 302, begun.content
    answer = requests.get(begun.url, allow_redirects=False, timeout=10)
    return answer.headers["Location"].replace("http://testserver", "")


def sign_in(query="next=/me"):
    client = Client()
    return client, client.get(there(client, query))


def refused(query="next=/me"):
    client, answer = sign_in(query)
    assert client.get("/me").status_code == 302
    return answer.status_code


def test_who_was_not_invited_stays_out(says):
    assert refused() == 403
    assert not User.objects.filter(email__iexact="hanako@example.org").exists()


def test_an_account_with_the_verified_address_is_found_then_known_by_number(says, outsider):
    User.objects.filter(pk=outsider.pk).update(email="hanako@EXAMPLE.org")
    client, answer = sign_in()
    assert answer.url == "/me"
    assert "outsider" in client.get("/me").content.decode()
    says(HANAKO | {"email": "married@example.org"})
    assert sign_in()[1].url == "/me"
    assert Identity.objects.get().user == outsider


@pytest.mark.parametrize(
    "claims",
    [{"email_verified": False}, {"email_verified": "true"}, {"email_verified": None},
     {"email": None}, {"email": "h\u0430nako@example.org"}, {"email": "a@b@example.org"},
     {"email": "hanako@example.org\nx"}, {"email": ["hanako@example.org"]}],
)  # fmt: skip
def test_an_address_that_nobody_vouches_for_finds_no_account(says, outsider, claims):
    User.objects.filter(pk=outsider.pk).update(email="hanako@example.org")
    says(HANAKO | claims)
    assert refused() == 403
    assert not Identity.objects.exists()


def test_two_accounts_with_the_address_are_nobodys(says, outsider, owner):
    User.objects.update(email="hanako@example.org")
    assert refused() == 403


def test_an_inactive_account_stays_out(says, outsider):
    User.objects.filter(pk=outsider.pk).update(email="hanako@example.org", is_active=False)
    assert refused() == 403


def test_an_invitation_makes_one_account_and_a_member(says, project, admin):
    secret = invitations.invite(project=project, role="reviewer", by=admin)
    assert "/single-sign-on?invitation=" in Client().get(f"/invitations/{secret}").content.decode()
    assert sign_in(f"invitation={secret}&next=/me")[1].url == "/me"
    user = User.objects.get(email="hanako@example.org")
    assert project.memberships.get(user=user).role == "reviewer"
    assert not user.has_usable_password()
    says({"sub": "t-1", "email": "taro@example.org", "email_verified": True})
    assert refused(f"invitation={secret}") == 403


@pytest.mark.parametrize(
    ("domains", "status"),
    [(["example.org"], 302), (["evilexample.org"], 403), (["org"], 403), (["example.or"], 403)],
)
def test_a_domain_that_is_let_in(says, settings, domains, status):
    settings.OIDC_DOMAINS = domains
    User.objects.create_user("hanako@example.org")  # a name is no address
    assert sign_in()[1].status_code == status
    names = User.objects.filter(email="hanako@example.org").values_list("username", flat=True)
    assert list(names) == (["hanako@example.org-2"] if status == 302 else [])


@pytest.mark.parametrize(
    "spoil",
    [{"key": True}, {"unsigned": True}, {"signed": {"iss": "https://elsewhere.example"}},
     {"signed": {"aud": "another"}}, {"signed": {"nonce": "another"}}, {"signed": {"exp": 1}},
     {"signed": {"sub": None}}],
    ids=str,
)  # fmt: skip
def test_what_is_not_signed_for_us_and_now_is_not_believed(says, settings, spoil):
    settings.OIDC_DOMAINS = ["example.org"]
    says(HANAKO, **spoil)
    assert refused() == 400
    assert not Identity.objects.exists()


@pytest.mark.parametrize(
    "spoil",
    [{"issuer": "https://elsewhere.example"}, {"token_endpoint": "http://192.0.2.1/token"},
     {"token_endpoint": "file:///etc/passwd"}],
    ids=str,
)  # fmt: skip
def test_a_provider_that_says_odd_things_of_itself_is_not_used(says, spoil):
    says(HANAKO, **spoil)
    assert Client().get("/single-sign-on").status_code == 503


def test_a_provider_that_is_away_is_told(settings):
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    answer = Client().get("/single-sign-on")
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()


def test_the_answer_belongs_to_the_browser_that_asked(says, settings):
    settings.OIDC_DOMAINS = ["example.org"]
    back = there(Client())
    stranger = Client()
    assert stranger.get(back).status_code == 400
    assert stranger.get("/me").status_code == 302
    client = Client()
    asked = parse_qs(urlsplit(there(client)).query)
    forged = f"/single-sign-on/back?code={asked['code'][0]}&state=forged"
    assert client.get(forged).status_code == 400
    assert client.get("/single-sign-on/back?error=access_denied").status_code == 400
    assert client.get("/single-sign-on/back").status_code == 400


def test_an_answer_works_once_and_makes_a_new_session(says, settings):
    settings.OIDC_DOMAINS = ["example.org"]
    client = Client()
    back = there(client)
    before = client.cookies["labeler_session"].value
    assert client.get(back).status_code == 302
    assert client.cookies["labeler_session"].value != before
    assert client.get(back).status_code == 400


def test_next_leads_to_a_page_of_ours_only(says, settings):
    settings.OIDC_DOMAINS = ["example.org"]
    assert sign_in("next=//evil.example")[1].url == "/"


def test_without_the_settings_there_is_no_such_door(settings):
    settings.OIDC_ISSUER = ""
    assert Client().get("/single-sign-on").status_code == 404
    assert Client().get("/single-sign-on/back").status_code == 404
    assert "single-sign-on" not in Client().get("/sign-in").content.decode()


@pytest.mark.parametrize(
    ("address", "good"),
    [("https://id.example.org", True), ("http://127.0.0.1:9000", True),
     ("http://id.example.org", False), ("http://127.0.0.1.example.org", False), ("ftp://x", False)],
)  # fmt: skip
def test_only_https_or_this_machine(address, good):
    assert sso.secure(address) is good
