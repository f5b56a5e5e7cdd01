"""Deleting an account, and what is kept for how long."""

from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessFailureLog
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from labeler.accounts import leaving, resets
from labeler.accounts.models import ResetLink, Visit
from labeler.journal.models import Entry
from labeler.labeling.models import Annotation
from labeler.projects import invitations, tokens
from labeler.projects.models import Invitation, Membership, User

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
