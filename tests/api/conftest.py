"""A project with one of everything, and callers of every kind."""

import hashlib
import uuid
from types import SimpleNamespace

import pytest
from django.test import Client

from labeler.labeling.models import Annotation, QueueItem
from labeler.pools import storage
from labeler.pools.models import Image, Import, Refusal
from labeler.projects import invitations, members, tokens
from labeler.projects.models import Membership, Project, User
from labeler.training.models import ModelVersion, Round
from labeler.webhooks import hooks, signing
from labeler.webhooks.models import Webhook
from tests.conftest import picture


@pytest.fixture
def world(project, owner, admin, reviewer, annotator, outsider):
    """The project "Leaves" with an image, an import, a round, a version, a claim, an answer."""
    spare = User.objects.create_user("spare", password="a long enough phrase")
    member = Membership.objects.create(project=project, user=spare, role="annotator")
    pictures = [_image(project, row) for row in range(4)]
    Project.objects.filter(pk=project.pk).update(next_row=4)
    imp = Import.objects.create(
        project=project, number=1, source="upload", sealed=False, created_by=admin
    )
    Refusal.objects.create(of=imp, name="x.txt", code="not_an_image", reason="No.", remedy="No.")
    round_ = Round.objects.create(project=project, number=1, reason="asked", state="done")
    ModelVersion.objects.create(
        project=project, number=1, round=round_, head="logistic", features="efficientnet_lite0",
        label_ids=[label.pk for label in project.labels.all()], strategy="margin", n_labels=3,
        seen_annotation=0, sha256="", serving=True,
    )  # fmt: skip
    answered = Annotation.objects.create(
        uuid=uuid.uuid4(), project=project, image=pictures[0], user=annotator, source="queue"
    )
    item = QueueItem.objects.create(project=project, image=pictures[1], rank=0, strategy="random")
    invitations.invite(project=project, role="annotator", by=admin)
    webhook = Webhook.objects.create(
        project=project, url="https://hooks.example/a", events=["round.failed"], created_by=admin,
        secret=signing.new_secret(), since=project.created_at,
    )  # fmt: skip
    return SimpleNamespace(
        project=project, image=pictures[1], images=pictures, item=item, answered=answered,
        member=member, invitation=project.invitations.get(), members=members,
        label=project.labels.first(), webhook=webhook, delivery=hooks.test(webhook),
        elsewhere=outsider.memberships.get().project,
    )  # fmt: skip


def _image(project, row):
    data = picture(row)
    digest = hashlib.sha256(data).hexdigest()
    storage.save_original(project, digest, data)
    return Image.objects.create(
        project=project, row=row, sha256=digest, name=f"{row}.png", width=32, height=24,
        format="PNG", bytes=len(data), key=row / 10,
    )  # fmt: skip


@pytest.fixture
def as_user():
    """A client signed in as the user; with `token`, one that sends a token instead."""

    def client_of(user):
        client = Client(raise_request_exception=False)
        client.force_login(user)
        return client

    return client_of


@pytest.fixture
def as_token():
    """A client that sends a token of the user."""

    def client_of(user, **scope):
        given = tokens.issue(user=user, name="test", **scope)[1]
        return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {given}"})

    return client_of
