"""The owner's list of accounts: who is shut out of the installation, and lets nobody else in."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from labeler.labeling import queue
from labeler.labeling.models import Annotation, QueueItem
from labeler.projects import accounts, invitations, links, members, tokens
from labeler.projects.access import projects_of, role_in
from labeler.projects.models import Membership, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(project, images):
    QueueItem.objects.create(project=project, image=images[5], rank=0, strategy="random")
    return project


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def act(client, name, user):
    where = reverse(f"{name}_account", args=[getattr(user, "pk", user)])
    return client.post(where, follow=True)


def test_the_list_says_when_somebody_came_in_and_where_they_belong(project, owner, annotator):
    annotator.last_login = timezone.now() - timedelta(days=3)
    annotator.save()
    User.objects.create_user("newcomer")
    page = signed_in(owner).get(reverse("accounts")).content.decode().partition("people")[2]
    who = page.partition("<b>annotator</b>")[2].partition("</li>")[0].replace("\u00a0", " ")
    assert "3 days ago" in who
    assert "Leaves, as annotator" in who
    newcomer = page.partition("<b>newcomer</b>")[2].partition("</li>")[0]
    assert "never signed in" in newcomer
    assert "In no project" in newcomer
    assert "Leaves" not in newcomer
    own = page.partition("<b>owner</b>")[2].partition("</li>")[0]
    assert "/deactivate" not in own


def test_the_page_is_the_owners(project, admin, owner):
    for user, status in ((admin, 403), (owner, 200)):
        assert signed_in(user).get(reverse("accounts")).status_code == status
        shown = signed_in(user).get("/").content.decode()
        assert (reverse("accounts") in shown) == (status == 200)
    assert act(signed_in(admin), "deactivate", owner).status_code == 403
    owner.refresh_from_db()
    assert owner.is_active


def test_every_way_in_is_closed_at_once(asked, images, owner, annotator, reviewer):
    client = signed_in(annotator)
    _, given = tokens.issue(user=annotator, name="x")
    link = links.issue(annotator)
    page = reverse("label", args=[asked.pk])
    api = f"/api/v1/projects/{asked.pk}"
    headers = {"Authorization": f"Bearer {given}"}
    held = queue.claim(project=asked, user=annotator, count=50)
    assert held
    assert client.get(page).status_code == 200
    assert Client().get(api, headers=headers).status_code == 200

    told = act(signed_in(owner), "deactivate", annotator).content.decode()
    assert "annotator cannot sign in any more. Their answers stay." in told
    assert client.get(page).status_code == 302
    assert client.get(f"/images/{images[5].pk}/thumb").status_code in (302, 403, 404)
    assert Client().get(api, headers=headers).status_code == 401
    assert links.redeem(link) is None
    sent = {"username": "annotator", "password": "a long enough phrase"}
    assert Client().post("/sign-in", sent).status_code == 400
    annotator.refresh_from_db()
    assert not projects_of(annotator).exists()
    assert set(queue.claim(project=asked, user=reviewer, count=50)) == set(held)


def test_nothing_they_did_is_lost_and_they_come_back_as_they_were(asked, images, owner, reviewer):
    Annotation.objects.create(uuid="a" * 32, project=asked, image=images[5], user=reviewer)
    client = signed_in(owner)
    act(client, "deactivate", reviewer)
    assert Annotation.objects.get().user == reviewer
    assert "inactive" in client.get(reverse("accounts")).content.decode()
    told = act(client, "reactivate", reviewer).content.decode()
    assert "reviewer can sign in again, with the roles they had." in told
    reviewer.refresh_from_db()
    assert role_in(reviewer, asked) == "reviewer"
    assert signed_in(reviewer).get(reverse("review", args=[asked.pk])).status_code == 200


def test_invitations_of_who_is_shut_out_let_nobody_in(asked, owner, admin):
    link = invitations.invite(project=asked, role="admin", by=admin)
    act(signed_in(owner), "deactivate", admin)
    assert invitations.find(link) is None


def test_nobody_shuts_out_themselves(owner):
    client = signed_in(owner)
    assert "not you" in act(client, "deactivate", owner).content.decode()
    owner.refresh_from_db()
    assert owner.is_active
    with pytest.raises(accounts.OwnAccount):
        accounts.deactivate(owner.pk, by=owner)


def test_an_admin_who_cannot_sign_in_is_no_admin_to_rely_on(asked, owner, admin, annotator):
    other = asked.memberships.get(user=annotator)
    members.change_role(asked, other.pk, "admin")
    act(signed_in(owner), "deactivate", annotator)
    with pytest.raises(members.LastAdmin):
        members.remove(asked, asked.memberships.get(user=admin).pk)


def test_who_is_not_there_is_not_found(owner):
    for name in ("deactivate", "reactivate"):
        for nobody in (0, 999_999, 2**63):
            assert act(signed_in(owner), name, nobody).status_code == 404


def test_many_accounts_come_in_pages_at_the_cost_of_one(
    project, owner, django_assert_max_num_queries
):
    people = User.objects.bulk_create(User(username=f"p{n:03}") for n in range(150))
    Membership.objects.bulk_create(
        Membership(project=project, user=each, role="annotator") for each in people
    )
    client = signed_in(owner)
    with django_assert_max_num_queries(8):
        first = client.get(reverse("accounts")).content.decode()
    assert first.count("/deactivate") == 99
    assert "More accounts" in first
    last = client.get(reverse("accounts"), {"page": 2}).content.decode()
    assert (
        last.count("/deactivate") == 51 + User.objects.exclude(username__startswith="p").count() - 1
    )
    for odd in ("x", "-1", "9" * 30, "٣"):
        assert client.get(reverse("accounts"), {"page": odd}).status_code == 200
