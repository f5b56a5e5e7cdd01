import io
import json
import tarfile
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ml.images import ImageRefused, open_image, read_picture
from tests.conftest import pack

GRADIENT = np.linspace(0, 255, 60 * 40 * 3).reshape(40, 60, 3).astype(np.uint8)

# What each file of the pack that the manifest calls "bad" or a bomb must be told.
REFUSED = {
    "bad/bmp-lies.bmp": "too_many_pixels",
    "bad/crc.png": "corrupt",
    "bad/eps.jpg": "format",
    "bad/header-only.jpg": "truncated",
    "bad/html.png": "not_an_image",
    "bad/pdf.jpg": "format",
    "bad/text.jpg": "not_an_image",
    "bad/truncated-half.jpg": "truncated",
    "bad/truncated-tail.jpg": "truncated",
    "bad/truncated.gif": "truncated",
    "bad/truncated.png": "truncated",
    "bad/truncated.webp": "corrupt",
    "bad/zero-byte.jpg": "empty",
    "bad/zero-size.png": "corrupt",
    "bombs/header-100000x100000.png": "too_many_pixels",
    "bombs/header-65500x65500.jpg": "too_many_pixels",
    "bombs/pixels-12000x12000-rgb.png": "too_many_pixels",
    "bombs/pixels-20000x20000-1bit.png": "too_many_pixels",
    "bombs/screen-65535.gif": "too_many_pixels",
    "bombs/ztxt-60MB.png": "corrupt",
    "ok/icon.ico": "format",
    "ok/phone.heic": "format",
    "ok/photo.avif": "format",
    "ok/photo.jp2": "format",
}
ACCEPTED_DAMAGE = {"bad/bitrot.jpg", "bombs/2000-frames.gif"}


def saved(image, file_format, **options):
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


@cache
def nasty():
    """The manifest's facts and the bytes of every picture of the nasty pack, by short name."""
    found = {}
    with tarfile.open(pack("nasty")) as tar:
        manifest = json.load(tar.extractfile("nasty/manifest.json"))
        for facts in manifest["files"]:
            folder, _, name = facts["path"].partition("/")
            if folder == "images":
                found[name] = facts, tar.extractfile("nasty/" + facts["path"]).read()
    return found


def test_every_hostile_picture_is_refused_with_its_reason_and_a_remedy():
    for name, code in REFUSED.items():
        with pytest.raises(ImageRefused) as refused:
            open_image(nasty()[name][1])
        assert refused.value.code == code, name
        assert refused.value.reason.endswith("."), name
        assert refused.value.remedy.endswith("."), name


def test_every_sound_picture_opens_upright_in_rgb_at_the_size_the_manifest_says():
    opened = 0
    for name, (facts, data) in nasty().items():
        sound = name.startswith(("ok/", "exif/")) or name in ACCEPTED_DAMAGE
        if not sound or name in REFUSED:
            continue
        picture = read_picture(data)
        assert picture.image.mode == "RGB", name
        assert picture.image.size == (picture.width, picture.height), name
        if "size" in facts:
            assert picture.image.size == tuple(facts["size"]), name
        opened += 1
    assert opened > 40


def test_all_orientations_show_the_same_picture():
    upright = np.asarray(open_image(nasty()["exif/orient-1.jpg"][1]), dtype=float)
    for number in range(2, 9):
        turned = np.asarray(open_image(nasty()[f"exif/orient-{number}.jpg"][1]), dtype=float)
        assert np.abs(turned - upright).mean() < 4, number


def test_metadata_does_not_survive():
    image = open_image(nasty()["exif/gps.jpg"][1])
    assert not image.getexif()
    assert b"Exif" not in saved(image, "JPEG")


def test_a_large_jpeg_is_decoded_small_when_that_is_enough():
    data = nasty()["ok/24megapixel.jpg"][1]
    picture = read_picture(data, at_least=(160, 160))
    assert (picture.width, picture.height) == (6000, 4000)
    assert 160 <= min(picture.image.size) < 1000


def test_a_path_is_as_good_as_bytes(tmp_path):
    path = tmp_path / "photo.txt"
    path.write_bytes(saved(Image.fromarray(GRADIENT), "PNG"))
    np.testing.assert_array_equal(np.asarray(open_image(path)), GRADIENT)
    with pytest.raises(FileNotFoundError):
        open_image(tmp_path / "none.png")


def test_transparency_is_laid_on_white():
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 128))
    opened = open_image(saved(image, "PNG"))
    assert opened.getpixel((0, 0)) == (255, 255, 255)
    assert opened.getpixel((1, 0)) == (255, 127, 127)


def test_a_transparent_colour_of_a_palette_is_laid_on_white():
    image = Image.new("P", (2, 1), 0)
    image.putpalette([0, 0, 0, 10, 20, 30])
    image.putpixel((1, 0), 1)
    opened = open_image(saved(image, "PNG", transparency=0))
    assert [opened.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (10, 20, 30)]


def test_sixteen_bit_grey_is_scaled_not_clipped():
    deep = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    opened = np.asarray(open_image(saved(Image.fromarray(deep), "PNG")))
    np.testing.assert_array_equal(opened[0, :, 0], [0, 1, 128, 255])


@pytest.mark.parametrize(
    "values,expected",
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 255.0], [0, 100, 255]),
        ([-10.0, 0.0, 10.0], [0, 128, 255]),
        ([np.nan, 1.0, 0.0], [0, 255, 0]),
    ],
)
def test_float_grey_is_brought_into_range(values, expected):
    image = Image.fromarray(np.array([values], dtype=np.float32))
    opened = np.asarray(open_image(saved(image, "TIFF")))
    np.testing.assert_array_equal(opened[0, :, 0], expected)


@pytest.mark.parametrize(
    "limits,code",
    [
        ({"max_pixels": 2399}, "too_many_pixels"),
        ({"max_side": 59}, "too_long_side"),
        ({"max_bytes": 100}, "too_many_bytes"),
    ],
)
def test_limits_are_kept_exactly(limits, code, tmp_path):
    data = saved(Image.fromarray(GRADIENT), "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(ImageRefused) as refused:
            open_image(source, **limits)
        assert refused.value.code == code
    open_image(data, max_pixels=2400, max_side=60, max_bytes=len(data))


FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    file_format=st.sampled_from(FORMATS),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=5),
    keep=st.floats(0, 1),
)
def test_a_damaged_file_is_opened_or_refused_and_nothing_else(file_format, flips, keep):
    data = bytearray(saved(Image.fromarray(GRADIENT), file_format))
    for place, value in flips:
        data[min(int(place * len(data)), len(data) - 1)] = value
    try:
        opened = open_image(bytes(data[: int(keep * len(data)) + 1]), max_pixels=100_000)
    except ImageRefused as refused:
        assert refused.reason
        assert refused.remedy
    else:
        assert opened.mode == "RGB"
