"""Clusters of a pool: made by a worker, read by the pages."""

import uuid

import numpy as np
import pytest

from labeler.exploring import clustered, columns, surveys
from labeler.exploring.models import Survey
from labeler.labeling import together
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training.models import Shard
from labeler.training.spaces import Space
from tests.training.invented import FEATURES, answer, fill, work_on


@pytest.fixture(autouse=True)
def _fresh_memory():
    columns.forget()


@pytest.fixture
def pool(project) -> Project:
    """Sixty embedded images of three kinds: row % 3."""
    fill(project)
    return project


def made(project, **options):
    """A survey of clusters, done by a worker."""
    row = surveys.ask(project, None, Survey.Kind.CLUSTERS, Space(FEATURES), options)
    work_on("survey")
    row.refresh_from_db()
    return row


def test_images_of_one_kind_are_one_cluster(pool):
    row = made(pool, k=3)
    assert (row.state, row.error, row.images) == ("done", "", 60)
    found = clustered.newest(pool)
    assert [len(found.rows(n)) for n in range(3)] == [20, 20, 20]
    assert all(len(np.unique(found.rows(n) % 3)) == 1 for n in range(3))


def test_a_cluster_is_ordered_from_its_centre_out(pool):
    found = clustered.Clustered(made(pool, k=3))
    distance = np.load(surveys.folder(found.survey) / "distance.npy")
    for number in range(3):
        assert (np.diff(distance[found.rows(number)].astype(float)) >= 0).all()


def test_without_a_number_one_is_suggested_and_the_figures_are_told(pool):
    facts = made(pool).facts
    assert facts["k"] == facts["suggested"] == facts["counts"]["by_silhouette"] == 3
    assert len(facts["counts"]["k"]) == len(facts["counts"]["silhouette"])
    assert not facts["chosen"]


def test_images_without_a_vector_are_in_no_cluster(pool):
    shard = Shard.objects.get(project=pool)
    from labeler.training import shards
    from ml import arrays

    table = np.array(shards.load(shard))
    table[[4, 50]] = np.nan
    arrays.write_shard(shards.path(shard), table)
    found = clustered.Clustered(made(pool, k=3))
    assert found.members_of(np.array([4, 50, 60])).tolist() == [-1, -1, -1]
    assert sum(len(found.rows(n)) for n in range(3)) == 58


def test_more_groups_than_images_and_too_few_images(pool, project):
    assert made(pool, k=500).facts["k"] <= 60
    Shard.objects.all().delete()
    row = made(pool, k=2)
    assert row.state == "failed"
    assert "too few images" in row.error


class TestPurity:
    def test_what_was_labeled_one_by_one_is_counted_with_an_interval(self, pool):
        found = clustered.Clustered(made(pool, k=3))
        rows = found.rows(0)
        taught = [row for row in rows.tolist() if row % 10 != 9]
        kind = taught[0] % 3
        answer(pool, taught[:7])
        answer(pool, taught[7:8], label=(kind + 1) % 3)
        first = {each.number: each for each in clustered.listed(pool, found)}[0]
        assert (first.judged, first.purity) == (8, 7 / 8)
        assert first.low < 7 / 8 < first.high
        assert first.label == list(Label.objects.filter(project=pool).order_by("place"))[kind].pk

    def test_labels_given_together_say_nothing_of_it(self, pool):
        found = clustered.Clustered(made(pool, k=3))
        ids = clustered.members(pool, found, 0, 100).open
        label = Label.objects.filter(project=pool).first()
        together.label_together(pool, pool.created_by, ids, [label.pk], uuid.uuid4())
        first = {each.number: each for each in clustered.listed(pool, found)}[0]
        assert (first.unlabeled, first.judged, first.purity) == (0, 0, None)

    def test_few_labels_give_no_figure(self, pool):
        found = clustered.Clustered(made(pool, k=3))
        answer(pool, found.rows(1)[:4].tolist())
        second = {each.number: each for each in clustered.listed(pool, found)}[1]
        assert (second.judged, second.purity) == (4, None)

    def test_what_is_new_is_read_and_what_was_undone_is_gone(self, pool):
        found = clustered.Clustered(made(pool, k=3))
        before = {each.number: each.unlabeled for each in clustered.listed(pool, found)}
        ids = clustered.members(pool, found, 2, 100).open[:5]
        batch, label = uuid.uuid4(), Label.objects.filter(project=pool).first()
        together.label_together(pool, pool.created_by, ids, [label.pk], batch)
        after = {each.number: each.unlabeled for each in clustered.listed(pool, found)}
        assert after[2] == before[2] - 5
        together.undo_together(pool, pool.created_by, batch)
        assert {e.number: e.unlabeled for e in clustered.listed(pool, found)} == before
        Image.objects.filter(pk__in=ids).update(state=Image.State.ASIDE)
        assert {e.number: e.unlabeled for e in clustered.listed(pool, found)}[2] == before[2] - 5


def test_clusters_are_sorted_as_asked(pool):
    found = clustered.Clustered(made(pool, k=3))
    rows = [row for row in found.rows(0).tolist() if row % 10 != 9][:6]
    answer(pool, rows)
    assert clustered.listed(pool, found, "unlabeled")[-1].number == 0
    assert clustered.listed(pool, found, "purity")[-1].number == 0
    assert [each.number for each in clustered.listed(pool, found, "size")] == [0, 1, 2]


def test_audit_images_are_counted_and_not_shown(pool):
    found = clustered.Clustered(made(pool, k=3))
    audit = set(Image.objects.filter(project=pool, audit=True).values_list("pk", flat=True))
    shown, hidden = [], 0
    for number in range(3):
        each = clustered.members(pool, found, number, 100)
        shown += each.open
        hidden += each.audit
    assert hidden == len(audit) == 6
    assert not audit & set(shown)
    for pictures in clustered.montage(pool, found, [0, 1, 2]).values():
        assert not audit & {each["id"] for each in pictures}
