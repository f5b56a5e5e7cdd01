"""Several features, heads and strategies at once, and what is written of them."""

import csv
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from ml import features, simulate
from ml.intervals import mean_interval
from ml.simulate import chart, curves, pictures
from ml.simulate.curves import Band, Run
from ml.simulate.replays import points, steps

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def folders(tmp_path):
    """Two labels that differ in colour, pool and test part, and two files that are damaged."""
    rng = np.random.default_rng(0)
    for part, n in (("pool", 12), ("test", 4)):
        for label, channel in (("blue", 2), ("red", 0)):
            folder = tmp_path / part / label / "deeper"
            folder.mkdir(parents=True)
            for number in range(n):
                noise = rng.integers(0, 90, (20, 20, 3)).astype(np.uint8)
                noise[..., channel] += 100
                Image.fromarray(noise).save(folder / f"{number}.png")
    whole = (tmp_path / "pool" / "red" / "deeper" / "0.png").read_bytes()
    (tmp_path / "pool" / "red" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "pool" / "blue" / "notes.txt").write_text("not a picture")
    (tmp_path / "pool" / "blue" / ".hidden").write_text("passed over")
    return tmp_path


def arguments(folders, *more):
    return [
        "--folder", str(folders / "pool"), "--test", str(folders / "test"),
        "--budget", "8", "--start", "4", "--batch", "2", *more,
    ]  # fmt: skip


GRID = (
    "--features", "pixels", "pca-3:pixels", "--heads", "logistic", "nearest_mean",
    "--strategies", "random", "margin", "--seeds", "2",
)  # fmt: skip


def test_a_grid_is_written_as_csv_and_drawn(folders, tmp_path, capsys):
    table, plot = tmp_path / "curves.csv", tmp_path / "curves.svg"
    assert simulate.main(arguments(folders, *GRID, "--csv", str(table), "--plot", str(plot))) == 0
    rows = list(csv.DictReader(table.open()))
    assert len(rows) == 8 * 3
    assert {(r["features"], r["head"], r["strategy"]) for r in rows} == {
        (f, h, s)
        for f in ("pixels", "pca-3:pixels")
        for h in ("logistic", "nearest_mean")
        for s in ("random", "margin")
    }
    assert [r["labels"] for r in rows[:3]] == ["4", "6", "8"]
    for row in rows:
        assert row["seeds"] == "2"
        assert float(row["accuracy_low"]) <= float(row["accuracy"]) <= float(row["accuracy_high"])
    drawing = ET.parse(plot).getroot()
    assert len(drawing.findall(f"{SVG}polyline")) == 8
    assert len(drawing.findall(f"{SVG}polygon")) == 8
    words = {text.text for text in drawing.findall(f"{SVG}text")}
    assert {"labels", "pixels · logistic · margin"} <= words
    assert "24 images, 8 kept apart, 2 labels; 2 files skipped" in capsys.readouterr().out


def test_damaged_files_are_named(folders, capsys):
    simulate.main(arguments(folders, "--features", "pixels", "--seeds", "1"))
    said = capsys.readouterr().err
    assert "cut.png: " in said
    assert "notes.txt: " in said
    assert ".hidden" not in said


def test_one_seed_has_no_interval(folders, tmp_path):
    table = tmp_path / "curves.csv"
    some = ("--features", "pixels", "--seeds", "1", "--csv", str(table))
    simulate.main(arguments(folders, *some, "--plot", str(tmp_path / "curves.svg")))
    assert {row["accuracy_low"] for row in csv.DictReader(table.open())} == {""}
    assert not ET.parse(tmp_path / "curves.svg").getroot().findall(f"{SVG}polygon")


def test_a_set_that_learns_never_sees_the_test_part(folders):
    """The same set fitted on the pool alone gives the same vectors; fitted on all, others."""
    found = pictures.of_folder(folders / "pool", folders / "test")
    data = pictures.embedded(found, "pca-3:pixels")

    def by(sources):
        chosen = features.get("pca-3:pixels")
        chosen.fit(pictures.Walk(sources, chosen.size))
        return chosen.embed(pictures.Walk(found.test, chosen.size))

    np.testing.assert_array_equal(data.test, by(found.pool))
    assert not np.allclose(data.test, by([*found.pool, *found.test]), atol=1e-3)


def test_a_set_that_learns_from_labels_is_refused(monkeypatch):
    class Knowing(type(features.get("pixels"))):
        learns_from_labels = True

    monkeypatch.setitem(features.FEATURES, "knowing", Knowing)
    with pytest.raises(SystemExit, match="learns from labels"):
        simulate.main(["--digits", "--features", "knowing"])


def test_pictures_are_walked_lazily_and_in_their_order():
    sources = [Image.new("RGB", (4, 4), (shade, 0, 0)) for shade in range(200)]
    walk = pictures.Walk(sources, (4, 4))
    for _ in range(2):
        assert [picture.getpixel((0, 0))[0] for picture in walk] == list(range(200))


