"""What happened is told: once, whole, and without anybody waiting for it."""

import json
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from labeler.labeling import together
from labeler.labeling.models import Annotation
from labeler.pools.models import Image, Import
from labeler.projects import removal
from labeler.projects.models import Project
from labeler.training.models import ModelVersion, Round
from labeler.webhooks import events, hooks, outbox, settled
from labeler.webhooks.models import Attempt, Delivery, Webhook
from labeler.work import leases
from tests.webhooks.conftest import tell

pytestmark = pytest.mark.django_db


def only(webhook, *told):
    Webhook.objects.filter(pk=webhook.pk).update(events=list(told))
    webhook.refresh_from_db()


def pool(project, n):
    start = Image.objects.filter(project=project).count()
    made = Image.objects.bulk_create(
        Image(
            project=project, row=row, sha256=f"{row:064x}", name=f"{row}.png", width=1, height=1,
            format="PNG", bytes=9, key=row / 10_000,
        )
        for row in range(start, start + n)
    )  # fmt: skip
    Project.objects.filter(pk=project.pk).update(next_row=start + n)
    return [image.pk for image in made]


def press(project, user, ids, label=0):
    batch = uuid.uuid4()
    chosen = project.labels.order_by("place")[label]
    together.label_together(project, user, ids, [chosen.pk], batch)
    return batch


def a_round(project, state=Round.State.DONE, number=1, **fields):
    """A round that a worker took and ended."""
    Round.objects.create(project=project, number=number, reason="labels", n_labels=5)
    row = leases.claim(Round)
    leases.finish(row, state, timings={"all": 1.5}, total=10, **fields)
    return Round.objects.get(pk=row.pk)


def an_import(project, user, state=Import.State.DONE, **fields):
    last = Import.objects.filter(project=project).count()
    Import.objects.create(
        project=project, number=last + 1, source="upload", title="in.zip", created_by=user
    )
    row = leases.claim(Import)
    leases.finish(row, state, total=3, added=2, refused=1, **fields)
    return Import.objects.get(pk=row.pk)


# ---- Answers ----------------------------------------------------------------------------------


def test_answers_and_their_undo_are_told_in_order(webhook, receiver, project, admin, images):
    batch = press(project, admin, [images[2].pk, images[3].pk], label=1)
    together.undo_together(project, admin, batch)
    assert tell(webhook) == 1
    [body] = receiver.bodies()
    assert body["type"] == "annotation.created"
    assert body["project"] == {"id": project.pk, "name": "Leaves"}
    assert [(row["kind"], row["labels"]) for row in body["data"]] == [
        ("labels", ["rust"]), ("labels", ["rust"]), ("undo", []), ("undo", []),
    ]  # fmt: skip
    first, second, undone, also = body["data"]
    assert (undone["supersedes"], also["supersedes"]) == (first["uuid"], second["uuid"])
    assert first["image"] == {"id": images[2].pk, "name": "leaf-2.png", "sha256": f"{2:064x}"}
    assert first["user"] == "admin"
    assert tell(webhook) == 0, "once"


def test_a_press_on_many_becomes_few_deliveries_and_loses_none(webhook, receiver, project, admin):
    only(webhook, events.ANNOTATIONS)
    wanted = pool(project, 1250)
    press(project, admin, wanted)
    outbox.find()
    assert Delivery.objects.count() == outbox.MOST_OPEN, "what waits longer waits as answers"
    outbox.find()
    assert Delivery.objects.count() == outbox.MOST_OPEN
    sent = 0
    while n := tell(webhook):
        sent += n
    assert sent == 13
    told = [row["image"]["id"] for body in receiver.bodies() for row in body["data"]]
    assert told == wanted
    assert max(len(body) for _p, _h, body in receiver.seen) < 64_000


def test_who_labels_pays_nothing(webhook, project, admin, images):
    def queries(image):
        with CaptureQueriesContext(connection) as asked:
            press(project, admin, [image.pk])
        return len(asked)

    queries(images[2])
    with_one = queries(images[3])
    webhook.delete()
    assert queries(images[4]) == with_one


def test_without_webhooks_the_sweep_asks_one_question(project, django_assert_num_queries):
    outbox.find()
    with django_assert_num_queries(1):
        outbox.find()


def test_an_answer_that_is_taken_back_with_its_transaction_is_not_told(
    webhook, receiver, project, admin, images
):
    with transaction.atomic():
        press(project, admin, [images[2].pk])
        transaction.set_rollback(True)
    assert tell(webhook) == 0


def test_what_was_there_before_is_not_told(project, admin, images, receiver):
    press(project, admin, [images[2].pk])
    a_round(project)
    made = hooks.create(project, admin, url=receiver.url, told=events.ALL)
    assert tell(made) == 0


def test_a_webhook_of_another_project_hears_nothing(webhook, receiver, outsider, admin):
    elsewhere = outsider.memberships.get().project
    a_round(elsewhere)
    assert tell(webhook) == 0


