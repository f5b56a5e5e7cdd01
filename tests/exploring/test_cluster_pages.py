"""The pages of clusters and near-duplicates."""

import pytest
from django.urls import reverse

from labeler.exploring import clustered, columns
from labeler.exploring.models import GroupDecision, Survey
from labeler.pools.models import Image
from tests.exploring.test_clusters import made
from tests.exploring.test_decisions import pool as twins  # noqa: F401 - a fixture
from tests.training.invented import FEATURES, answer, fill


@pytest.fixture(autouse=True)
def _fresh_memory():
    columns.forget()


@pytest.fixture
def pool(project, reviewer, client):
    fill(project)
    client.force_login(reviewer)
    return project


def url(project, name="explore_clusters", *more):
    return reverse(name, args=[project.pk, *more])


class TestClusters:
    def test_before_the_first_the_page_offers_to_group(self, pool, client):
        page = client.get(url(pool)).content.decode()
        assert "Group the pool" in page
        assert FEATURES in page

    def test_a_pool_without_vectors_says_so(self, project, reviewer, client):
        client.force_login(reviewer)
        assert "Nothing to group yet" in client.get(url(project)).content.decode()

    def test_asking_begins_a_survey_and_the_page_follows_it(self, pool, client):
        client.post(url(pool, "explore_clusters_make"), {"features": FEATURES, "k": "3"})
        row = Survey.objects.get()
        assert (row.kind, row.options, row.features) == ("clusters", {"k": 3}, FEATURES)
        answer_ = client.get(url(pool, "explore_clusters_live"))
        assert "as soon as a worker is free" in answer_.content.decode()
        assert "HX-Refresh" not in answer_.headers
        Survey.objects.update(state="done")
        assert client.get(url(pool, "explore_clusters_live")).headers["HX-Refresh"] == "true"

    @pytest.mark.parametrize("k", ["1", "1001", "many", "-3"])
    def test_an_impossible_number_is_refused(self, pool, client, k):
        answer_ = client.post(
            url(pool, "explore_clusters_make"), {"features": FEATURES, "k": k}, follow=True
        )
        assert "whole number from 2 to 1,000" in answer_.content.decode()
        assert not Survey.objects.exists()

    def test_unknown_features_are_refused(self, pool, client):
        client.post(url(pool, "explore_clusters_make"), {"features": "pixels"})
        assert not Survey.objects.exists()

    def test_the_list_tells_size_and_purity(self, pool, client):
        made(pool, k=3)
        answer(pool, [0, 3, 6, 12, 15, 18])
        page = client.get(url(pool)).content.decode()
        assert page.count('class="cluster"') == 3
        assert "healthy" in page
        assert "of 6 labeled one by one" in page

    def test_one_cluster_shows_its_open_images(self, pool, client):
        found = clustered.Clustered(made(pool, k=3))
        page = client.get(url(pool), {"cluster": "0"})
        assert page.context["boot"]["open"] == clustered.members(pool, found, 0, 100).open
        assert page.context["audit"] == 2
        there = client.get(url(pool, "explore_cluster", found.survey.pk, 0)).json()
        assert there["open"] == page.context["boot"]["open"]

    @pytest.mark.parametrize("cluster", ["3", "x", "-1", "99999999999999999999"])
    def test_there_is_no_other(self, pool, client, cluster):
        made(pool, k=3)
        assert client.get(url(pool), {"cluster": cluster}).status_code == 404

    def test_the_page_asks_the_database_as_often_for_many_clusters(
        self, pool, client, django_assert_max_num_queries
    ):
        made(pool, k=20)
        with django_assert_max_num_queries(40):
            client.get(url(pool))


class TestDuplicates:
    def test_groups_are_shown_and_decided_about(self, twins, reviewer, client):  # noqa: F811
        client.force_login(reviewer)
        page = client.get(url(twins, "explore_duplicates"), {"level": "3"})
        assert page.content.decode().count("data-twin ") == 2
        group = page.context["groups"][0]
        body = {"ids": group.ids, "verdict": "keep_one", "kept": group.ids[0]}
        told = client.post(
            url(twins, "explore_duplicates_decide"), body, content_type="application/json"
        ).json()
        assert Image.objects.filter(project=twins, state="aside").count() == 2
        page = client.get(url(twins, "explore_duplicates"), {"level": "3"})
        assert page.content.decode().count("data-twin ") == 1
        client.post(
            url(twins, "explore_duplicates_undo"),
            {"decision": told["decision"]},
            content_type="application/json",
        )
        assert not Image.objects.filter(project=twins, state="aside").exists()

    def test_a_bad_verdict_changes_nothing(self, twins, reviewer, client):  # noqa: F811
        client.force_login(reviewer)
        group = list(Image.objects.filter(project=twins).values_list("pk", flat=True)[:2])
        answer_ = client.post(
            url(twins, "explore_duplicates_decide"),
            {"ids": group, "verdict": "burn"},
            content_type="application/json",
        )
        assert answer_.status_code == 422
        assert not GroupDecision.objects.exists()

    def test_asking_compares_by_what_is_there(self, project, reviewer, client):
        client.force_login(reviewer)
        client.post(url(project, "explore_duplicates_make"), {"by": "both"})
        assert Survey.objects.get().features == ""
