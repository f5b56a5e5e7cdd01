"""New pictures are sorted by what a real, small model says of them; nothing is overwritten."""

import csv
import hashlib
import json
import os
import uuid
from io import BytesIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from labeler.labeling.models import Annotation
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import embeddings, sorted_folders, versions
from labeler.training.models import ModelVersion
from labeler.training.verdicts import Judge, Rule
from tests.training.invented import run_round, work_on

NAMES = ["healthy", "rust", "mildew"]
BETWEEN = {0: 0.5, 1: 0.5}  # what people call healthy as often as rust


def shining(where, seed, strength=150.0) -> bytes:
    """A noisy picture whose thirds shine as `where` says: (n,) label places, or {place: share}."""
    rng = np.random.default_rng(seed)
    table = rng.uniform(0, 60, (24, 24))
    shares = where if isinstance(where, dict) else dict.fromkeys(where, 1.0)
    for place, share in shares.items():
        table[:, 8 * place : 8 * place + 8] += strength * share
    out = BytesIO()
    Picture.fromarray(table.astype(np.uint8)).convert("RGB").save(out, "PNG")
    return out.getvalue()


def train(project: Project, lessons) -> ModelVersion:
    """A model of real pictures: picture i shines as the first part of lessons[i] says, and people
    gave it the labels of the second."""
    Project.objects.filter(pk=project.pk).update(features="pixels", next_row=len(lessons))
    project.refresh_from_db()
    labels = list(Label.objects.filter(project=project).order_by("place"))
    for row, (shown, given) in enumerate(lessons):
        data = shining(shown, row)
        sha = hashlib.sha256(data).hexdigest()
        storage.save_original(project, sha, data)
        image = Image.objects.create(
            project=project, row=row, sha256=sha, name=f"{row}.png", width=24, height=24,
            format="PNG", bytes=len(data), key=row / 1000, state=Image.State.LABELED,
        )  # fmt: skip
        made = Annotation.objects.create(
            uuid=uuid.uuid4(), project=project, image=image, user=project.created_by,
            source=Annotation.Source.SIMULATED,
        )  # fmt: skip
        made.labels.set(labels[place] for place in given)
    embeddings.find()
    work_on("embedding")
    assert run_round(project).state == "done"
    return versions.serving(project)


@pytest.fixture
def single(project):
    plain = [((row % 3,), (row % 3,)) for row in range(30)]
    train(project, plain + [(BETWEEN, (row % 2,)) for row in range(12)])
    return project


@pytest.fixture
def multi(project):
    Project.objects.filter(pk=project.pk).update(kind=Project.Kind.MULTI)
    shown = [(), (0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)]
    train(project, [(each, each) for each in shown] * 6)
    project.refresh_from_db()
    return project


@pytest.fixture
def inbox(tmp_path):
    """Two pictures of each label, one between two of them, and what is no picture."""
    folder = tmp_path / "inbox"
    (folder / "deeper").mkdir(parents=True)
    for place, name in enumerate(NAMES):
        (folder / f"{name}.png").write_bytes(shining((place,), 100 + place))
        (folder / "deeper" / f"{name}.png").write_bytes(shining((place,), 200 + place))
    (folder / "between.png").write_bytes(shining(BETWEEN, 300))
    (folder / "notes.txt").write_text("not a picture")
    (folder / "cut.png").write_bytes(shining((0,), 1)[:200])
    (folder / ".hidden.png").write_bytes(shining((0,), 2))
    return folder


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def triage(project, inbox, out, *more) -> None:
    call_command("triage", str(project.pk), str(inbox), "--to", str(out), *more)


def files(out) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}


