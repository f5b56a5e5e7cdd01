"""Deleting an account, and what is kept for how long."""

from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessFailureLog
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from labeler.accounts import forgetting, leaving, resets
from labeler.accounts.models import Forgetting, Leaving, ResetLink, Visit
from labeler.journal.models import Entry
from labeler.labeling.models import Annotation
from labeler.projects import invitations, tokens
from labeler.projects.models import Invitation, Membership, User
from labeler.work import clock, leases, sweep
from labeler.work.kinds import KINDS

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough phrase"


def test_nothing_names_the_person_and_nothing_lets_them_in(project, images, annotator):
    User.objects.filter(pk=annotator.pk).update(email="a@example.org", first_name="Anna")
    annotator.refresh_from_db()
    answer = Annotation.objects.create(
        uuid="123e4567-e89b-42d3-a456-426614174000", project=project, image=images[0],
        user=annotator, source="queue",
    )  # fmt: skip
    client = Client()
    client.force_login(annotator)
    _, given = tokens.issue(user=annotator, name="x")
    link = resets.issue(annotator)
    now = leaving.delete(annotator)
    kept = str(User.objects.filter(pk=annotator.pk).values())
    assert not any(told in kept for told in ("'annotator'", "a@example.org", "Anna"))
    assert Annotation.objects.get(pk=answer.pk).user.username == now
    assert client.get("/").status_code == 302
    bearer = {"Authorization": f"Bearer {given}"}
    assert Client().get("/api/v1/projects", headers=bearer).status_code == 401
    assert Client().get(f"/reset/{link}").status_code == 404
    sent = {"username": now, "password": PASSWORD}
    assert Client().post("/sign-in", sent).status_code == 400
    assert not Membership.objects.filter(user=annotator).exists()
    assert Entry.objects.latest("pk").act == "delete_account"


def test_there_is_always_an_owner(owner):
    with pytest.raises(CommandError, match="last owner"):
        call_command("delete_account", "owner")
    User.objects.create_superuser("second", password=PASSWORD)
    call_command("delete_account", "owner", stdout=StringIO())
    assert not User.objects.filter(username="owner").exists()
    with pytest.raises(CommandError, match="Nobody"):
        call_command("delete_account", "owner")


def test_what_is_old_goes_and_what_is_not_stays(owner, project, settings):
    client = Client()
    client.post("/sign-in", {"username": "owner", "password": "wrong"})
    client.post("/sign-in", {"username": "owner", "password": PASSWORD})
    resets.issue(owner)
    invitations.invite(project=project, role="annotator", by=owner)
    call_command("forget_old", stdout=StringIO())
    kinds = (AccessFailureLog, ResetLink, Invitation, Visit, Entry)
    assert [kind.objects.count() for kind in kinds] == [1, 1, 1, 1, 1]
    old = timezone.now() - timedelta(days=400)
    AccessFailureLog.objects.update(attempt_time=old)
    for kind in (ResetLink, Invitation):
        kind.objects.update(expires_at=old)
    Entry.objects.update(at=old)
    client.post("/sign-out")
    call_command("forget_old", stdout=StringIO())
    assert [kind.objects.count() for kind in kinds] == [0, 0, 0, 0, 1]
    settings.JOURNAL_DAYS = 365
    call_command("forget_old", stdout=StringIO())
    assert not Entry.objects.exists()


def test_a_worker_forgets_once_a_day(owner, settings, monkeypatch):
    Client().post("/sign-in", {"username": "owner", "password": "wrong"})
    AccessFailureLog.objects.update(attempt_time=timezone.now() - timedelta(days=400))
    Forgetting.objects.create(day="2020-01-01", state="done")
    forgetting.find()
    forgetting.find()
    row = leases.claim(Forgetting)
    forgetting.run(row)
    row.refresh_from_db()
    assert (row.state, row.gone["AccessFailureLog"]) == ("done", 1)
    assert not AccessFailureLog.objects.exists()
    assert list(Forgetting.objects.all()) == [row]
    forgetting.find()
    assert leases.claim(Forgetting) is None
    monkeypatch.setattr(clock, "now", lambda: timezone.now() + timedelta(days=1))
    forgetting.find()
    assert Forgetting.objects.filter(state="due").count() == 1


def test_the_settings_can_forbid_it(settings, db):
    settings.FORGET_DAILY = False
    forgetting.find()
    assert not Forgetting.objects.exists()


def test_the_sweep_of_a_worker_finds_it(db):
    kind = KINDS["forgetting"]
    sweep._sweep_kind(kind)
    assert Forgetting.objects.get().state == "due"


def test_an_owner_chooses_on_the_page(project, images, annotator, owner):
    client = Client()
    client.force_login(owner)
    address = f"/accounts/{annotator.pk}/delete"
    page = client.get(address).content.decode()
    assert f"someone-{annotator.pk}" in page
    for wrong in ({}, {"answers": "keep", "name": "x"}, {"answers": "sell", "name": "annotator"}):
        assert client.post(address, wrong).status_code == 400
    assert User.objects.filter(username="annotator").exists()
    sent = {"answers": "delete", "name": "annotator"}
    assert client.post(address, sent).status_code == 302
    assert not User.objects.filter(username="annotator").exists()
    assert Leaving.objects.get().user_id == annotator.pk
    line = Entry.objects.latest("pk")
    assert (line.act, line.who, line.after) == ("delete_account", "owner", {"answers": "delete"})


def test_nobody_deletes_themselves_there(owner):
    client = Client()
    client.force_login(owner)
    sent = {"answers": "keep", "name": "owner"}
    assert client.post(f"/accounts/{owner.pk}/delete", sent).status_code == 400
    assert client.delete(f"/api/v1/accounts/{owner.pk}").status_code in (403, 409)
    assert User.objects.filter(username="owner").exists()


def test_over_rest_and_by_command(annotator, reviewer, owner):
    _, given = tokens.issue(user=owner, name="x")
    bearer = {"Authorization": f"Bearer {given}"}
    told = Client().delete(f"/api/v1/accounts/{annotator.pk}?answers=delete", headers=bearer)
    assert told.json() == {"user": f"someone-{annotator.pk}"}
    call_command("delete_account", "reviewer", "--answers", "delete", stdout=StringIO())
    assert Leaving.objects.count() == 2