@pytest.mark.parametrize(
    ("budget", "start", "batch"), [(8, 4, 2), (9, 4, 2), (90, 4, 7), (4, 4, 1)]
)
def test_the_bar_knows_how_many_models_come(budget, start, batch):
    rng = np.random.default_rng(0)
    table = rng.standard_normal((40, 3)).astype(np.float32)
    labels = (table[:, 0] > 0).astype(int)
    data = simulate.Labeled(table, labels, table, labels, ["no", "yes"])
    plan = simulate.Plan(budget, batch, start, "nearest_mean")
    assert len(list(points(data, "random", plan, 0))) == steps(plan, len(table))


# What is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--strategies", "gut_feeling"), "no strategy is called 'gut_feeling'.*margin"),
        (("--features", "smell"), "no feature set is called 'smell'.*pixels"),
        (("--heads", "oracle"), "no head is called 'oracle'.*logistic"),
        (("--budget", "3"), "--start 4 is more than --budget 3"),
        (("--seeds", "0"), "--seeds must be 1 or more"),
        (("--plot", "curves.png"), "name it curves.svg"),
        (("--csv", "/no/such/folder/c.csv"), "There is no folder /no/such/folder"),
    ],
)
def test_what_cannot_be_is_said_at_once(folders, more, said):
    with pytest.raises(SystemExit, match=said):
        simulate.main(arguments(folders, *more))


def test_folders_that_do_not_fit_are_said(folders, tmp_path):
    def refused(*more):
        with pytest.raises(SystemExit) as end:
            simulate.main([*more, "--features", "pixels"])
        return str(end.value)

    assert "look like parts of a data set" in refused("--folder", str(folders))
    one = str(folders / "pool" / "red")
    assert "one per label" in refused("--folder", one)
    (folders / "pool" / "green").mkdir()
    assert "green holds no picture" in refused("--folder", str(folders / "pool"))
    (folders / "pool" / "green").rmdir()
    (folders / "test" / "red").rename(folders / "test" / "rouge")
    said = refused("--folder", str(folders / "pool"), "--test", str(folders / "test"))
    assert "red, rouge is in one of them only" in said


# Intervals and drawing ---------------------------------------------------------------------


def test_the_interval_is_student_s():
    mean, low, high = mean_interval([0.80, 0.84, 0.82, 0.86, 0.78])
    assert mean == pytest.approx(0.82)
    assert high - mean == pytest.approx(mean - low)
    assert high - mean == pytest.approx(2.7764451 * 0.0316227766 / 5**0.5, abs=1e-6)
    assert np.isnan(mean_interval([0.5])[1])
    for bad in ([], [0.5, np.nan]):
        with pytest.raises(ValueError):
            mean_interval(bad)
    with pytest.raises(ValueError):
        mean_interval([0.1, 0.2], confidence=1.0)


def test_the_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(1)
    tries = [mean_interval(rng.normal(3, 2, 4)) for _ in range(2000)]
    assert 0.935 < np.mean([low <= 3 <= high for _, low, high in tries]) < 0.965


def test_bounds_are_shares():
    curve = [simulate.Point(10, share, share) for share in (0.9, 1.0)]
    (band,) = curves.bands([[curve[0]], [curve[1]]])
    assert band.accuracy[1:] == (pytest.approx(0.31469), 1.0)


def band(labels, mean, half):
    return Band(labels, 3, (mean, mean - half, mean + half), (mean, mean, mean))


def test_a_drawing_keeps_everything_on_the_paper_and_escapes_names():
    found = {
        Run("pixels", "logistic", f"<{number}&>"): [
            band(20, 0.5 + number / 50, 0.1), band(300, 0.7 + number / 50, 0.05)
        ]
        for number in range(10)
    }  # fmt: skip
    drawing = ET.fromstring(chart.svg(found, 'a "title" & more'))
    width, height = map(float, drawing.get("viewBox").split()[2:])
    spots = [
        tuple(map(float, pair.split(",")))
        for shape in drawing.iter() if shape.get("points")
        for pair in shape.get("points").split()
    ]  # fmt: skip
    assert len(spots) == 10 * (2 + 4)
    assert all(0 < x < width and 0 < y < height for x, y in spots)
    strokes = {(line.get("stroke"), line.get("stroke-dasharray")) for line in drawing.iter()
               if line.tag == f"{SVG}polyline"}  # fmt: skip
    assert len(strokes) == 10


def test_a_higher_accuracy_lies_higher_and_equal_values_can_be_drawn():
    flat = {Run("pixels", "logistic", "random"): [band(20, 1.0, 0.0)]}
    assert ET.fromstring(chart.svg(flat, "")).find(f"{SVG}circle") is not None
    rising = {Run("pixels", "logistic", "random"): [band(20, 0.5, 0), band(40, 0.9, 0)]}
    line = ET.fromstring(chart.svg(rising, "")).find(f"{SVG}polyline").get("points")
    (x1, y1), (x2, y2) = (map(float, pair.split(",")) for pair in line.split())
    assert x1 < x2
    assert y1 > y2
    with pytest.raises(ValueError):
        chart.svg({}, "")
