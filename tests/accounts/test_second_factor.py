"""The second factor: codes once, recovery codes once, every way in, and where it is asked (S22)."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pyotp
import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from labeler.accounts import factors, resets
from labeler.accounts.models import RecoveryCode, SecondFactor
from labeler.projects import links, tokens
from labeler.projects.models import Membership, User

PASSWORD = "a long enough phrase"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = 1_800_000_000


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is set."""

    class Clock:
        now = NOW

    monkeypatch.setattr("labeler.accounts.factors.time.time", lambda: Clock.now)
    return Clock


def code(at=NOW):
    return pyotp.TOTP(SEED).at(at)


def with_factor(user):
    return factors.set_up(user, SEED, code(NOW - 30))


def half_way(name="owner"):
    client = Client()
    answer = client.post("/sign-in", {"username": name, "password": PASSWORD, "next": "/me"})
    assert answer.url == "/sign-in/second-step?next=%2Fme"
    return client


@pytest.mark.django_db
class TestSigningIn:
    def test_the_password_alone_opens_nothing(self, owner, clock):
        with_factor(owner)
        client = half_way()
        assert client.get("/me").status_code == 302
        assert client.get("/api/v1/projects").status_code == 401
        assert PASSWORD not in str(dict(client.session))
        assert client.post("/sign-in/second-step", {"code": code(), "next": "/me"}).url == "/me"
        assert client.get("/me").status_code == 200

    def test_a_code_works_once(self, owner, clock):
        with_factor(owner)
        assert factors.check(owner, code())
        assert not factors.check(owner, code())
        assert not factors.check(owner, code(NOW - 30))  # older than the one that was taken
        clock.now = NOW + 30
        assert factors.check(owner, f" {code(NOW + 30)[:3]} {code(NOW + 30)[3:]} ")

    @pytest.mark.parametrize("shift", [-90, 90, 10**9])
    def test_codes_of_another_time_are_wrong(self, owner, clock, shift):
        with_factor(owner)
        assert not factors.check(owner, code(NOW + shift))

    @pytest.mark.parametrize(
        "given", ["", "12345", "1234567", "abcdef", "\uff11" * 6, "\0", "9" * 100]
    )
    def test_what_is_no_code_is_refused(self, owner, clock, given):
        with_factor(owner)
        assert half_way().post("/sign-in/second-step", {"code": given}).status_code == 400

    def test_after_eight_wrong_codes_the_right_one_waits(self, owner, clock):
        with_factor(owner)
        client = half_way()
        for _ in range(8):
            assert client.post("/sign-in/second-step", {"code": "000000"}).status_code == 400
        assert client.post("/sign-in/second-step", {"code": code()}).status_code == 400
        assert client.get("/me").status_code == 302
        SecondFactor.objects.update(locked_until=None)
        assert client.post("/sign-in/second-step", {"code": code()}).status_code == 302

    def test_the_first_step_counts_for_ten_minutes(self, owner, clock, monkeypatch):
        with_factor(owner)
        client = half_way()
        monkeypatch.setattr("labeler.accounts.entering.time.time", lambda: NOW + 10**9)
        assert client.post("/sign-in/second-step", {"code": code()}).url == "/sign-in"

    def test_a_new_password_makes_the_first_step_worthless(self, owner, clock):
        with_factor(owner)
        client = half_way()
        owner.set_password("another long phrase")
        owner.save()
        assert client.post("/sign-in/second-step", {"code": code()}).url == "/sign-in"

    def test_links_ask_for_the_second_factor_too(self, owner, clock):
        with_factor(owner)
        client = Client()
        assert client.get(f"/sign-in/{links.issue(owner)}").url.startswith("/sign-in/second-step")
        assert client.get("/me").status_code == 302
        new = {"new_password1": "another long phrase", "new_password2": "another long phrase"}
        answer = Client().post(f"/reset/{resets.issue(owner)}", new)
        assert answer.url.startswith("/sign-in/second-step")

    def test_next_leads_to_a_page_of_ours_only(self, owner, clock):
        with_factor(owner)
        sent = {"code": code(), "next": "//evil.example"}
        assert half_way().post("/sign-in/second-step", sent).url == "/"


