"""R26: whatever people do in whatever order, the server and a small model of it agree.

Two people claim, answer, skip, change, send again, undo and give back; after each step the
standing answers and the open images are compared. LABELER_SEQUENCES says how many sequences.
"""

import os
import uuid

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Label, Membership, Project, User

SEQUENCES = int(os.environ.get("LABELER_SEQUENCES", "6"))
STEPS = 50 if SEQUENCES > 50 else 15
PEOPLE, LABELS = ("ann", "ben"), ("healthy", "rust", "mildew")
who = st.sampled_from(PEOPLE)
label = st.sampled_from(LABELS)
which = st.integers(0, 5)


def _pool() -> Project:
    people = [User.objects.create_user(name) for name in PEOPLE]
    project = Project.objects.create(
        name="Leaves", audit_seed=7, audit_share=0, created_by=people[0], next_row=6
    )
    for place, name in enumerate(LABELS):
        Label.objects.create(project=project, name=name, place=place, key=str(place + 1))
    for user in people:
        Membership.objects.create(project=project, user=user, role="annotator")
    for row in range(6):
        image = Image.objects.create(
            project=project, row=row, sha256=f"{row:064x}", name=f"{row}.png", width=9, height=8,
            format="PNG", bytes=99, key=row / 6,
        )  # fmt: skip
        QueueItem.objects.create(project=project, image=image, rank=row, strategy="random")
    return project


class Sequence(RuleBasedStateMachine):
    """The model: who holds which item, what stands on it, and every answer that was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.savepoint()
        self.project = _pool()
        self.where = f"/api/v1/projects/{self.project.pk}"
        self.clients = {name: self._client(name) for name in PEOPLE}
        found = QueueItem.objects.filter(project=self.project).order_by("rank")
        self.items = list(found.values_list("pk", flat=True))
        self.holder: dict[int, str] = {}
        self.standing: dict[int, tuple[str, str, str]] = {}  # item → uuid, who, label
        self.sent: list[tuple[str, dict]] = []
        self.undone: set[str] = set()

    def _client(self, name: str) -> Client:
        client = Client()
        client.force_login(User.objects.get(username=name))
        return client

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.point)

    def post(self, person: str, path: str, body: dict):
        address = f"{self.where}/{path}"
        return self.clients[person].post(address, body, content_type="application/json")

    @rule(person=who, count=st.integers(1, 4))
    def claim(self, person, count):
        told = self.post(person, "queue/claim", {"count": count})
        got = [one["item"] for one in told.json()["items"]]
        mine = [item for item in self.items if self.holder.get(item) == person]
        free = [i for i in self.items if i not in self.standing and i not in self.holder]
        assert len(got) == len(set(got)) == min(count, len(mine) + len(free))
        assert set(got) <= {*mine, *free}
        assert len(set(got) & set(mine)) == min(count, len(mine)), "what one holds comes first"
        self.holder |= dict.fromkeys(got, person)

    @rule(person=who, at=which, name=label)
    def answer(self, person, at, name):
        item = self.items[at]
        body = {"uuid": str(uuid.uuid4()), "item": item, "labels": [name]}
        told = self.post(person, "annotations", body)
        before = self.standing.get(item)
        other = self.holder.get(item, person) != person
        if (before and before[1] != person) or (other and not before):
            assert told.status_code == 409, told.content
            return
        assert told.status_code == 201, told.content
        self.standing[item] = (body["uuid"], person, name)
        self.holder.pop(item, None)
        self.sent.append((person, body))

    @rule(at=which)
    def send_again(self, at):
        if not self.sent:
            return
        person, body = self.sent[at % len(self.sent)]
        assert self.post(person, "annotations", body).status_code == 200
        changed = body | {"labels": [LABELS[(LABELS.index(body["labels"][0]) + 1) % 3]]}
        assert self.post(person, "annotations", changed).status_code == 409
        another = PEOPLE[1 - PEOPLE.index(person)]
        assert self.post(another, "annotations", body).status_code in (404, 409)

    @rule(at=which, person=who)
    def undo(self, at, person):
        if not self.sent:
            return
        owner, body = self.sent[at % len(self.sent)]
        item, name = body["item"], body["uuid"]
        told = self.post(person, f"annotations/{name}/undo", {})
        if person != owner:
            assert told.status_code in (403, 404), told.content
        elif self.standing.get(item, ("",))[0] == name:
            assert told.status_code == 201, told.content
            del self.standing[item]
            self.holder[item] = person
        else:
            assert told.status_code in (200, 201, 409), told.content
            self._read_anew(item)

    def _read_anew(self, item):
        """An answer that was changed is undone by its newer self: the model reads which."""
        row = self.items.index(item)
        found = Annotation.objects.filter(
            project=self.project, image__row=row, current=True
        ).first()
        if found is None and item in self.standing:
            person = self.standing.pop(item)[1]
            self.holder[item] = person

    @invariant()
    def agree(self):
        rows = Annotation.objects.filter(project=self.project, current=True)
        found = rows.values_list("image__row", "labels__name")
        expected = {(self.items.index(i), said[2]) for i, said in self.standing.items()}
        assert set(found) == expected
        assert len(found) == len(expected)
        labeled = Image.objects.filter(project=self.project, state="labeled")
        assert set(labeled.values_list("row", flat=True)) == {row for row, _ in expected}


@pytest.mark.django_db
def test_server_and_model_agree_after_every_step():
    chosen = settings(
        max_examples=SEQUENCES, stateful_step_count=STEPS, deadline=None, derandomize=True,
        database=None, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Sequence, settings=chosen)
