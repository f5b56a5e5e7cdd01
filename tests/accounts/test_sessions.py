"""Sessions: listed, ended, never older than allowed; keys are new and never shown (S25)."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from labeler.accounts import browsers, visits
from labeler.accounts.models import Visit
from labeler.projects import accounts, tokens

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough phrase"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def signed_in(name="owner", **headers):
    client = Client(headers=headers)
    assert client.post("/sign-in", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def key_of(client):
    return client.cookies["labeler_session"].value


def test_the_list_names_browsers_and_shows_no_key(owner, outsider):
    here, there = signed_in(), signed_in(**{"user-agent": FIREFOX})
    signed_in("outsider", **{"user-agent": "Elsewhere/1.0"})
    page = here.get("/me/sessions").content.decode()
    assert "Firefox, Linux" in page
    assert "Elsewhere" not in page
    assert page.count("this one") == 1
    assert key_of(here) not in page
    assert key_of(there) not in page


def test_one_session_is_ended_from_another(owner):
    here, there = signed_in(), signed_in()
    visit = Visit.objects.get(key=key_of(there))
    assert here.post(f"/me/sessions/{visit.pk}/end").status_code == 302
    assert there.get("/me").status_code == 302
    assert here.get("/me").status_code == 200
    assert here.post(f"/me/sessions/{visit.pk}/end").status_code == 404
    assert here.post(f"/me/sessions/{2**63}/end").status_code == 404


def test_nobody_ends_the_session_of_another(owner, outsider):
    mine, theirs = signed_in(), signed_in("outsider")
    visit = Visit.objects.get(key=key_of(mine))
    assert theirs.post(f"/me/sessions/{visit.pk}/end").status_code == 404
    theirs.post("/me/sessions/end-others")
    assert mine.get("/me").status_code == 200


def test_all_others_are_ended_at_once(owner):
    here, others = signed_in(), [signed_in() for _ in range(3)]
    here.post("/me/sessions/end-others")
    assert [client.get("/me").status_code for client in others] == [302] * 3
    assert here.get("/me").status_code == 200


def test_a_session_that_was_ended_does_not_come_back_by_a_second_tab(owner):
    tab, other = signed_in(), Client()
    other.cookies["labeler_session"] = key_of(tab)
    tab.post("/sign-out")
    assert other.get("/me").status_code == 302
    assert not Session.objects.exists()
    assert not Visit.objects.exists()


def test_a_deactivation_ends_sessions_for_good(owner, outsider):
    client = signed_in("outsider")
    accounts.deactivate(outsider.pk, by=owner)
    accounts.reactivate(outsider.pk)
    assert client.get("/me").status_code == 302


def test_a_change_of_password_ends_every_other_session_and_all_tokens(owner):
    here, there = signed_in(), signed_in()
    _, given = tokens.issue(user=owner, name="x")
    old, new = key_of(here), "another long phrase"
    sent = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    here.post("/me/password", sent)
    assert key_of(here) != old
    assert here.get("/me/sessions").status_code == 200
    assert [visit.key for visit in visits.of(owner)] == [key_of(here)]
    assert there.get("/me").status_code == 302
    bearer = {"Authorization": f"Bearer {given}"}
    assert Client().get("/api/v1/projects", headers=bearer).status_code == 401


def test_a_session_never_grows_older_than_the_setting(owner, settings):
    client = signed_in()
    settings.SESSION_LONGEST = -1
    assert client.get("/me").status_code == 302
    assert not Session.objects.filter(session_key=key_of(client)).exists()


def test_work_keeps_a_session_alive_and_idleness_ends_it(owner):
    client = signed_in()
    soon = timezone.now() + timedelta(minutes=5)
    session = client.session
    session[visits.SEEN] -= 2 * 86_400
    session.save()
    Session.objects.update(expire_date=soon)
    client.get("/me")
    assert Session.objects.get().expire_date > soon + timedelta(days=13)
    Session.objects.update(expire_date=timezone.now())
    assert client.get("/me").status_code == 302
    visits.forget_ended()
    assert not Session.objects.exists()
    assert not Visit.objects.exists()


def test_a_session_in_use_is_not_stored_with_every_request(owner):
    client = signed_in()
    before = Session.objects.get().session_data
    client.get("/me")
    assert Session.objects.get().session_data == before


@pytest.mark.parametrize(
    ("agent", "name"),
    [(FIREFOX, "Firefox, Linux"), ("", ""), ("curl/8", "curl/8"), ("x" * 99, "x" * 40),
     ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Mobile Safari/604",
      "Safari, iPhone"),
     ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows")],
)  # fmt: skip
def test_browsers_have_names(agent, name):
    assert browsers.name(agent) == name
