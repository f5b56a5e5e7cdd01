"""Rows that name an address and no file that was sent: the picture is fetched."""

import io

import pytest
from django.urls import reverse

from labeler.pools import imports, reports
from labeler.pools.models import Image
from labeler.projects.stored_words import knows
from tests.pools.conftest import bring, pictures, refusals, work
from tests.pools.manifests.conftest import adds_up, let_go, look, told_of
from tests.pools.manifests.deliveries import text
from tests.pools.remote.conftest import Canary, web

__all__ = ["web"]  # a fixture


@pytest.fixture
def canary():
    """Listens, and counts who comes."""
    found = Canary()
    yield found
    found.socket.close()


def test_pictures_are_fetched_from_the_addresses_of_rows(project, admin, web):
    manifest = text(
        "file,label,split",
        f"{web.url('ok/1.png')},rust,train",
        f"{web.url('ok/2.png?Signature=hush')},mildew,test",
        f"{web.url('gone.png')},rust,",
        f"{web.url('ok/1.png')},rust,train",
        "0.png,healthy,",
    )
    imp = look(project, admin, [("l.csv", manifest), *pictures(1)])
    assert not web.seen, "a look fetches nothing"
    assert (imp.plan["matched"], imp.plan["addresses"], imp.plan["missing"]) == (5, 3, 0)
    let_go(imp)
    host = f"127.0.0.1:{web.port}"
    assert told_of(project) == {
        "0.png": (("healthy",), ""),
        f"{host}/ok/1.png": (("rust",), "train"),
        f"{host}/ok/2.png": (("mildew",), "test"),
    }
    assert refusals(imp) == {f"l.csv, line 4 › {host}/gone.png": "not_found"}
    remedy = imp.refusals.get(code="not_found").remedy
    assert remedy.startswith("Send the picture with the manifest. Or: Look for a slip")
    assert knows(remedy)
    assert (imp.plan["matched"], reports.met(imp)) == (5, 4)
    assert adds_up(imp)
    assert [path for _, path, _ in web.seen].count("/ok/1.png") == 1
    image = Image.objects.get(name=f"{host}/ok/2.png")
    assert image.address == web.url("ok/2.png")
    assert "hush" not in str(list(imp.refusals.values())) + str(Image.objects.values())


def test_what_may_not_be_asked_is_refused_and_the_rest_goes_on(project, admin, canary):
    manifest = text(
        "file,label",
        f"http://127.0.0.1:{canary.port}/1.png,rust",
        f"https://127.0.0.1:{canary.port}/1.png,rust",
        "https://169.254.169.254/latest,rust",
        "0.png,rust",
    )
    imp = bring(project, admin, [("l.csv", manifest), *pictures(1)])
    assert (imp.added, imp.refused) == (1, 3)
    assert (imp.plan["matched"], reports.met(imp)) == (4, 1)
    assert not [row for row in imp.refusals.all() if not knows(row.reason)]
    assert adds_up(imp)
    assert canary.count() == 0


def test_a_later_import_fetches_only_what_is_new(project, admin, web):
    def start(*numbers):
        lines = [f"{web.url(f'ok/{n}.png')},rust" for n in numbers]
        imp = imports.start(project=project, user=admin, source="urls",
                            options={"only_new": True})  # fmt: skip
        imports.stage(imp, "l.csv", io.BytesIO(text("file,label", *lines)))
        imports.seal(imp)
        return work(imp)

    assert start(1, 2).added == 2
    later = start(1, 2, 3)
    assert (later.state, later.added, later.duplicates, later.read) == ("done", 1, 0, 1)


def test_rows_of_what_is_no_picture_had_none(client, project, admin, web):
    """Sent or fetched, damaged or a bucket's that nobody here may open."""
    manifest = text(
        "file,label",
        f"{web.url('gone.png')},rust",
        f"{web.url('gone.png')},mildew",
        "az://leaves/1.png,rust",
        "broken.png,rust",
        "0.png,rust",
    )
    files = [("l.csv", manifest), ("broken.png", b"\x89PNG no picture"), *pictures(1)]
    imp = bring(project, admin, files)
    assert (imp.plan["matched"], imp.added, imp.refused) == (5, 1, 3)
    assert imp.cursor["rows_lost"] == 4
    told = dict(imp.refusals.values_list("name", "remedy"))
    assert told["l.csv, line 4 › leaves/1.png"].startswith("Send the picture with the manifest.")
    assert not told["broken.png"].startswith("Send the picture with the manifest.")
    client.force_login(admin)
    page = client.get(reverse("import_report", args=[project.pk, imp.number])).content.decode()
    assert "1 of 5 rows had a picture." in page
