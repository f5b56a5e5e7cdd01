"""The perfect annotator labels a scratch copy; what the user has is not touched."""

import json

import pytest
from django.core.management import CommandError, call_command

from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image, Truth
from labeler.projects.models import Label, Project
from labeler.training import scratch, shards, truths, waiting
from labeler.training.models import Round, Shard
from labeler.training.truths import NoTruth
from tests.training.invented import answer, fill, work_on


@pytest.fixture
def known(project):
    """Three hundred embedded images with hidden truth, two of them answered by people."""
    fill(project, n=300)
    labels = list(Label.objects.filter(project=project).order_by("place"))
    Truth.objects.bulk_create(
        Truth(image=image, label=labels[image.row % 3])
        for image in Image.objects.filter(project=project)
    )
    answer(project, [0, 1])
    return project


@pytest.fixture
def here(monkeypatch):
    """Rounds are done in this process: the simulation finds its worker at once."""

    def at_once(asked, watch=None):
        work_on("round")
        asked.refresh_from_db()
        return asked

    monkeypatch.setattr(waiting, "need_workers", lambda *queues: None)
    monkeypatch.setattr(waiting, "for_round", at_once)


def simulate(project, capsys, *options) -> dict:
    call_command("simulate", str(project.pk), "--json", *options)
    return json.loads(capsys.readouterr().out)["strategies"]


def test_strategies_are_compared_from_the_same_unlabeled_pool(known, here, capsys):
    curves = simulate(known, capsys, "--strategy", "margin", "--budget", "60", "--batch", "20")
    assert list(curves) == ["margin", "random"]
    for points in curves.values():
        assert [point["answers"] for point in points] == [20, 40, 60]
        last = points[-1]
        assert last["trained"] < 60  # some answers went to the audit sample
        assert last["answered"]["images"] == 60 - last["trained"]
        assert last["audit"]["images"] == 30
        assert last["pool"]["images"] == 300
        assert last["audit"]["accuracy"] > 0.9
        assert last["pool"]["precision"] > 0.9 < last["pool"]["recall"]


def test_nothing_of_the_user_s_is_touched(known, here, capsys):
    before = (Annotation.objects.count(), QueueItem.objects.count(), Round.objects.count())
    embeddings = shards.path(Shard.objects.get()).read_bytes()
    simulate(known, capsys, "--budget", "20")
    assert (Annotation.objects.count(), QueueItem.objects.count(), Round.objects.count()) == before
    assert Project.objects.count() == 1
    assert shards.path(Shard.objects.get()).read_bytes() == embeddings


def test_the_table_is_side_by_side(known, here, capsys):
    call_command("simulate", known.name, "--budget", "20")
    said = capsys.readouterr().out
    assert "margin" in said
    assert "random" in said
    assert "never trained on" in said


def test_without_workers_it_says_how_to_start_one(known):
    with pytest.raises(CommandError, match="celery -A labeler worker -Q rounds"):
        call_command("simulate", str(known.pk))


def test_a_copy_has_the_same_rows_and_the_same_audit_draw(known):
    twin = scratch.copy(known, "entropy")
    facts = ("row", "sha256", "name", "key", "audit")
    same = [list(Image.objects.filter(project=p).order_by("row").values_list(*facts))
            for p in (known, twin)]  # fmt: skip
    assert same[0] == same[1]
    assert (twin.strategy, twin.audit_seed) == ("entropy", known.audit_seed)
    assert set(Image.objects.filter(project=twin).values_list("state", flat=True)) == {"open"}
    assert scratch.remove_left_over() == 1
    assert Project.objects.get() == known


# Truth from a file -------------------------------------------------------------------------


def test_a_csv_names_images_and_labels(known, tmp_path):
    file = tmp_path / "truth.csv"
    file.write_text("name,label,else\n0.png,Rust,x\nfolder/7.png,healthy,y\nnot here.png,rust,z\n")
    assert truths.from_file(known, file) == {0: frozenset({1}), 7: frozenset({0})}


def test_json_lines_may_hold_lists(known, tmp_path):
    file = tmp_path / "truth.jsonl"
    file.write_text(
        '{"name": "0.png", "label": ["rust", "mildew"]}\n'
        '{"name": "1.png", "label": "rust|healthy"}\n'
    )
    assert truths.from_file(known, file) == {0: frozenset({1, 2}), 1: frozenset({0, 1})}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,label\n0.png,moss\n", "the project has no label 'moss'"),
        ("file,class\n0.png,rust\n", "needs the columns name and label"),
        ("name,label\nnobody.png,rust\n", "No name in truth.csv is the name of an image"),
    ],
)
def test_a_truth_that_does_not_fit_is_said(known, tmp_path, text, said):
    file = tmp_path / "truth.csv"
    file.write_text(text)
    with pytest.raises(NoTruth, match=said):
        truths.from_file(known, file)


def test_a_project_without_hidden_truth_says_what_to_do(project):
    with pytest.raises(CommandError, match="--folders truth"):
        call_command("simulate", str(project.pk))


# Train -------------------------------------------------------------------------------------


def test_train_waits_for_its_model(known, here, capsys):
    answer(known, range(2, 30))
    call_command("train", str(known.pk), "--json")
    said = json.loads(capsys.readouterr().out)
    assert (said["state"], said["model_version"], said["n_labels"]) == ("done", 1, 27)


def test_train_that_fails_says_why_and_exits_with_an_error(known, here, capsys):
    Annotation.objects.all().delete()
    with pytest.raises(SystemExit):
        call_command("train", str(known.pk))
    assert "Label some images, then train." in capsys.readouterr().err
