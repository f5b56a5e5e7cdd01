"""Who is deactivated is out at once, and nothing they did is lost."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from labeler.labeling import mentions, queue
from labeler.labeling.models import Annotation, QueueItem
from labeler.projects import invitations, members, tokens
from labeler.projects.access import Inactive, may_create, projects_of, role_in
from labeler.projects.models import Invitation, Membership

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(project, images):
    QueueItem.objects.create(project=project, image=images[5], rank=0, strategy="random")
    return project


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def out(project, user):
    return members.deactivate(project, project.memberships.get(user=user).pk)


def test_every_way_in_is_closed_with_the_next_request(asked, images, annotator, admin):
    client = signed_in(annotator)
    pages = [
        reverse("label", args=[asked.pk]),
        reverse("image_page", args=[asked.pk, images[5].pk]),
    ]
    for page in pages:
        assert client.get(page).status_code == 200
    out(asked, annotator)
    assert not projects_of(annotator).exists()
    assert role_in(annotator, asked) is None
    for page in pages:
        told = client.get(page)
        assert told.status_code == 403
        assert "Your place in this project is inactive." in told.content.decode()
    claim = client.post(
        f"/api/v1/projects/{asked.pk}/queue/claim", '{"count": 1}', content_type="application/json"
    )
    assert (claim.status_code, claim.json()["code"]) == (404, "inactive")
    assert client.get(f"/images/{images[5].pk}/thumb").status_code in (403, 404)
    assert "Leaves" not in client.get("/").content.decode()
    assert annotator not in mentions.members(asked)


def test_what_they_hold_is_free_for_others_at_once(asked, annotator, reviewer):
    held = queue.claim(project=asked, user=annotator, count=50)
    assert held
    assert queue.claim(project=asked, user=reviewer) == []
    out(asked, annotator)
    assert set(queue.claim(project=asked, user=reviewer, count=50)) == set(held)


def test_who_is_removed_gives_back_what_they_hold_too(asked, annotator, reviewer):
    held = queue.claim(project=asked, user=annotator, count=50)
    members.remove(asked, asked.memberships.get(user=annotator).pk)
    assert set(queue.claim(project=asked, user=reviewer, count=50)) == set(held)


def test_their_tokens_are_useless_and_work_again_afterwards(client, asked, annotator):
    _, given = tokens.issue(user=annotator, name="x", project=asked, role="annotator")
    headers = {"Authorization": f"Bearer {given}"}
    path = f"/api/v1/projects/{asked.pk}"
    assert client.get(path, headers=headers).status_code == 200
    member = out(asked, annotator)
    assert client.get(path, headers=headers).status_code == 404
    assert client.get("/api/v1/projects", headers=headers).json()["items"] == []
    members.reactivate(asked, member.pk)
    assert client.get(path, headers=headers).json()["role"] == "annotator"


def test_answers_stay_theirs_and_the_page_calls_them_inactive(asked, images, annotator, admin):
    Annotation.objects.create(uuid="a" * 32, project=asked, image=images[5], user=annotator)
    client = signed_in(admin)
    member = asked.memberships.get(user=annotator)
    assert client.post(reverse("deactivate_member", args=[asked.pk, member.pk])).status_code == 302
    page = client.get(reverse("members", args=[asked.pk])).content.decode()
    assert "inactive since" in page
    assert "Let in again" in page
    assert Annotation.objects.get().user == annotator
    client.post(reverse("reactivate_member", args=[asked.pk, member.pk]))
    assert role_in(annotator, asked) == "annotator"


def test_the_last_active_admin_stays(asked, admin, annotator):
    with pytest.raises(members.LastAdmin):
        out(asked, admin)
    other = asked.memberships.get(user=annotator)
    members.change_role(asked, other.pk, "admin")
    out(asked, admin)
    for act in (members.deactivate, members.remove):
        with pytest.raises(members.LastAdmin):
            act(asked, other.pk)
    with pytest.raises(members.LastAdmin):
        members.change_role(asked, other.pk, "reviewer")
    assert not may_create(admin)
    page = signed_in(annotator).post(reverse("deactivate_member", args=[asked.pk, other.pk]))
    assert page.status_code == 302
    assert role_in(annotator, asked) == "admin"


def test_a_link_made_before_is_no_way_back(asked, admin, annotator):
    other = asked.memberships.get(user=annotator)
    members.change_role(asked, other.pk, "admin")
    own = invitations.invite(project=asked, role="admin", by=annotator)
    theirs = invitations.invite(project=asked, role="admin", by=admin)
    out(asked, annotator)
    assert invitations.find(own) is None
    with pytest.raises(Inactive):
        invitations.accept(theirs, annotator)
    assert invitations.find(theirs)  # not used up
    assert role_in(annotator, asked) is None
    answer = signed_in(annotator).post(reverse("join", args=[theirs]))
    assert answer.status_code == 403
    assert "inactive" in answer.content.decode()


def test_an_admin_who_is_made_annotator_lets_nobody_in_any_more(asked, admin, annotator):
    other = asked.memberships.get(user=annotator)
    members.change_role(asked, other.pk, "admin")
    link = invitations.invite(project=asked, role="admin", by=annotator)
    members.change_role(asked, other.pk, "annotator")
    assert invitations.find(link) is None


def test_a_link_works_once_for_a_week_and_can_be_taken_back(asked, admin, outsider):
    given = invitations.invite(project=asked, role="reviewer", by=admin)
    kept = invitations.find(given)
    assert timedelta(days=6) < kept.expires_at - timezone.now() <= timedelta(days=7)
    assert invitations.accept(given, outsider).role == "reviewer"
    assert invitations.accept(given, admin) is None
    late = invitations.invite(project=asked, role="reviewer", by=admin)
    Invitation.objects.filter(used_at=None).update(expires_at=timezone.now())
    assert invitations.find(late) is None
    gone = invitations.invite(project=asked, role="reviewer", by=admin)
    assert invitations.withdraw(asked, invitations.find(gone).pk)
    assert invitations.find(gone) is None


def test_strangers_learn_nothing_about_who_is_inactive(asked, admin, annotator, outsider):
    member = out(asked, annotator)
    client = signed_in(outsider)
    assert client.get(reverse("members", args=[asked.pk])).status_code == 404
    for name in ("deactivate_member", "reactivate_member"):
        assert client.post(reverse(name, args=[asked.pk, member.pk])).status_code == 404
    foreign = Membership.objects.get(user=outsider)
    mine = signed_in(admin)
    assert mine.post(reverse("deactivate_member", args=[asked.pk, foreign.pk])).status_code == 404
    foreign.refresh_from_db()
    assert foreign.deactivated_at is None


def offered(client, project):
    """{name: what the page offers to do with the member}"""
    html = client.get(reverse("members", args=[project.pk])).content.decode()
    html = html[html.index("people members") :]
    rows = re.findall(r"<li.*?<b>(\w+)</b>(.*?)</li>", html, re.S)
    return {name: set(re.findall(r"/members/\d+/(\w+)", row)) for name, row in rows}


def test_the_only_admin_is_not_offered_to_leave(asked, admin, annotator, owner):
    every = {"role", "deactivate", "remove"}
    for viewer in (admin, owner):
        found = offered(signed_in(viewer), asked)
        assert (found["admin"], found["annotator"]) == (set(), every)
    other = asked.memberships.get(user=annotator)
    members.change_role(asked, other.pk, "admin")
    assert offered(signed_in(admin), asked)["admin"] == every
    members.deactivate(asked, other.pk)
    found = offered(signed_in(admin), asked)
    assert (found["admin"], found["annotator"]) == (set(), {"reactivate", "remove"})


def test_what_was_done_is_said_and_who_is_no_member_is_not_found(asked, admin, annotator):
    client = signed_in(admin)
    member = asked.memberships.get(user=annotator).pk
    words = {
        "change_role": "annotator is now reviewer.",
        "deactivate_member": "annotator is inactive and cannot come in.",
        "reactivate_member": "annotator can come in again, as reviewer.",
        "remove_member": "annotator is no longer a member.",
    }
    for name, told in words.items():
        page = client.post(
            reverse(name, args=[asked.pk, member]), {"role": "reviewer"}, follow=True
        )
        assert told in page.content.decode()
    for name in words:
        for nobody in (member, 0, 2**63):
            where = reverse(name, args=[asked.pk, nobody])
            assert client.post(where, {"role": "reviewer"}).status_code == 404


def test_the_last_admin_is_told_why_nothing_happened(asked, admin):
    client = signed_in(admin)
    member = asked.memberships.get(user=admin).pk
    for name in ("change_role", "deactivate_member", "remove_member"):
        page = client.post(
            reverse(name, args=[asked.pk, member]), {"role": "reviewer"}, follow=True
        )
        assert page.content.decode().count("There must be an admin.") == 2  # the note, and the row
    assert role_in(admin, asked) == "admin"


def test_who_gives_up_being_admin_lands_among_the_projects(asked, admin, annotator):
    members.change_role(asked, asked.memberships.get(user=annotator).pk, "admin")
    member = asked.memberships.get(user=admin).pk
    answer = signed_in(admin).post(reverse("remove_member", args=[asked.pk, member]))
    assert answer.url == reverse("projects")