def rows(table) -> dict[str, dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


SORTED = {f"{name}/{name}{more}.png" for name in NAMES for more in ("", "-2")} | {
    "uncertain/between.png",
    "scores.csv",
}


def test_pictures_are_sorted_and_the_originals_stay(single, inbox, out):
    before = {path: path.read_bytes() for path in inbox.rglob("*") if path.is_file()}
    triage(single, inbox, out)
    assert files(out) == SORTED
    assert {path: path.read_bytes() for path in inbox.rglob("*") if path.is_file()} == before
    both = {(out / "rust" / f"rust{more}.png").read_bytes() for more in ("", "-2")}
    assert both == {before[inbox / "rust.png"], before[inbox / "deeper" / "rust.png"]}


def test_the_table_tells_each_score(single, inbox, out):
    triage(single, inbox, out)
    told = rows(out / "scores.csv")
    assert len(told) == 9
    rust = told["rust.png"]
    assert (rust["decision"], rust["label"], rust["model_version"]) == ("accept", "rust", "1")
    assert rust["sorted_to"] in ("rust/rust.png", "rust/rust-2.png")
    for row in told.values():
        if row["decision"] == "unreadable":
            assert row["reason"]
            assert not row["score: rust"]
            continue
        scores = [float(row[f"score: {name}"]) for name in NAMES]
        assert sum(scores) == pytest.approx(1, abs=2e-3)
        margin = float(np.diff(np.sort(scores)[-2:])[0])
        assert (row["decision"] == "ask") == (margin < 0.3)
    assert (told["between.png"]["label"], told["between.png"]["decision"]) == ("", "ask")


def test_unreadable_files_are_named_and_the_rest_goes_on(single, inbox, out, capsys):
    triage(single, inbox, out)
    said = capsys.readouterr()
    assert "notes.txt: " in said.err
    assert "cut.png: " in said.err
    assert "hidden" not in said.err
    assert "Version 1 judged 9 files, copied to" in said.out
    assert [line.split()[:2] for line in said.out.splitlines() if "%" in line] == [
        ["healthy", "2"], ["rust", "2"], ["mildew", "2"],
        ["uncertain", "1"], ["rejected", "0"], ["unreadable", "2"],
    ]  # fmt: skip


def test_json_says_the_same(single, inbox, out, capsys):
    triage(single, inbox, out, "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["model_version"] == 1
    assert said["images"] == 9
    assert said["accepted"] == dict.fromkeys(NAMES, 2)
    assert (said["uncertain"], said["rejected"]) == (1, 0)
    assert [each["file"] for each in said["unreadable"]] == ["cut.png", "notes.txt"]
    assert said["scores"] == str(out / "scores.csv")


def test_thresholds_ask_and_reject(single, inbox, out):
    triage(single, inbox, out, "--margin", "0", "--reject", "0.6", "--accept", "1")
    told = rows(out / "scores.csv")
    for row in told.values():
        best = max((float(row[f"score: {name}"] or 0) for name in NAMES), default=0)
        if row["decision"] != "unreadable":
            assert row["decision"] == ("reject" if best < 0.6 else "ask")
    assert (out / "rejected" / "between.png").exists()
    assert (out / "uncertain" / "rust.png").exists()


def test_a_saved_threshold_is_used(single, inbox, out):
    version = versions.serving(single)
    version.thresholds = {str(version.label_ids[1]): 1.0}
    version.save()
    triage(single, inbox, out)
    told = rows(out / "scores.csv")
    assert (told["rust.png"]["decision"], told["mildew.png"]["decision"]) == ("ask", "accept")


def test_scores_are_those_of_the_pool(single, inbox, tmp_path):
    """A picture of the pool gets the calibrated probabilities that its round stored."""
    from labeler.training import predictions

    version = versions.serving(single)
    file = tmp_path / "seven.png"
    file.write_bytes(shining((7 % 3,), 7))
    (verdict,) = Judge(single, Rule()).verdicts([file])
    stored = predictions.proba(version, [7])[0]
    np.testing.assert_allclose(verdict.scores, stored, atol=2e-3)


# Ways to put -------------------------------------------------------------------------------


def test_links_lead_to_the_originals(single, inbox, out):
    triage(single, inbox, out, "--link")
    assert files(out) == SORTED
    assert (out / "uncertain" / "between.png").readlink() == inbox / "between.png"


def test_moved_pictures_leave_and_what_is_unreadable_stays(single, inbox, out):
    triage(single, inbox, out, "--move")
    assert files(out) == SORTED
    assert files(inbox) == {"notes.txt", "cut.png", ".hidden.png"}


def test_moving_to_another_disk_copies_first(single, inbox, out, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    triage(single, inbox, out, "--move")
    assert files(out) == SORTED
    assert files(inbox) == {"notes.txt", "cut.png", ".hidden.png"}


@pytest.mark.parametrize("how", ["--copy", "--link", "--move"])
def test_nothing_is_overwritten(single, inbox, out, how):
    (out / "rust").mkdir(parents=True)
    (out / "rust" / "rust.png").write_text("mine")
    (out / "rust" / "rust-2.png").symlink_to("nowhere")
    (out / "scores.csv").write_text("mine too")
    triage(single, inbox, out, how)
    assert (out / "rust" / "rust.png").read_text() == "mine"
    assert (out / "scores.csv").read_text() == "mine too"
    assert (out / "rust" / "rust-2.png").is_symlink()
    assert not (out / "rust" / "rust-2.png").exists()
    assert {"rust/rust-3.png", "rust/rust-4.png", "scores-2.csv"} <= files(out)


def test_a_second_run_into_a_folder_below_adds_to_the_first(single, inbox):
    out = inbox / "sorted"
    triage(single, inbox, out)
    triage(single, inbox, out)
    assert {"rust/rust-4.png", "scores-2.csv"} <= files(out)
    assert "rust/rust-5.png" not in files(out)  # what was sorted is not sorted again


def test_labels_become_harmless_folders(single, inbox, out):
    for name, now in (("rust", "../Rejected/"), ("mildew", "uncertain")):
        Label.objects.filter(project=single, name=name).update(name=now)
    Label.objects.filter(project=single, name="healthy").update(name="=1+1")
    triage(single, inbox, out)
    folders = {path.name for path in out.iterdir() if path.is_dir()}
    assert "uncertain" in folders
    assert len(folders) == 4
    assert len(list((out / "uncertain").iterdir())) == 1
    assert not (out.parent / "Rejected").exists()
    (healthy,) = {r["label"] for f, r in rows(out / "scores.csv").items() if f == "healthy.png"}
    assert healthy == "'=1+1"


def test_names_of_any_bytes_are_sorted(single, inbox, out, capsys):
    name = os.fsdecode(b"leaf-\xff\n.png")
    (inbox / name).write_bytes(shining((1,), 400))
    (inbox / ("x" * 251 + ".png")).write_bytes(shining((1,), 401))
    (inbox / "deeper" / ("x" * 251 + ".png")).write_bytes(shining((1,), 402))
    triage(single, inbox, out, "--json")
    assert (out / "rust" / name).exists()
    assert len(list((out / "rust").glob("xxx*"))) == 2
    json.loads(capsys.readouterr().out)


def test_a_picture_that_goes_away_is_told_and_the_rest_goes_on(single, inbox, out):
    judge = Judge(single, Rule())
    taken = []
    with sorted_folders.SortedFolder(out, inbox, judge.names, 1, "copy") as to:
        for verdict in judge.verdicts(sorted_folders.pictures(inbox, but=out)):
            if verdict.file.name == "rust.png":
                verdict.file.unlink()
            taken.append(to.take(verdict).decision)
    assert taken.count("unreadable") == 4
    assert rows(out / "scores.csv")["rust.png"]["reason"] == "It went away meanwhile."


def test_pipes_are_passed_over(single, inbox, out):
    os.mkfifo(inbox / "pipe.png")
    (inbox / "broken.png").symlink_to("nowhere")
    triage(single, inbox, out)
    told = rows(out / "scores.csv")
    assert "pipe.png" not in told
    assert told["broken.png"]["reason"] == "No such file or directory"


# Several labels ----------------------------------------------------------------------------


def test_a_picture_of_two_labels_lies_below_both(multi, tmp_path, out):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "both.png").write_bytes(shining((0, 2), 500))
    (inbox / "none.png").write_bytes(shining((), 501))
    (inbox / "one.png").write_bytes(shining((1,), 502))
    triage(multi, inbox, out, "--move", "--margin", "0.1")
    assert files(out) == {
        "healthy/both.png", "mildew/both.png", "rust/one.png", "rejected/none.png", "scores.csv",
    }  # fmt: skip
    assert files(inbox) == set()
    told = rows(out / "scores.csv")
    assert told["both.png"]["label"] == "healthy|mildew"
    assert told["both.png"]["sorted_to"] == "healthy/both.png|mildew/both.png"
    assert told["none.png"]["label"] == ""


def test_merged_labels_are_one(single, inbox, out):
    into = Label.objects.get(project=single, name="healthy")
    Label.objects.filter(project=single, name="rust").update(merged_into=into, retired=True)
    triage(single, inbox, out)
    assert files(out) == {
        "healthy/healthy.png", "healthy/healthy-2.png", "healthy/rust.png", "healthy/rust-2.png",
        "healthy/between.png", "mildew/mildew.png", "mildew/mildew-2.png", "scores.csv",
    }  # fmt: skip
    assert "score: rust" not in rows(out / "scores.csv")["rust.png"]


# What is refused ---------------------------------------------------------------------------


def refused(project, inbox, out, *more) -> str:
    with pytest.raises(CommandError) as error:
        triage(project, inbox, out, *more)
    return str(error.value)


def test_without_a_model_it_says_what_to_do(project, inbox, out):
    assert "has no model yet" in refused(project, inbox, out)
    assert not out.exists()


def test_what_cannot_be_is_said_before_anything_is_done(single, inbox, out, tmp_path):
    assert "There is no folder" in refused(single, tmp_path / "nowhere", out)
    assert "margin must lie in 0..1" in refused(single, inbox, out, "--margin", "3")
    assert "must not be above" in refused(single, inbox, out, "--accept", "0.2", "--reject", "0.5")
    assert "beside it" in refused(single, inbox, inbox)
    assert "beside it" in refused(single, inbox / "deeper", inbox)
    (tmp_path / "empty").mkdir()
    assert "holds no files" in refused(single, tmp_path / "empty", out)
    assert not out.exists()


def test_a_damaged_model_is_said(single, inbox, out):
    place = versions.folder(versions.serving(single))
    (place / "manifest.json").write_text("{}")
    assert "changed or is damaged" in refused(single, inbox, out)


def test_a_folder_without_any_picture_is_an_error(single, tmp_path, out):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("no picture")
    assert "None of the files" in refused(single, tmp_path / "texts", out)
    assert rows(out / "scores.csv")["a.txt"]["decision"] == "unreadable"


def test_a_place_that_cannot_be_written_is_said(single, inbox, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert "file" in refused(single, inbox, tmp_path / "file" / "below")