def test_what_happens_in_a_pause_is_told_after_it_up_to_a_week_back(
    webhook, receiver, project, admin, images
):
    hooks.pause(webhook)
    press(project, admin, [images[2].pk, images[3].pk])
    a_round(project)
    long_ago = timezone.now() - timedelta(days=8)
    Annotation.objects.filter(image=images[2]).update(created_at=long_ago)
    assert tell(webhook) == 0
    hooks.go_on(webhook)
    assert tell(webhook) == 2
    told = {body["type"]: body["data"] for body in receiver.bodies()}
    assert [row["image"]["id"] for row in told["annotation.created"]] == [images[3].pk]
    assert told["round.finished"]["number"] == 1


def test_an_event_that_is_added_is_told_from_then_on(webhook, receiver, project, admin, images):
    only(webhook, events.ROUND_FAILED)
    press(project, admin, [images[2].pk])
    an_import(project, admin)
    hooks.change(webhook, url=webhook.url, told=events.ALL)
    press(project, admin, [images[3].pk])
    assert tell(webhook) == 1
    assert [row["image"]["id"] for row in receiver.bodies()[0]["data"]] == [images[3].pk]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_an_answer_that_appears_late_is_told(
    webhook, receiver, project, admin, images, monkeypatch
):
    """It got its id before the others, and was committed after them."""
    only(webhook, events.ANNOTATIONS)
    written, go = threading.Event(), threading.Event()

    def slow():
        try:
            with transaction.atomic():
                Annotation.objects.create(
                    uuid=uuid.uuid4(), project=project, image=images[2], user=admin
                )
                written.set()
                go.wait(30)
        finally:
            connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    assert written.wait(30)
    press(project, admin, [images[3].pk])
    with monkeypatch.context() as impatient:
        impatient.setattr(settled, "PATIENCE", 0.2)
        assert tell(webhook) == 0, "somebody is still writing"
    go.set()
    writer.join()
    assert tell(webhook) == 1
    told = [row["image"]["id"] for row in receiver.bodies()[0]["data"]]
    assert told == [images[2].pk, images[3].pk]


# ---- Rounds and imports -----------------------------------------------------------------------


def test_rounds_are_told_when_they_end(webhook, receiver, project):
    done = a_round(project)
    ModelVersion.objects.create(
        project=project, number=1, round=done, head="logistic", features="f", label_ids=[],
        strategy="margin", n_labels=5, seen_annotation=0, sha256="",
    )  # fmt: skip
    a_round(project, Round.State.FAILED, 2, error="There is no label yet.")
    assert tell(webhook) == 2
    first, second = receiver.bodies()
    assert (first["type"], first["data"]["model_version"]) == ("round.finished", 1)
    assert first["data"]["seconds"] == 1.5
    assert (second["type"], second["data"]["error"]) == ("round.failed", "There is no label yet.")
    assert tell(webhook) == 0


def test_an_import_that_is_tried_again_ends_again(webhook, receiver, project, admin):
    only(webhook, events.IMPORT_FINISHED, events.IMPORT_FAILED)
    row = an_import(project, admin, Import.State.FAILED, error="The disk is full.")
    assert tell(webhook) == 1
    Import.objects.filter(pk=row.pk).update(state=Import.State.DUE, attempts=0)
    leases.finish(leases.claim(Import))
    assert tell(webhook) == 1
    assert [body["type"] for body in receiver.bodies()] == ["import.failed", "import.finished"]


def test_only_what_was_chosen_is_told(webhook, receiver, project, admin, images):
    only(webhook, events.IMPORT_FINISHED)
    a_round(project)
    press(project, admin, [images[2].pk])
    an_import(project, admin)
    assert tell(webhook) == 1
    assert receiver.bodies()[0]["type"] == "import.finished"


def test_two_sweeps_store_each_event_once(webhook, project):
    a_round(project)
    stale = Webhook.objects.select_related("project").get(pk=webhook.pk)
    outbox.collect(webhook)
    outbox.collect(stale)
    assert Delivery.objects.count() == 1


def test_the_place_to_read_on_from_moves_and_nothing_is_told_twice(webhook, receiver, project):
    a_round(project)
    assert tell(webhook) == 1
    hour = timezone.now() - timedelta(hours=1)
    Webhook.objects.filter(pk=webhook.pk).update(since=hour)
    assert tell(webhook) == 0
    webhook.refresh_from_db()
    assert webhook.since > timezone.now() - timedelta(minutes=11)


def test_the_log_is_forgotten_after_thirty_days(webhook, receiver, project, monkeypatch):
    a_round(project)
    tell(webhook)
    waiting = Delivery.objects.create(
        project=project, webhook=webhook, event="round.failed", key="w", body="{}", state="paused"
    )
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=31))
    monkeypatch.setattr(outbox, "_tidied", 0.0)
    outbox.find()
    assert list(Delivery.objects.all()) == [waiting]
    assert not Attempt.objects.exists()


def test_a_project_that_leaves_tells_nothing(webhook, receiver, project, delivery):
    removal.begin(project, None)
    a_round(project)
    assert tell(webhook) == 0
    removal.delete(project)
    assert not Webhook.objects.exists()


def test_a_body_tells_no_secret(webhook, project, admin, images):
    press(project, admin, [images[2].pk])
    outbox.find()
    body = json.loads(Delivery.objects.get().body)
    assert webhook.secret not in str(body)
    assert "password" not in str(body)