@pytest.mark.django_db
class TestRecoveryCodes:
    def test_each_works_once_however_it_is_typed(self, owner, outsider, clock):
        codes = with_factor(owner)
        with_factor(outsider)
        assert len(set(codes)) == 10
        assert not factors.check(outsider, codes[0])
        assert factors.check(owner, codes[0].upper().replace("-", " "))
        assert not factors.check(owner, codes[0])
        assert factors.check(owner, codes[1])

    def test_only_hashes_are_kept_and_the_seed_is_encrypted(self, owner, clock, settings):
        codes = with_factor(owner)
        kept = str([*RecoveryCode.objects.values(), *SecondFactor.objects.values()])
        assert SEED not in kept
        assert not any(each in kept or each.replace("-", "") in kept for each in codes)
        settings.SECRET_KEY = "another" * 10
        assert not factors.check(owner, code())
        assert factors.check(owner, codes[0])


@pytest.mark.django_db(transaction=True)
def test_a_recovery_code_given_seven_times_at_once_works_once():
    owner = User.objects.create_superuser("owner", password=PASSWORD)
    codes = factors.set_up(owner, SEED, pyotp.TOTP(SEED).at(int(time.time())))

    def check(_):
        try:
            return factors.check(owner, codes[0])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(7) as people:
        assert sum(people.map(check, range(7))) == 1


@pytest.mark.django_db
class TestThePage:
    def test_a_person_sets_it_up_and_takes_it_away(self, owner, clock):
        client, elsewhere = Client(), Client()
        client.force_login(owner)
        elsewhere.force_login(owner)
        page = client.get("/me/second-factor").content.decode()
        seed = re.search(r'<code class="mono">([A-Z2-7 ]+)</code>', page)[1].replace(" ", "")
        wrong = client.post("/me/second-factor", {"code": "000000"})
        assert wrong.status_code == 400
        assert seed[:4] in wrong.content.decode()
        done = client.post("/me/second-factor", {"code": pyotp.TOTP(seed).at(NOW)})
        assert len(re.findall(r"<li>[a-z2-9-]{19}</li>", done.content.decode())) == 10
        assert elsewhere.get("/me").status_code == 302
        assert "Set up on" in client.get("/me/second-factor").content.decode()
        client.post("/me/second-factor/change", {"code": "000000"})
        assert factors.of(owner)
        client.post("/me/second-factor/change", {"code": pyotp.TOTP(seed).at(NOW + 30)})
        assert factors.of(owner) is None

    def test_new_recovery_codes_end_the_old(self, owner, clock):
        codes = with_factor(owner)
        client = Client()
        client.force_login(owner)
        sent = {"code": code(), "codes": "new"}
        assert client.post("/me/second-factor/change", sent).status_code == 200
        assert not factors.check(owner, codes[0])

    def test_the_qr_code_is_drawn_here(self, owner):
        path, side = factors.qr_path(factors.address(owner, SEED))
        assert re.fullmatch(r"(M\d+ \d+h1v1h-1z)+", path)
        assert path.startswith("M4 4")  # a margin of four modules, then the first corner
        assert (side - 8 - 17) % 4 == 0  # as QR codes are wide

    def test_who_lost_everything_asks_the_server(self, owner, clock):
        with_factor(owner)
        call_command("remove_second_factor", "owner", stdout=StringIO())
        assert factors.of(owner) is None
        for name in ("owner", "nobody"):
            with pytest.raises(CommandError):
                call_command("remove_second_factor", name)


@pytest.mark.django_db
class TestWhereItIsAsked:
    @pytest.fixture(autouse=True)
    def _asked(self, settings):
        settings.SECOND_FACTOR = "admins"

    def test_admins_and_the_owner_set_it_up_first(self, owner, admin, annotator, project):
        for user, status in ((owner, 302), (admin, 302), (annotator, 200)):
            client = Client()
            client.force_login(user)
            assert client.get("/me").status_code == status
            assert client.get("/me/second-factor").status_code == 200
        client.force_login(admin)
        assert client.get("/").url == "/me/second-factor"
        assert client.get("/api/v1/projects").status_code == 403
        assert client.get("/images/1/thumb").status_code == 302

    def test_once_set_up_the_work_goes_on(self, admin, project, clock):
        with_factor(admin)
        client = half_way("admin")
        client.post("/sign-in/second-step", {"code": code()})
        assert client.get("/").status_code == 200

    def test_who_becomes_admin_is_asked_with_the_next_page(self, annotator, project):
        client = Client()
        client.force_login(annotator)
        assert client.get("/").status_code == 200
        Membership.objects.filter(user=annotator).update(role="admin")
        assert client.get("/").status_code == 302

    def test_tokens_go_on_working(self, owner):
        _, given = tokens.issue(user=owner, name="x")
        bearer = {"Authorization": f"Bearer {given}"}
        assert Client().get("/api/v1/projects", headers=bearer).status_code == 200
