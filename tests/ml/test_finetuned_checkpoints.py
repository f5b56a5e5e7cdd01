"""Tuning goes on from its checkpoint after whatever stopped it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ml import backbones
from ml.features import finetuned_checkpoint
from tests.ml.striped import LABELS, POOL, fit, tuned
from tests.ml.tiny_network import tiny_network

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setattr(backbones, "torchvision_network", tiny_network)


class Stop(Exception):
    pass


def stopping_after(epochs):
    def report(progress):
        if progress.stage == "learning" and progress.done == epochs:
            raise Stop

    return report


def interrupted(folder, after=1):
    with pytest.raises(Stop):
        fit(tuned(), checkpoint=folder, report=stopping_after(after))


@pytest.mark.parametrize("after", [1, 2, 3])
def test_going_on_ends_where_learning_at_once_ends(tmp_path, after):
    whole = fit(tuned(), seed=4)
    with pytest.raises(Stop):
        fit(tuned(), seed=4, checkpoint=tmp_path, report=stopping_after(after))
    told = []
    again = fit(tuned(), seed=4, checkpoint=tmp_path, report=told.append)
    assert again.fingerprint == whole.fingerprint
    assert again.history == whole.history
    done = [step.done for step in told if step.stage == "learning"]
    assert done == list(range(after + 1, 4))


def test_a_checkpoint_holds_one_state_and_no_code(tmp_path):
    fit(tuned(), checkpoint=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint.json", "epoch-3.npz"]
    arrays = np.load(tmp_path / "epoch-3.npz", allow_pickle=False)
    assert all(arrays[name].dtype.kind in "iuf" for name in arrays.files)


KILLED = """
import os, signal, sys
import numpy as np
from tiny_network import tiny_network
from ml import backbones, features
from ml.features.finetuned import FineTuned
from PIL import Image
backbones.torchvision_network = tiny_network
seen = []
def die(progress):
    if progress.stage == "reading" and progress.total == 48 and progress.done == 32:
        seen.append(1)
        if len(seen) == 4:  # in the third pass; the first time, the first layer was learned
            os.kill(os.getpid(), signal.SIGKILL)
pool = [Image.fromarray(picture) for picture in np.load("pool.npy")]
chosen = FineTuned(features.get("torchvision:tiny,16"), every=True, epochs=3, rate=3e-3)
chosen.fit_labeled(pool, np.arange(60) % 2, n_labels=2, checkpoint="kept", report=die)
"""


def test_a_kill_in_the_middle_of_a_pass_costs_that_pass(tmp_path):
    np.save(tmp_path / "pool.npy", np.stack([np.asarray(picture) for picture in POOL]))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
    command = [sys.executable, "-c", KILLED]
    died = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert json.loads((tmp_path / "kept" / "checkpoint.json").read_text())["epoch"] == 2
    assert fit(tuned(), checkpoint=tmp_path / "kept").fingerprint == fit(tuned()).fingerprint


def cut(folder):
    file = folder / "epoch-2.npz"
    file.write_bytes(file.read_bytes()[:-100])


def flip_a_byte(folder):
    file = folder / "epoch-2.npz"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def lose(folder):
    (folder / "epoch-2.npz").unlink()


def scribble(folder):
    (folder / "checkpoint.json").write_text("[1, 2")


@pytest.mark.parametrize("damage", [cut, flip_a_byte, lose, scribble])
def test_a_damaged_checkpoint_is_started_over(tmp_path, damage, caplog):
    interrupted(tmp_path, after=2)
    damage(tmp_path)
    told = []
    again = fit(tuned(), checkpoint=tmp_path, report=told.append)
    assert [step.done for step in told if step.stage == "learning"] == [1, 2, 3]
    assert again.fingerprint == fit(tuned()).fingerprint
    assert "starting over" in caplog.text


def test_a_checkpoint_of_other_labels_or_another_plan_is_started_over(tmp_path, caplog):
    interrupted(tmp_path)
    tuned().fit_labeled(POOL, 1 - LABELS, n_labels=2, checkpoint=tmp_path)
    assert "other labels" in caplog.text
    caplog.clear()
    interrupted(tmp_path)
    fit(tuned(rate=2e-3), checkpoint=tmp_path)
    assert "other labels or another network" in caplog.text


def test_the_state_before_stays_until_the_next_is_whole(tmp_path, monkeypatch):
    interrupted(tmp_path)

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(finetuned_checkpoint, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        fit(tuned(), checkpoint=tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(backbones, "torchvision_network", tiny_network)
    told = []
    fit(tuned(), checkpoint=tmp_path, report=told.append)
    assert [step.done for step in told if step.stage == "learning"] == [2, 3]
