"""A statement answers as its queryset does, whatever the values, and is worded once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now

from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Label, Membership, Project
from labeler.projects.statements import change, insert, statement
from labeler.work.leases import lock


@pytest.fixture
def item(project, images):
    return QueueItem.objects.create(
        project=project, image=images[3], rank=4, strategy="margin", score=0.25, version=2,
        beliefs={"1": 0.5, "ü": None}, returned_at=datetime(2031, 5, 6, 7, 8, 9, 10, UTC),
    )  # fmt: skip


def facts(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_rows_are_what_the_queryset_gives(item, project):
    def ask(number, *, audit):
        rows = QueueItem.objects.filter(project=number, done_at=None, audit__in=[audit])
        return rows.select_related("image").order_by("rank", "pk")

    found, expected = statement(ask)(project.pk, audit=False), list(ask(project.pk, audit=False))
    assert [facts(row) for row in found] == [facts(row) for row in expected] != []
    assert facts(found[0].image) == facts(expected[0].image)
    assert found == expected
    assert not found[0]._state.adding
    assert statement(ask)(project.pk, audit=True) == []


def test_a_statement_is_worded_once_per_shape(images, project):
    asked = []

    @statement
    def some(number, rows, *, backwards):
        asked.append(backwards)
        images = Image.objects.filter(project=number, row__gte=2, pk__in=rows)
        return images.order_by("-row" if backwards else "row").values_list("row", flat=True)

    pks = [image.pk for image in images]
    for _ in range(3):
        assert some(project.pk, (pks[7], pks[4]), backwards=False) == [4, 7]
        assert some(project.pk, (pks[5], pks[6]), backwards=False) == [5, 6]
        assert some(project.pk, (pks[1],), backwards=False) == []
        assert some(project.pk, (pks[5], pks[6]), backwards=True) == [6, 5]
        assert some(project.pk + 1, (pks[5],), backwards=True) == []
    assert asked == [False, False, True, True], "two lengths, two directions"


def test_first_count_and_values(images, project):
    @statement
    def rows_after(number, image):
        return Image.objects.filter(project=number, pk__gt=image).values_list("row", "audit")

    assert rows_after.count(project.pk, images[5].pk) == 4
    assert rows_after(project.pk, images[8].pk) == [(9, False)]
    assert rows_after.first(project.pk, images[9].pk) is None
    assert rows_after.count(project.pk, 2**60) == 0


def test_uuids_subqueries_and_annotations(project, annotator, images):
    uuid = uuid4()
    answers = [
        Annotation.objects.create(uuid=each, project=project, image=image, user=annotator)
        for each, image in [(uuid, images[2]), (uuid4(), images[4])]
    ]

    @statement
    def answered(user, given):
        mine = Annotation.objects.filter(user=user, image=OuterRef("pk"), uuid=given)
        return Image.objects.filter(Exists(mine)).annotate(double=F("row") * 2)

    (found,) = answered(annotator.pk, uuid)
    assert (found, found.double) == (images[2], 4)
    assert answered(annotator.pk, answers[1].uuid) == [images[4]]
    assert answered(annotator.pk, uuid4()) == answered(annotator.pk + 1, uuid) == []


def test_a_locking_statement_finds_its_rows(item, project):
    @statement
    def open_items(number):
        return lock(QueueItem.objects.filter(project=number).select_related("image"))

    with transaction.atomic():
        assert open_items(project.pk) == [item]


def test_a_change_counts_what_it_changed(item, images, annotator):
    @change
    def hold(item, user):
        until = Now() + timedelta(minutes=10)
        return QueueItem.objects.filter(pk=item), {"claimed_by": user, "claimed_until": until}

    assert hold(item.pk, annotator.pk) == 1
    assert hold(item.pk + 1, annotator.pk) == 0
    item.refresh_from_db()
    assert item.claimed_by == annotator
    assert timedelta(0) < item.claimed_until - datetime.now(UTC) <= timedelta(minutes=10)


def test_an_inserted_row_reads_as_a_saved_one(project, annotator, images):
    def row(uuid):
        return Annotation(
            uuid=uuid, project=project, image=images[2], user=annotator, body={"sent": [1, None]},
            score=0.5, current=False,
        )  # fmt: skip

    saved, inserted = row(uuid4()), row(uuid4())
    saved.save()
    insert(inserted)
    assert inserted.pk > saved.pk
    assert not inserted._state.adding
    stored = facts(Annotation.objects.get(uuid=inserted.uuid))
    assert stored == facts(inserted)
    differ = {name for name, value in facts(saved).items() if value != stored[name]}
    assert differ == {"id", "uuid", "created_at"}


def test_a_value_that_goes_missing_is_an_error(project, images):
    @statement
    def frozen(number):
        return Image.objects.filter(project=project.pk)

    with pytest.raises(TypeError, match="leave out"):
        frozen(project.pk)


def test_texts_are_values(project):
    @statement
    def named(name):
        return Label.objects.filter(project=project.pk, name=name)

    for label in Label.objects.filter(project=project):
        assert named(label.name) == [label]
    assert named("nothing' OR 1=1 --") == []


@pytest.mark.parametrize("value", [b"1", 1.5, None, True])
def test_only_ids_uuids_and_texts_are_values(value, db):
    @statement
    def labels(project):
        return Label.objects.filter(project=project)

    with pytest.raises(TypeError, match="ids, UUIDs and texts"):
        labels(value)


def test_related_rows_that_may_be_missing(project, annotator, item):
    @statement
    def with_holder(number):
        return QueueItem.objects.filter(project=number).select_related("claimed_by", "predicted")

    assert with_holder(project.pk)[0].claimed_by is None
    QueueItem.objects.update(claimed_by=annotator, claimed_until=Now())
    assert with_holder(project.pk)[0].claimed_by == annotator
    assert Membership.objects.count() == 1
    assert Project.objects.count() == 1
