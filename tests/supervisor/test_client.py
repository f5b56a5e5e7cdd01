"""The Python client against a whole installation: import, label, train, predict, export."""

import csv
import json
import subprocess
import sys

import pytest

from labeler.client import Labeler, LabelerError
from tests.supervisor.installation import ROOT, Installation, environment, until
from tests.training.drawn import striped
from tools.notebook import cells, notebook

pytestmark = pytest.mark.slow
LABELS = ["lying", "standing", "leaning"]


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """An installation's address and a token of its owner."""
    there = Installation(tmp_path_factory.mktemp("client"))
    try:
        there.ready()
        command = [sys.executable, "manage.py", "create_token", "owner", "--json"]
        made = subprocess.run(
            command, cwd=ROOT, env=environment(there.data), capture_output=True, check=True
        )
        yield there.address, json.loads(made.stdout)["token"]
    finally:
        there.stop()
        there.clear()


@pytest.fixture(scope="module")
def labeler(there):
    with Labeler(*there) as labeler:
        yield labeler


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for row in range(36):
        (folder / f"{row}.png").write_bytes(striped(row))
    return sorted(folder.iterdir(), key=lambda path: int(path.stem))


@pytest.fixture(scope="module")
def project(labeler, pictures):
    made = labeler.create_project("Stripes", LABELS, features="hog", audit_share=0.0)
    sent = []
    told = made.import_files(pictures[:30], progress=lambda *now: sent.append(now))
    assert (told["added"], told["refused"]) == (30, 0)
    assert [now for now, _ in sent] == sorted(now for now, _ in sent)
    assert sent[-1] == (sum(file.stat().st_size for file in pictures[:30]),) * 2
    return made


def truth(name):
    return LABELS[int(name.removesuffix(".png")) % 3]


def test_from_pictures_to_predictions_and_an_export(labeler, project, pictures, tmp_path):
    for _ in range(18):
        [question] = project.claim()
        project.annotate(question, [truth(question.name)])
    [question] = project.claim()
    assert project.picture(question, "thumb")
    answer = project.annotate(question, ["lying"])
    assert project.undo(answer)["kind"] == "undo"
    assert project.skip(*project.claim())["skip"] == "unsure"
    assert project.release(project.claim(2)) == 2
    assert [label["name"] for label in project.labels()] == LABELS
    assert project.train(wait=120)["state"] == "done"
    assert next(project.versions())["serving"]
    assert next(project.rounds())["state"] == "done"

    said = until(lambda: judged(project, pictures[30:]), 120)
    assert [each.name for each in said] == [f"{n}.png" for n in range(30, 36)]
    assert sum(each.labels == (truth(each.name),) for each in said) >= 4
    assert all(sum(each.scores.values()) == pytest.approx(1, abs=1e-3) for each in said)

    rows = list(csv.DictReader(project.export("csv", tmp_path / "out.csv").open()))
    assert len(rows) >= 18
    assert not (tmp_path / "out.csv.part").exists()
    assert project.metrics()["sample"] == "audit"
    assert len(list(project.images())) == 30


def judged(project, files):
    try:
        return project.predict(files)
    except LabelerError as error:
        if error.code != "no_service":
            raise
        return None


def test_what_cannot_be_judged_says_why(project):
    [said] = until(lambda: judged_images(project, [10**9]), 60)
    assert said.error == "This project has no such image."
    assert said.scores == {}


def judged_images(project, images):
    try:
        return project.predict(images=images)
    except LabelerError as error:
        if error.code not in ("no_service", "no_model"):
            raise
        return None


def test_the_notebook_runs_as_it_is_printed(there, tmp_path, monkeypatch, capsys):
    for row in range(36):
        (tmp_path / f"{LABELS[row % 3]}-{row:02}.png").write_bytes(striped(row))
    for name, value in zip(("LABELER_ADDRESS", "LABELER_TOKEN"), there, strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PICTURES", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/how-to/notebook.md").read_text(encoding="utf-8")
    known = {}
    for cell in cells(page):
        exec(compile(cell, "notebook.md", "exec"), known)
    printed = capsys.readouterr().out
    assert "30 pictures came in" in printed
    assert printed.count(".png ('") == 6
    assert len((tmp_path / "stripes.csv").read_text().splitlines()) > 20


def test_the_notebook_is_that_of_its_page():
    page = ROOT / "docs/how-to/notebook.md"
    told = page.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert told == notebook(page.read_text(encoding="utf-8")), "Run tools/notebook.py."


def test_projects_are_found_by_name(labeler, project):
    assert labeler.project("Stripes").id == project.id
    assert labeler.project(project.id).name == "Stripes"
    with pytest.raises(LookupError, match="Nowhere"):
        labeler.project("Nowhere")


def test_refusals_carry_code_and_remedy(labeler, project):
    with pytest.raises(LabelerError) as refused:
        labeler.ask("GET", "/projects/999999")
    assert (refused.value.status, refused.value.code) == (404, "not_found")
    with pytest.raises(LabelerError) as refused:
        project.export("nonsense", "never.csv")
    assert refused.value.status == 422


def test_it_needs_neither_django_nor_celery_nor_torch():
    gone = (
        "import sys\nfor name in ('django', 'celery', 'torch', 'numpy'): sys.modules[name] = None\n"
    )
    code = f"{gone}import labeler.client; print(labeler.client.Labeler.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "Labeler"
