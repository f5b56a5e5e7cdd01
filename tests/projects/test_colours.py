"""A user's own colour can always be seen, and keeps its hue."""

import colorsys
import re
from pathlib import Path

import pytest

from labeler.projects.colours import (
    DARK_GROUND,
    LIGHT_GROUND,
    PALETTE,
    contrast,
    for_both_modes,
)

TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"


def hue(colour):
    return colorsys.rgb_to_hls(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))[0]


@pytest.mark.parametrize(
    "colour", ["#ffee00", "#000000", "#ffffff", "#00ff00", "#000080", "#777777"]
)
def test_each_mode_has_three_to_one(colour):
    light, dark = for_both_modes(colour)
    assert contrast(light, LIGHT_GROUND) >= 3
    assert contrast(dark, DARK_GROUND) >= 3


@pytest.mark.parametrize("colour", ["#ffee00", "#00ff00", "#000080", "#ff8800"])
def test_the_hue_stays(colour):
    for moved in for_both_modes(colour):
        assert abs(hue(moved) - hue(colour)) < 0.06


def test_a_colour_that_can_be_seen_stays_as_it_is():
    assert for_both_modes("#4982ed")[0] == "#4982ed"


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_the_palette_is_that_of_the_stylesheet():
    found = re.findall(r"--label-\d+:\s+light-dark\((#[0-9a-f]{6}),", TOKENS.read_text())
    assert tuple(found) == PALETTE


def test_the_stylesheet_names_coloured_labels_only(client, annotator, project):
    rust = project.labels.get(name="rust")
    project.labels.filter(pk=rust.pk).update(colour="#ffee00")
    client.force_login(annotator)
    sheet = client.get(f"/projects/{project.pk}/labels.css")
    assert sheet["Content-Type"].startswith("text/css")
    text = sheet.content.decode()
    assert text.startswith(f".l{rust.pk}{{--c:light-dark(#")
    assert text.count("--c") == 1
    assert client.get("/projects/labels.css").content == sheet.content
