import numpy as np
import pytest
from PIL import Image

from ml import simulate


@pytest.fixture
def folders(tmp_path):
    """Two labels that differ in colour, six pictures each, and one file that is none."""
    for label, colour in (("blue", (20, 20, 200)), ("red", (200, 20, 20))):
        (tmp_path / label).mkdir()
        for number in range(6):
            shade = tuple(min(255, part + 3 * number) for part in colour)
            Image.new("RGB", (20, 20), shade).save(tmp_path / label / f"{number}.png")
    (tmp_path / "red" / "notes.txt").write_text("not a picture")
    return tmp_path


def test_a_folder_is_replayed_and_what_is_no_picture_is_named(folders, capsys):
    arguments = ["--folder", str(folders), "--features", "pixels", "--budget", "8"]
    assert simulate.main([*arguments, "--start", "4", "--batch", "2", "--seeds", "1"]) == 0
    printed = capsys.readouterr()
    assert "9 images, 3 kept apart, 2 labels" in printed.out
    assert "notes.txt" in printed.err
    assert "× 1.000" in printed.out


def test_cold_start_and_margin_beat_random_on_digits():
    data = simulate.digits("pixels")
    plan = simulate.Plan(budget=100, batch=20, start=40)
    mean = {
        name: simulate.mean_curve([simulate.replay(data, name, plan, seed) for seed in range(3)])
        for name in ("random", "cold+margin")
    }
    assert [point.labels for point in mean["random"]] == [40, 60, 80, 100]
    for random, learned in zip(mean["random"], mean["cold+margin"], strict=True):
        assert learned.accuracy > random.accuracy


def test_a_replay_repeats_itself():
    rng = np.random.default_rng(0)
    table = rng.standard_normal((60, 4)).astype(np.float32)
    labels = (table[:, 0] > 0).astype(int)
    data = simulate.Labeled(table, labels, table, labels, ["no", "yes"])
    plan = simulate.Plan(budget=30, batch=10, start=10)
    assert simulate.replay(data, "random", plan, 1) == simulate.replay(data, "random", plan, 1)


@pytest.mark.parametrize(
    "arguments", [["--folder", "/nowhere"], ["--digits", "--strategies", "gut_feeling"]]
)
def test_bad_arguments_end_with_a_message(arguments):
    with pytest.raises(SystemExit) as end:
        simulate.main(arguments)
    assert isinstance(end.value.code, str)
