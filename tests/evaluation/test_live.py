"""The dashboard brings itself up to date, and sends only what changed."""

import re

from django.utils import timezone

from labeler.work.models import Worker
from tests.evaluation.pages import page
from tests.evaluation.test_report import RUST, sixty


def digests(response):
    return dict(re.findall(r'data-part="(\w+)" data-digest="(\w+)"', response.content.decode()))


def test_live_sends_only_what_changed(client, bench, reviewer):
    sixty(bench)
    Worker.objects.create(
        name="w", queues="rounds", started_at=timezone.now(), seen_at=timezone.now()
    )
    page(client, reviewer, "dashboard", bench.project)  # measures the version
    known = digests(page(client, reviewer, "dashboard", bench.project))
    assert set(known) == {
        "verdict", "labels", "curve", "rounds", "work", "agreement", "activity", "confusion",
    }  # fmt: skip

    changed = digests(page(client, reviewer, "dashboard_live", bench.project, **known))
    assert set(changed) <= {"work"}  # "seen 1 s ago"

    bench.answer(bench.images(1, audit=False)[0], RUST)
    changed = digests(page(client, reviewer, "dashboard_live", bench.project, **known))
    assert "activity" in changed
    assert "labels" not in changed


def test_live_says_nothing_when_nothing_changed(client, bench, reviewer):
    sixty(bench)
    page(client, reviewer, "dashboard", bench.project)
    known = digests(page(client, reviewer, "dashboard", bench.project))
    response = page(client, reviewer, "dashboard_live", bench.project, **known)
    assert (response.status_code, response.content) == (204, b"")
