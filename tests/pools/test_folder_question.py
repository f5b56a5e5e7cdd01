"""What the names of folders mean is asked once it is known that no manifest says more."""

import pytest
from django.urls import reverse

from labeler.labeling.models import Annotation
from labeler.pools import imports
from labeler.pools.models import Import, Truth
from labeler.pools.refusing import ImportRefused
from tests.pools.conftest import laid_out, pictures, send, work, zipped
from tests.pools.manifests.deliveries import text

QUESTION = "What do the names of folders mean?"
TREE = [(f"p/{('rust', 'hat')[n % 2]}/{name}", data) for n, (name, data) in enumerate(pictures(4))]


@pytest.fixture
def desk(client, admin):
    """A function that sends the form of an import's look, and lets the worker work."""
    client.force_login(admin)

    def send(imp, do, **fields):
        where = reverse("import_decide", args=[imp.project_id, imp.number])
        assert client.post(where, fields | {"do": do}).status_code == 302
        imp.refresh_from_db()
        return work(imp) if imp.state == "due" else imp

    return send


def review(client, imp):
    where = reverse("import_review", args=[imp.project_id, imp.number])
    return client.get(where).content.decode()


def later(project, admin, files):
    return work(send(project, admin, files, asks=True, folders="later"))


def answers(project):
    return sorted(Annotation.objects.filter(project=project).values_list("labels__name", flat=True))


def test_it_is_asked_after_a_look_inside_an_archive(client, project, admin, desk):
    imp = later(project, admin, [("a.zip", zipped(TREE))])
    assert (imp.state, imp.folders, project.images.count()) == ("waiting", "ignore", 0)
    assert imp.plan["folders"] == ["rust", "hat"]
    asked = review(client, imp)
    assert QUESTION in asked
    assert "“rust”, “hat”" in asked

    desk(imp, "go", folders="labels")  # it says more now, so that one looks first
    assert (imp.state, imp.folders, imp.plan["format"]) == ("waiting", "labels", "tree")
    assert QUESTION in review(client, imp), "one may think again"
    desk(imp, "go", folders="labels")
    assert (imp.state, imp.added) == ("done", 4)
    assert answers(project) == ["hat", "hat", "rust", "rust"]


def test_nothing_and_the_hidden_truth_can_be_meant_too(client, project, admin, desk):
    imp = later(project, admin, TREE)
    desk(imp, "look", folders="labels")
    desk(imp, "look", folders="ignore")
    desk(imp, "go", folders="ignore")
    assert (imp.state, imp.added, answers(project)) == ("done", 4, [])
    other = later(project, admin, [(f"q/{name}", data) for name, data in pictures(2, 10)])
    desk(other, "look", folders="truth")
    desk(other, "go", folders="truth")
    assert (other.state, Truth.objects.count(), answers(project)) == ("done", 2, [])


def test_a_manifest_withdraws_the_question(client, project, admin, desk):
    manifest = text("file,label", *(f"{name},mildew" for name, _ in TREE))
    imp = later(project, admin, [("a.zip", zipped([*TREE, ("p/labels.csv", manifest)]))])
    assert (imp.state, imp.plan["format"]) == ("waiting", "table")
    assert QUESTION not in review(client, imp)
    desk(imp, "go", folders="labels")  # not asked, so not heard
    assert imp.folders == "ignore"
    assert answers(project) == ["mildew"] * 4


def test_without_folders_nothing_is_asked(project, admin):
    imp = later(project, admin, [("a.zip", zipped(pictures(2))), ("README.md", b"# hello")])
    assert (imp.state, imp.added) == ("done", 2)


def test_a_folder_of_the_server_is_looked_at_first(
    client, project, admin, settings, tmp_path, desk
):
    settings.IMPORT_FOLDERS = [tmp_path / "in"]
    folder = laid_out(tmp_path / "in", TREE)
    where = reverse("import", args=[project.pk])
    form = client.get(where, {"from": "storage"}).content.decode()
    assert 'name="folders" value="later"' in form
    client.post(where, {"source": "folder", "path": str(folder), "folders": "later"})
    imp = work(Import.objects.get())
    assert QUESTION in review(client, imp)
    desk(imp, "look", folders="labels")
    desk(imp, "go")
    assert len(answers(project)) == 4


def test_who_is_not_asked_cannot_be_asked_later(project, admin):
    with pytest.raises(ImportRefused) as refused:
        imports.start(project=project, user=admin, source="upload", folders="later")
    assert refused.value.code == "bad_folders"
