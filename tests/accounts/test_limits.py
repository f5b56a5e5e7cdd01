"""Wrong passwords: per name and address, per name, per address, and behind a proxy (S24, S38)."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessFailureLog
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client, RequestFactory
from django.utils import timezone

from labeler.accounts import addresses

PASSWORD = "a long enough phrase"


def attempt(name="owner", password="wrong", address="198.51.100.7", **headers):
    client = Client(REMOTE_ADDR=address, headers=headers)
    return client.post("/sign-in", {"username": name, "password": password}).status_code


@pytest.mark.django_db
class TestLimits:
    def test_the_right_password_does_not_open_a_lock(self, owner):
        assert [attempt() for _ in range(9)][-1] == 429
        assert attempt(password=PASSWORD) == 429
        assert attempt(password=PASSWORD, address="198.51.100.8") == 302

    def test_a_lock_ends_by_itself_although_somebody_knocks_on(self, owner):
        [attempt() for _ in range(12)]
        assert AccessAttempt.objects.get().failures_since_start == 8
        AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
        assert attempt(password=PASSWORD) == 302

    def test_many_addresses_meet_the_limit_of_the_name(self, owner, outsider, settings):
        settings.FAILURES_PER_NAME = 5
        for n in range(5):
            assert attempt(address=f"198.51.100.{n}") == 400
        assert attempt(address="198.51.100.99", password=PASSWORD) == 429
        assert attempt("outsider", PASSWORD, "198.51.100.99") == 302
        AccessFailureLog.objects.update(attempt_time=timezone.now() - timedelta(hours=2))
        assert attempt(address="198.51.100.99", password=PASSWORD) == 302

    def test_one_password_for_many_names_meets_the_limit_of_the_address(self, owner, settings):
        settings.FAILURES_PER_ADDRESS = 5
        for n in range(5):
            assert attempt(f"person-{n}") == 400
        assert attempt(password=PASSWORD) == 429
        assert attempt(password=PASSWORD, address="198.51.100.8") == 302

    def test_every_failure_leaves_a_line(self, owner):
        [attempt() for _ in range(3)]
        lines = AccessFailureLog.objects.values_list("username", "ip_address")
        assert list(lines) == [("owner", "198.51.100.7")] * 3

    def test_no_header_of_the_client_opens_a_lock(self, owner):
        [attempt() for _ in range(9)]
        for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X_Forwarded_For"):
            assert attempt(password=PASSWORD, **{header: "203.0.113.9"}) == 429

    def test_behind_a_proxy_the_clients_entry_counts_for_nothing(self, owner, settings):
        settings.BEHIND_PROXY = True
        for n in range(9):
            last = attempt(**{"X-Forwarded-For": f"203.0.113.{n}, 192.0.2.5"})
        assert last == 429
        other = {"X-Forwarded-For": "192.0.2.5, 192.0.2.6"}
        assert attempt(password=PASSWORD, **other) == 302

    def test_a_name_that_is_not_known_costs_as_many_hashes(self, owner, monkeypatch):
        hashed, plain = [], MD5PasswordHasher.encode

        def encode(self, password, salt):
            hashed.append(password)
            return plain(self, password, salt)

        monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
        answers = [
            Client().post("/sign-in", {"username": name, "password": "wrong"})
            for name in ("owner", "nobody")
        ]
        assert len(hashed) == 2
        assert answers[0].status_code == answers[1].status_code == 400
        assert len(answers[0].content) == len(answers[1].content) + len("owner") - len("nobody")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [(1, "", "127.0.0.1"), (1, "192.0.2.5", "192.0.2.5"), (1, "evil, 192.0.2.5", "192.0.2.5"),
     (1, "192.0.2.5, evil", "127.0.0.1"), (1, "192.0.2.5:4711", "192.0.2.5"),
     (1, "[2001:db8::1]:443", "2001:db8::1"), (1, "2001:db8::1", "2001:db8::1"),
     (1, "x" * 100_000, "127.0.0.1"), (2, "203.0.113.9, 192.0.2.5, 192.0.2.6", "192.0.2.5"),
     (2, "192.0.2.6", "127.0.0.1")],
)  # fmt: skip
def test_the_address_that_the_proxy_added(settings, proxies, forwarded, found):
    settings.BEHIND_PROXY, settings.PROXIES = True, proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})
    assert addresses.client(request) == found
    settings.BEHIND_PROXY = False
    assert addresses.client(request) == "127.0.0.1"
