"""What a label costs: few queries, none of them worded anew, whatever the size of the pool."""

from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from labeler.labeling import queue
from labeler.projects.models import Project


@pytest.fixture
def browser(client, ranked, annotator):
    Project.objects.filter(pk=ranked.pk).update(audit_share=0)
    client.force_login(annotator)
    return client


def claim(browser, project):
    path = reverse("api:claim", args=[project.pk])
    return browser.post(path, {"count": 1}, content_type="application/json").json()["items"][0]


def answer(browser, project, item):
    sent = {"uuid": str(uuid4()), "item": item["item"], "labels": ["rust"], "elapsed_ms": 5}
    path = reverse("api:annotate", args=[project.pk])
    reply = browser.post(path, sent, content_type="application/json")
    assert reply.status_code == 201


def label(browser, project):
    """Claim, look, answer, as the label page does."""
    item = claim(browser, project)
    browser.get(reverse("image_file", args=[item["image"], "screen"]))  # there is no file: 404
    answer(browser, project, item)


def test_a_label_takes_few_queries(browser, ranked):
    label(browser, ranked)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        label(browser, ranked)
    told = "\n".join(query["sql"][:150] for query in asked)
    assert len(asked) <= 40, told


def test_the_words_of_a_label_are_kept(browser, ranked, monkeypatch):
    label(browser, ranked)
    label(browser, ranked)
    worded = []
    as_sql = SQLCompiler.as_sql
    monkeypatch.setattr(
        SQLCompiler,
        "as_sql",
        lambda self, *a, **k: worded.append(self.query) or as_sql(self, *a, **k),
    )
    label(browser, ranked)
    left = [str(query.model.__name__) for query in worded]
    assert left == ["QueueItem"] * len(left), "only the count of a small queue is worded anew"
    assert len(left) <= 1
    assert queue.left(ranked) == 5
