"""The pages: who sees what, what they never show, and that looking stays cheap."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from labeler.training.models import Round
from tests.evaluation.conftest import proba_of
from tests.evaluation.pages import page, text_of
from tests.evaluation.test_report import HEALTHY, RUST, sixty

SEEN_BY = [
    ("dashboard", 200, 200),
    ("dashboard_live", 403, 200),
    ("review", 403, 200),
    ("models", 403, 200),
    ("status", 200, 200),
]


@pytest.mark.parametrize(("name", "annotator_gets", "reviewer_gets"), SEEN_BY)
def test_pages_are_for_members_by_role(
    client, project, annotator, reviewer, outsider, name, annotator_gets, reviewer_gets
):
    assert page(client, annotator, name, project).status_code == annotator_gets
    assert page(client, reviewer, name, project).status_code == reviewer_gets
    assert page(client, outsider, name, project).status_code == 404
    client.logout()
    assert client.get(reverse(name, args=[project.pk])).status_code == 302


@pytest.mark.parametrize("name", ["review_answer", "review_undo", "review_threshold", "train_now"])
def test_changing_takes_a_post_and_a_role(client, project, annotator, outsider, name):
    client.force_login(annotator)
    url = reverse(name, args=[project.pk])
    assert client.get(url).status_code == 405
    assert client.post(url).status_code == 403
    client.force_login(outsider)
    assert client.post(url).status_code == 404


def test_only_admins_train(client, project, reviewer, admin):
    url = reverse("train_now", args=[project.pk])
    client.force_login(reviewer)
    assert client.post(url).status_code == 403
    assert "Train now" not in text_of(page(client, reviewer, "models", project))

    client.force_login(admin)
    assert "Train now" in text_of(page(client, admin, "models", project))
    response = client.post(url, {"from": "models"}, follow=True)
    assert "Round 1 is on its way." in response.content.decode()
    assert Round.objects.get().reason == Round.Reason.ASKED
    client.post(url)
    assert Round.objects.count() == 1


@pytest.mark.parametrize("name", ["dashboard", "models", "review"])
def test_queries_do_not_grow_with_the_project(client, bench, reviewer, name):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost():
        for _ in range(6):  # until every version is measured
            page(client, reviewer, name, bench.project)
        with CaptureQueriesContext(connection) as queries:
            assert page(client, reviewer, name, bench.project).status_code == 200
        return len(queries)

    images, _ = sixty(bench)
    bench.version(images, proba_of([HEALTHY] * 60, 3), n_labels=150)
    small = cost()
    for n_labels in (200, 300, 400):
        bench.version(images, proba_of([HEALTHY] * 60, 3), n_labels=n_labels)
    for image in bench.images(40, audit=False):
        bench.answer(image, RUST)
    page(client, reviewer, name, bench.project)
    assert cost() == small


def test_a_failed_round_shows_its_reason(client, bench, reviewer):
    Round.objects.create(
        project=bench.project, number=1, reason="labels", state="failed",
        error="The head did not converge.", finished_at=timezone.now(),
    )  # fmt: skip
    bench.images(1)
    for name in ("dashboard", "models"):
        words = text_of(page(client, reviewer, name, bench.project))
        assert "The head did not converge. The old queue stays in use." in words


def test_a_running_round_is_the_marked_row(client, bench, reviewer):
    Round.objects.create(
        project=bench.project, number=14, reason="labels", state="running", phase="scoring",
        done=62, total=100, started_at=timezone.now(),
    )  # fmt: skip
    html = page(client, reviewer, "models", bench.project).content.decode()
    assert '<tr aria-current="true"><td class="num">14</td><td>running now</td>' in html


def test_hostile_names_stay_text(client, bench, reviewer):
    label = bench.labels[RUST]
    label.name = "<script>alert(1)</script>\"'</script>"
    label.save()
    images, _ = sixty(bench)
    images[30].name = "</script><img src=x onerror=alert(1)>"
    images[30].save()
    for name in ("dashboard", "review", "models"):
        html = page(client, reviewer, name, bench.project).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html


def test_no_page_has_inline_styles_or_scripts(client, bench, admin):
    sixty(bench)
    for name in ("dashboard", "review", "models"):
        html = page(client, admin, name, bench.project).content.decode()
        assert not re.search(r'\sstyle="|\son\w+="', html)
        scripts = re.findall(r"<script([^>]*)>", html)
        assert all("src=" in s or 'type="application/json"' in s for s in scripts)
