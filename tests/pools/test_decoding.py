"""Pictures are decoded by children with limits: a hostile one costs a child, not the worker."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image as Picture

from labeler.pools import decoder, decoding
from labeler.pools.decoding import Child, Children, Decoded, DecoderBroken
from labeler.pools.refusing import Refused
from tests.conftest import picture

ROOT = Path(decoder.__file__).parents[2]


@pytest.fixture
def child():
    child = Child()
    yield child
    child.stop()


def encoded(image: Picture.Image, format: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def test_answers_come_in_the_order_asked():
    children = Children(2)
    sizes = [(n + 1, 60 - n) for n in range(40)]
    found = list(children.decode(picture(n, size) for n, size in enumerate(sizes)))
    children.stop()
    assert [(one.width, one.height) for one in found] == sizes


def test_a_small_picture_needs_no_derivatives(child):
    found = child.decode(picture(1, (200, 100)))
    assert (found.thumb, found.screen) == (b"", b"")


def test_a_large_picture_gets_both(child):
    found = child.decode(encoded(Picture.new("RGB", (3000, 1000)), "JPEG"))
    thumb, screen = (Picture.open(io.BytesIO(data)) for data in (found.thumb, found.screen))
    assert (thumb.format, thumb.size) == ("WEBP", (256, 85))
    assert (screen.format, screen.size) == ("JPEG", (1600, 533))
    assert (found.width, found.height) == (3000, 1000)


@pytest.mark.parametrize(
    ("format", "mode"),
    [("TIFF", "RGB"), ("GIF", "P"), ("BMP", "RGB"), ("PNG", "RGBA"), ("PNG", "I;16")],
)
def test_what_a_browser_would_show_otherwise_is_drawn_anew(child, format, mode):
    found = child.decode(encoded(Picture.new(mode, (40, 30)), format))
    assert isinstance(found, Decoded)
    assert found.thumb
    assert found.screen


def test_a_turned_photo_is_shown_upright(child):
    turned = Picture.new("RGB", (40, 20))
    exif = turned.getexif()
    exif[0x0112] = 6
    found = child.decode(encoded(turned, "JPEG", exif=exif))
    assert (found.width, found.height) == (20, 40)
    thumb = Picture.open(io.BytesIO(found.thumb))
    assert thumb.size == (20, 40)
    assert not thumb.getexif()


def test_a_child_that_hangs_is_ended_and_the_next_picture_comes_in(child, monkeypatch):
    monkeypatch.setattr(decoding, "SECONDS", 0.3)
    child.decode(picture(1))
    os.kill(child.process.pid, signal.SIGSTOP)
    found = child.decode(picture(2))
    assert isinstance(found, Refused)
    assert found.code == "too_much_to_decode"
    monkeypatch.undo()
    assert isinstance(child.decode(picture(3)), Decoded)


def test_a_child_that_is_killed_is_replaced(child):
    child.decode(picture(1))
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()
    assert isinstance(child.decode(picture(2)), Decoded)


def test_a_program_that_does_not_start_is_not_blamed_on_the_picture(child, monkeypatch):
    monkeypatch.setattr(decoder, "__file__", "/nowhere/decoder.py")
    with pytest.raises(DecoderBroken, match="does not start"):
        child.decode(picture(1))


def test_memory_is_limited(child, monkeypatch, settings):
    monkeypatch.setattr(decoding, "_BASE", 200 * 2**20)
    monkeypatch.setattr(decoding, "_PER_PIXEL", 0)
    bomb = encoded(Picture.new("RGB", (7000, 7000)), "PNG")
    assert len(bomb) < 500_000
    found = child.decode(bomb)
    assert isinstance(found, Refused)
    assert found.code in ("too_much_memory", "too_much_to_decode")
    assert isinstance(child.decode(picture(2)), Decoded)


def test_the_largest_picture_allowed_fits_into_the_memory_allowed(child, settings):
    settings.MAX_IMAGE_PIXELS = 12_000_000
    for mode, format in (("RGBA", "PNG"), ("F", "TIFF"), ("CMYK", "JPEG")):
        found = child.decode(encoded(Picture.new(mode, (4000, 3000)), format))
        assert isinstance(found, Decoded), (mode, found)


def test_our_own_limit_on_pixels_is_the_one_that_counts(child, settings):
    settings.MAX_IMAGE_PIXELS = 99
    found = child.decode(picture(1, (10, 10)))
    assert isinstance(found, Refused)
    assert found.code == "too_many_pixels"


def test_the_child_is_given_no_secrets(child, monkeypatch):
    monkeypatch.setenv("LABELER_SECRET_KEY", "canary" * 10)
    child.decode(picture(1))
    environment = Path(f"/proc/{child.process.pid}/environ").read_bytes()
    assert b"canary" not in environment
    assert b"PYTHONPATH" in environment


def test_the_child_loads_neither_django_nor_celery():
    program = (
        "import importlib.util as u, sys; s = u.spec_from_file_location('d', sys.argv[1]);"
        "s.loader.exec_module(u.module_from_spec(s));"
        "print([name for name in ('django', 'celery', 'torch') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, decoder.__file__],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
