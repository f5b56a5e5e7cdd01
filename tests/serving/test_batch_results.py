"""What comes out of a batch prediction: four forms, a page, the API, the command, the client."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from labeler.client import Labeler, LabelerError
from labeler.formats import google
from labeler.projects import tokens
from labeler.serving import judging, orders, result_formats
from labeler.serving.models import BatchPrediction
from labeler.work import leases
from tests.serving.taught import send, stripes, teach, work
from tests.training.drawn import striped

pytestmark = pytest.mark.django_db


@pytest.fixture
def taught(project):
    teach(project)
    return project


@pytest.fixture
def judged(taught, admin):
    """Two pictures, one with a name that spreadsheets would run, and one that is none."""
    files = [("=cmd|x.png", striped(100)), ("b.png", striped(101)), ("-bad.png", b"no picture")]
    return work(send(taught, admin, files))


def told(batch, key):
    return b"".join(result_formats.FORMATS[key].pieces(batch))


def test_csv_runs_no_formula_and_has_a_column_per_label(judged):
    first, second, bad = csv.DictReader(io.StringIO(told(judged, "csv").decode()))
    assert (first["name"], bad["name"]) == ("'=cmd|x.png", "'-bad.png")
    shares = [float(second[f"p({name})"]) for name in ("healthy", "rust", "mildew")]
    assert sum(shares) == pytest.approx(1, abs=1e-4)
    assert float(second["confidence"]) == max(shares)
    assert (bad["error_code"], bad["label"], bad["p(rust)"]) == ("not_an_image", "", "")
    assert bad["error"]
    assert bad["remedy"]


def test_json_lines_have_the_names_as_they_are(judged):
    rows = [json.loads(line) for line in told(judged, "jsonl").splitlines()]
    assert [row["name"] for row in rows] == ["=cmd|x.png", "b.png", "-bad.png"]
    assert set(rows[2]["error"]) == {"code", "reason", "remedy"}


def test_vertex_lines_are_read_back_as_guesses(judged):
    lines = [json.loads(line) for line in told(judged, "vertex").splitlines()]
    assert lines[0]["instance"] == {"content": "=cmd|x.png", "mimeType": "image/png"}
    prediction = lines[0]["prediction"]
    ids = dict(judged.project.labels.values_list("name", "pk"))
    assert prediction["ids"] == [ids[name] for name in prediction["displayNames"]]
    assert prediction["confidences"] == sorted(prediction["confidences"], reverse=True)
    assert (lines[2]["error"]["code"], "prediction" in lines[2]) == (3, False)
    first = next(google.read_vertex(io.BytesIO(told(judged, "vertex"))))
    assert [name for name, _ in first.guesses] == prediction["displayNames"]


def test_parquet_has_typed_columns(judged):
    table = pq.read_table(io.BytesIO(told(judged, "parquet"))).to_pylist()
    assert [row["error_code"] for row in table] == [None, None, "not_an_image"]
    assert table[0]["labels"] == [table[0]["scores"][0]["label"]]
    assert (table[0]["width"], table[0]["unknown"], table[2]["scores"]) == (48, False, None)


def test_the_page_starts_shows_and_deletes_one(client, taught, admin, reviewer):
    page = f"/projects/{taught.pk}/predictions"
    client.force_login(admin)
    assert client.post(page, {"from": "places", "places": "/etc"}).status_code == 400
    assert client.post(page, {"from": "files"}).status_code == 400
    assert client.post(page, {"from": "pool", "version": "99"}).status_code == 400
    file = SimpleUploadedFile("a.png", striped(100), "image/png")
    sent = client.post(page, {"from": "files", "files": file, "version": "1"})
    assert sent.headers["Location"].endswith("#batch-1")
    assert "hx-get" in client.get(page).content.decode()
    work(BatchPrediction.objects.get())
    client.force_login(reviewer)
    shown = client.get(f"{page}/1").content.decode()
    assert "a.png" in shown
    assert client.get(f"{page}/1/thumb/0").content[:4] == b"RIFF"
    assert client.get(f"{page}/1/thumb/1").status_code == 404
    assert client.post(f"{page}/1/delete").status_code == 403
    client.force_login(admin)
    assert "hx-get" not in client.get(f"{page}/runs").content.decode()
    client.post(f"{page}/1/cancel")  # it is over: a message, no error
    assert client.post(f"{page}/1/delete").status_code == 302
    assert client.get(f"{page}/1").status_code == 404


def test_the_api_from_start_to_end(client, taught, admin):
    address = f"/api/v1/projects/{taught.pk}/batch-predictions"
    client.force_login(admin)
    body = {"content_type": "application/json"}
    for wrong in ({}, {"pool": True, "sources": ["/x"]}, {"pool": 1}, {"sources": "x"}):
        assert client.post(address, wrong, **body).status_code == 422
    refused = client.post(address, {"sources": ["/etc"]}, **body)
    assert (refused.status_code, refused.json()["code"]) == (422, "no_folders")
    gone = client.post(address, {"pool": True, "model_version": 9}, **body)
    assert (gone.status_code, gone.json()["code"]) == (409, "no_model")
    begun = client.post(address, {"pool": True, "title": "all"}, **body)
    assert (begun.status_code, begun.json()["state"]) == (202, "queued")
    work(BatchPrediction.objects.get())
    facts = client.get(f"{address}/1").json()
    assert (facts["state"], facts["judged"], facts["model_version"]) == ("done", 30, 1)
    for form in result_formats.FORMATS:
        answer = client.get(f"{address}/1/results?format={form}")
        assert b"".join(answer.streaming_content)
    assert client.get(f"{address}/1/results?format=xml").status_code == 422
    assert client.post(f"{address}/1/cancel").json()["code"] == "batch_over"
    assert client.post(f"{address}/1/again").json()["code"] == "not_failed"
    assert client.delete(f"{address}/1").status_code == 204
    assert client.get(address).json()["items"] == []


def test_a_failed_one_goes_on_when_tried_again(taught, admin, monkeypatch):
    monkeypatch.setattr("labeler.serving.chunks.FILES", 2)
    batch = send(taught, admin, stripes(4))

    def fails(now):
        raise OSError(28, "No space left on device")

    judging.run(leases.claim(BatchPrediction, batch.pk), watch=fails)
    batch.refresh_from_db()
    assert (batch.state, batch.read, "No space left" in batch.error) == ("failed", 2, True)
    orders.again(batch)
    assert (work(batch).state, batch.read) == ("done", 4)


def test_the_command_writes_a_file_without_any_server(taught, tmp_path, capsys):
    here = tmp_path / "in"
    here.mkdir()
    for name, data in [*stripes(2), ("bad.txt", b"text")]:
        (here / name).write_bytes(data)
    target = tmp_path / "out.csv"
    call_command("predict", "Leaves", str(here), to=str(target), json=True)
    summary = json.loads(capsys.readouterr().out)
    assert (summary["judged"], summary["refused"], summary["state"]) == (2, 1, "done")
    assert len(target.read_text().splitlines()) == 4
    with pytest.raises(SystemExit):
        call_command("predict", "Leaves", str(here / "bad.txt"), to=str(target))
    for wrong in ([str(tmp_path / "gone")], []):
        with pytest.raises(CommandError):
            call_command("predict", "Leaves", *wrong, to=str(target))
    with pytest.raises(CommandError, match="no model version 7"):
        call_command("predict", "Leaves", str(here), to=str(target), number=7)


def test_the_client_waits_and_writes(live_server, taught, admin, tmp_path, monkeypatch):
    secret = tokens.issue(user=admin, name="client")[1]
    (tmp_path / "a.png").write_bytes(striped(100))
    with Labeler(live_server.url, secret) as labeler:
        project = labeler.project(taught.pk)
        original = project._ask

        def asked(method, path, **more):
            answer = original(method, path, **more)
            if method == "POST":
                work(BatchPrediction.objects.get(number=answer["id"]))
            return answer

        monkeypatch.setattr(project, "_ask", asked)
        facts = project.predict_many([tmp_path / "a.png"], to=tmp_path / "o.csv", form="csv")
        assert (facts["judged"], facts["state"]) == (1, "done")
        assert "a.png" in (tmp_path / "o.csv").read_text()
        with pytest.raises(LabelerError, match="no model version"):
            project.predict_many(pool=True, model_version=9)
