"""Imports over the API: files with a manifest, a look first, a decision, the report."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from labeler.labeling.models import Annotation
from labeler.pools import staging
from labeler.pools.models import Image, Import
from tests.conftest import picture
from tests.pools.conftest import laid_out, pictures, work

pytestmark = pytest.mark.django_db
ROWS = b"file,label\na/0.png,rusty\na/1.png,healthy\na/9.png,rust\n"


@pytest.fixture
def api(as_token, admin):
    return as_token(admin)


@pytest.fixture
def where(project):
    return f"/api/v1/projects/{project.pk}/imports"


def post(api, address, body=None):
    return api.post(address, json.dumps(body or {}), content_type="application/json")


def sent(**more):
    names = ["a/0.png", "a/1.png", "labels.csv"]
    data = [picture(0), picture(1), ROWS]
    files = [SimpleUploadedFile(str(n), each) for n, each in enumerate(data)]
    return {"files": files, "paths": names} | more


def answers(project):
    found = Annotation.objects.filter(project=project, current=True)
    return dict(found.values_list("image__name", "labels__name"))


def test_files_with_a_manifest_are_looked_at_decided_and_imported(api, where, project):
    made = api.post(where, sent(dry_run="true", title="plots"))
    assert made.status_code == 202
    work(Import.objects.get())
    told = api.get(f"{where}/1").json()
    assert (told["state"], told["format"], told["manifest"]) == ("waiting", "table", "labels.csv")
    assert (told["plan"]["matched"], told["plan"]["missing"]) == (2, 1)
    (strange,) = [each for each in told["plan"]["labels"] if each["how"] == "new"]
    assert strange["name"] == "rusty"
    rust = project.labels.get(name="rust").pk
    again = post(api, f"{where}/1/decide", {"options": {"labels": {"rusty": rust}}})
    assert again.json()["state"] == "queued"
    work(Import.objects.get())
    assert api.get(f"{where}/1").json()["state"] == "waiting"
    assert not Image.objects.exists()
    assert post(api, f"{where}/1/go").json()["state"] == "queued"
    work(Import.objects.get())
    assert answers(project) == {"a/0.png": "rust", "a/1.png": "healthy"}
    report = json.loads(b"".join(api.get(f"{where}/1/report").streaming_content))
    assert [each["file"] for each in report["refused_files"]] == ["labels.csv, line 4"]


def test_without_a_dry_run_it_goes_by_itself(api, where, project):
    options = json.dumps({"unknown": "leave"})
    assert api.post(where, sent(options=options)).status_code == 202
    work(Import.objects.get())
    assert answers(project) == {"a/1.png": "healthy"}


def test_a_dry_run_of_pictures_waits_as_well(api, where, tmp_path, settings):
    settings.IMPORT_FOLDERS = [tmp_path]
    laid_out(tmp_path / "in", pictures(2))
    assert post(api, where, {"source": str(tmp_path / "in"), "dry_run": True}).status_code == 202
    work(Import.objects.get())
    told = api.get(f"{where}/1").json()
    assert (told["state"], told["plan"]["files"]) == ("waiting", 2)
    post(api, f"{where}/1/go")
    assert work(Import.objects.get()).added == 2
    back = post(api, f"{where}/1/cancel", {"take_back": True})
    assert back.json()["state"] == "queued"
    work(Import.objects.get())
    assert api.get(f"{where}/1").json()["taken_back"] == {"removed": 2, "stayed": 0}


def test_addresses_are_taken_as_a_list(api, where):
    body = {"urls": ["https://example.org/1.jpg", "https://example.org/2.jpg"]}
    assert post(api, where, body).status_code == 202
    imp = Import.objects.get()
    ((_, kept),) = staging.listed(imp.pk)
    assert (imp.source, kept.path.read_text().split()) == ("urls", body["urls"])


@pytest.mark.parametrize(
    "body",
    [
        {"urls": []},
        {"urls": ["https://example.org/1.jpg\nhttps://example.org/2.jpg"]},
        {"urls": ["https://example.org/1.jpg"], "source": "/srv"},
        {"urls": ["https://example.org/1.jpg"], "in_place": True},
        {"urls": ["https://example.org/1.jpg"], "format": "exe"},
        {"urls": ["https://example.org/1.jpg"], "options": {"labels": {"x": True}}},
        {"urls": "https://example.org/1.jpg"},
    ],
)
def test_a_request_that_cannot_be_starts_nothing(api, where, body):
    answer = post(api, where, body)
    assert answer.status_code == 422
    assert set(answer.json()) >= {"detail", "code"}
    assert not Import.objects.exists()


@pytest.mark.parametrize("more", [{"options": "{"}, {"options": "[]"}, {"dry_run": "perhaps"}])
def test_a_form_that_cannot_be_starts_nothing(api, where, more):
    assert api.post(where, sent(**more)).status_code == 422
    assert not Import.objects.exists()


def test_an_import_is_paused_and_goes_on(api, where, project):
    api.post(where, sent())
    assert post(api, f"{where}/1/pause").json()["state"] == "paused"
    assert post(api, f"{where}/1/pause").status_code == 422
    assert post(api, f"{where}/1/go_on").json()["state"] == "queued"
    assert post(api, f"{where}/1/go").status_code == 422, "nobody has looked yet"
    assert work(Import.objects.get()).added == 2


@pytest.mark.parametrize("options", [1, [], {"labels": {"rusty": 99999}}, {"x": 1}])
def test_options_that_are_none_change_nothing(api, where, options):
    api.post(where, sent(dry_run="1"))
    work(Import.objects.get())
    assert post(api, f"{where}/1/decide", {"options": options}).status_code == 422
    assert Import.objects.get().state == "waiting"
