"""A model version as an archive: the file says what the service says, or there is none."""

import hashlib
import json
import subprocess
import sys
import zipfile
from io import BytesIO, StringIO

import numpy as np
import onnxruntime
import pytest
import torch
from django.core.management import CommandError, call_command

from labeler.pools.models import Image
from labeler.serving.export import making, orders
from labeler.serving.loaded import Loaded
from labeler.training import versions
from labeler.work.tasks import run
from ml.images import open_image
from tests.training.drawn import striped


def export(project, target, *more):
    out = StringIO()
    call_command("export_model", str(project.pk), "--to", str(target), *more, stdout=out)
    return out.getvalue()


@pytest.fixture
def exported(served, tmp_path):
    project, images = served
    export(project, tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        archive.extractall(tmp_path / "out")
    return project, images, tmp_path / "out"


class TestRefusals:
    def test_an_unknown_version_is_not_there(self, served, tmp_path):
        with pytest.raises(CommandError, match="no model version 99"):
            export(served[0], tmp_path / "a.zip", "--version", "99")

    def test_a_project_without_a_model_is_told(self, project, tmp_path):
        with pytest.raises(CommandError, match="no model yet"):
            export(project, tmp_path / "a.zip")

    def test_a_file_that_says_something_else_is_not_written(self, served, tmp_path, monkeypatch):
        real = making.onnx_graph.run
        monkeypatch.setattr(making.onnx_graph, "run", lambda *a: real(*a) + np.float32(2e-4))
        with pytest.raises(CommandError, match="does not say what the model says"):
            export(served[0], tmp_path / "a.zip")
        assert not (tmp_path / "a.zip").exists()

    def test_without_an_image_to_compare_with_nothing_is_written(self, served, tmp_path):
        Image.objects.filter(project=served[0]).delete()
        with pytest.raises(CommandError, match="No image of the pool can be read"):
            export(served[0], tmp_path / "a.zip")
        assert not (tmp_path / "a.zip").exists()


class TestArchive:
    def test_its_checksums_hold(self, exported):
        _, _, out = exported
        lines = (out / "SHA256SUMS").read_text().splitlines()
        told = dict(reversed(line.split("  ")) for line in lines)
        assert set(told) == {"model.onnx", "labels.json", "predict.py", "card.md", "card.html"}
        for name, digest in told.items():
            assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest

    def test_the_model_file_knows_its_labels(self, exported):
        _, _, out = exported
        session = onnxruntime.InferenceSession(str(out / "model.onnx"))
        inside = json.loads(session.get_modelmeta().custom_metadata_map["labeler"])
        beside = json.loads((out / "labels.json").read_text())
        assert beside.pop("checked")["largest"] <= 1e-4
        assert inside == beside
        assert inside["version"] == 1 and inside["kind"] == "single"
        assert inside["preparation"]["size"] == [64, 64]

    def test_the_example_says_what_the_service_says(self, exported, tmp_path):
        project, _, out = exported
        version = versions.serving(project)
        version.project = project
        (tmp_path / "one.png").write_bytes(striped(40))
        (tmp_path / "two.png").write_text("no picture")
        done = subprocess.run(
            [sys.executable, str(out / "predict.py"), tmp_path / "one.png", tmp_path / "two.png"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        one, two = map(json.loads, done.stdout.splitlines())
        loaded = Loaded(version)
        prepared = loaded.fitted(open_image(striped(40)))
        said = loaded.said(loaded.batches.judged([prepared]), version)[0]
        loaded.close()
        assert done.returncode == 1 and "error" in two
        assert one["labels"] == list(said.labels) and one["unknown"] == said.unknown
        assert one["scores"] == pytest.approx(said.scores, abs=1e-4)

    def test_a_torch_program_is_without_pickle(self, served, tmp_path):
        assert "differs by more" in export(served[0], tmp_path / "m.zip", "--format", "torch")
        with zipfile.ZipFile(tmp_path / "m.zip") as archive:
            assert "predict.py" not in archive.namelist()
            archive.extract("model.pt2", tmp_path)
        with zipfile.ZipFile(tmp_path / "model.pt2") as inside:
            assert not [n for n in inside.namelist() if inside.read(n)[:2] == b"\x80\x02"]
        program = torch.export.load(tmp_path / "model.pt2").module()
        assert program(torch.zeros(5, 64, 64, dtype=torch.uint8)).shape[0] == 5


class TestCard:
    def test_it_tells_too_few_and_how_labels_were_chosen(self, exported):
        words = (exported[2] / "card.md").read_text()
        assert "Too few" in words
        assert "drawn at random" in words
        assert "no probability differs" in words

    def test_names_are_no_markup(self, served, tmp_path):
        project, _ = served
        project.name = "<script>alert(1)</script> [x](http://e.org) | *b*"
        project.save()
        export(project, tmp_path / "m.zip")
        with zipfile.ZipFile(tmp_path / "m.zip") as archive:
            html, words = (archive.read(f"card.{kind}").decode() for kind in ("html", "md"))
        assert "<script" not in html and "&lt;script&gt;" in html
        assert "<script" not in words and "http://" not in words
        assert "[x](" not in words and "\\| \\*b\\*" in words


class TestInTheBackground:
    def test_a_worker_makes_it_and_people_fetch_it(self, client, served):
        project, _ = served
        client.force_login(project.created_by)
        at = f"/api/v1/projects/{project.pk}/model-versions/1/export"
        assert client.get(at).status_code == 404
        asked = client.post(at)
        assert (asked.status_code, asked.json()["state"]) == (202, "queued")
        assert client.get(f"{at}/file").json()["code"] == "not_ready"
        page = f"/projects/{project.pk}/models"
        assert "waiting for a worker" in client.get(page).content.decode()
        run(orders.KIND)
        told = client.get(at).json()
        assert (told["state"], told["error"]) == ("done", "")
        assert told["images"] == 30 and told["largest_difference"] <= 1e-4
        for where in (f"{at}/file", f"/projects/{project.pk}/model-exports/1/onnx"):
            data = b"".join(client.get(where).streaming_content)
            assert len(data) == told["bytes"]
            assert "model.onnx" in zipfile.ZipFile(BytesIO(data)).namelist()
        assert "Download" in client.get(page).content.decode()

    def test_a_failure_is_told_and_may_be_tried_again(self, client, served, monkeypatch):
        project, _ = served
        client.force_login(project.created_by)
        form = {"version": "1", "format": "onnx"}
        client.post(f"/projects/{project.pk}/model-exports", form)
        with monkeypatch.context() as patch:
            patch.setattr(making, "TOLERANCE", -1.0)
            run(orders.KIND)
        page = f"/projects/{project.pk}/model-exports"
        assert "does not say what the model says" in client.get(page).content.decode()
        client.post(page, form)
        run(orders.KIND)
        assert "Download" in client.get(page).content.decode()

    @pytest.mark.parametrize(
        "form", [{"version": "1", "format": "exe"}, {"version": "9" * 30, "format": "onnx"}]
    )
    def test_what_is_not_there_is_refused(self, client, served, form):
        client.force_login(served[0].created_by)
        assert client.post(f"/projects/{served[0].pk}/model-exports", form).status_code == 404
