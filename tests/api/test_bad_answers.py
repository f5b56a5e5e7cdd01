"""Answers that come at the wrong time, by the wrong hand or in an odd form.

Each test names its numbers in docs/explanation/bad-inputs.md.
"""

import json
import uuid

import pytest

from labeler.labeling.models import Annotation
from labeler.projects import removal
from labeler.projects.models import Label, Membership
from tests.api.calls import everything
from tests.api.test_bad_input import GOOD, is_error, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(world, as_user, owner):
    return as_user(owner)


@pytest.fixture
def where(world):
    return f"/api/v1/projects/{world.project.pk}"


def said(world, name=GOOD, **more):
    return {"uuid": name, "item": world.item.pk, "labels": ["rust"]} | more


@pytest.mark.parametrize("written", [GOOD.upper(), GOOD.title()])
def test_a_uuid_in_capitals_is_the_same_uuid(api, where, world, written):
    """61"""
    assert post(api, f"{where}/annotations", said(world)).status_code == 201
    again = post(api, f"{where}/annotations", said(world, written))
    assert again.status_code == 200
    assert again.json()["uuid"] == GOOD
    assert Annotation.objects.filter(uuid=GOOD).count() == 1


@pytest.mark.parametrize(
    "written",
    [f"{{{GOOD}}}", f"urn:uuid:{GOOD}", GOOD.replace("-", ""), f" {GOOD}", f"{GOOD}\n",
     GOOD[:-1], GOOD + "0", "٣" * 36, GOOD.encode().hex(), None, 1, [GOOD], {"uuid": GOOD}, True],
)  # fmt: skip
def test_what_only_resembles_a_uuid_is_refused(api, where, world, written):
    """61: one spelling, so that a replay is known by its text too."""
    before = everything()
    told = is_error(post(api, f"{where}/annotations", said(world, written)), 422)
    assert "uuid" in json.dumps(told).lower()
    assert everything() == before


@pytest.mark.parametrize("elapsed", [-1, 1.5, "740", 1e308, 2**63, True, [], float("nan")])
def test_a_time_that_cannot_be_is_refused(api, where, world, elapsed):
    """65"""
    sent = json.dumps(said(world, elapsed_ms=elapsed))
    is_error(post(api, f"{where}/annotations", sent), 400, 422)
    assert not Annotation.objects.filter(uuid=GOOD).exists()


def test_a_time_may_be_missing(api, where, world):
    """65"""
    assert post(api, f"{where}/annotations", said(world)).status_code == 201


def test_a_list_of_one_is_a_list_and_a_long_one_is_taken_whole(api, where, world):
    """66"""
    one = post(api, f"{where}/annotations", json.dumps([said(world)]))
    assert [line["status"] for line in one.json()["results"]] == [201]
    many = [said(world, str(uuid.uuid4()), item=10**9) for _ in range(499)]
    told = post(api, f"{where}/annotations", json.dumps([said(world), *many]))
    assert [line["status"] for line in told.json()["results"]] == [200] + [404] * 499


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\x1f\x8b\x08\x00", "application/json"),
        ('{"é": 1}'.encode("latin-1"), "application/json"),
        (b"{}", "application/json; charset=latin-1"), (b"<a/>", "text/xml"), (b"{}", ""),
        (b"", "application/json"), (b"\xef\xbb\xbf{}", "application/json"),
        (b"{}" * 9, "application/json"), (b'"' + b"\xed\xa0\x80" + b'"', "application/json"),
    ],
    ids=range(9),
)  # fmt: skip
def test_a_body_that_is_no_json_is_told_so(api, where, body, kind):
    """69"""
    is_error(api.generic("POST", f"{where}/annotations", body, kind), 400, 415, 422)
    assert Annotation.objects.count() == 1


def test_who_was_taken_out_is_told_nothing_and_stores_nothing(where, world, as_user, annotator):
    """70: the project is not there for them any more, as for a stranger."""
    client = as_user(annotator)
    Membership.objects.filter(user=annotator, project=world.project).delete()
    is_error(post(client, f"{where}/annotations", said(world)), 404)
    assert not Annotation.objects.filter(uuid=GOOD).exists()


def test_another_role_goes_on_answering(where, world, as_user, admin):
    """70: who is made an annotator keeps the right to answer, and loses the others at once."""
    client = as_user(admin)
    Membership.objects.filter(user=admin, project=world.project).update(role="annotator")
    assert post(client, f"{where}/annotations", said(world)).status_code == 201
    is_error(client.patch(where, {"name": "x"}, content_type="application/json"), 403)


def test_a_project_that_leaves_takes_no_answer(api, where, world):
    """70"""
    removal.begin(world.project, None)
    is_error(post(api, f"{where}/annotations", said(world)), 404)
    assert not Annotation.objects.filter(uuid=GOOD).exists()


def test_a_label_that_was_renamed_goes_by_its_new_name(api, where, world):
    """74: a client that knows the old name is told which label it does not know."""
    Label.objects.filter(project=world.project, name="rust").update(name="brown rust")
    told = is_error(post(api, f"{where}/annotations", said(world)), 422)
    assert "rust" in json.dumps(told)
    assert post(api, f"{where}/annotations", said(world, labels=["brown rust"])).status_code == 201


def test_an_undo_after_the_round_used_it_is_a_row_like_any_other(api, where, world):
    """67: the model keeps what it learned; the next round learns without it."""
    from labeler.training.models import Round

    assert post(api, f"{where}/annotations", said(world)).status_code == 201
    newest = Annotation.objects.order_by("-id").first().pk
    world.project.model_versions.update(seen_annotation=newest)
    assert post(api, f"{where}/annotations/{GOOD}/undo", "").status_code == 201
    assert post(api, f"{where}/annotations/{GOOD}/undo", "").status_code == 200
    assert not Annotation.objects.get(uuid=GOOD).current
    assert Round.objects.count() == 1
