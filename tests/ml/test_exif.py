"""What a camera wrote is read as short plain texts, or not at all."""

import io
import struct

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.TiffImagePlugin import IFDRational

from ml.exif import LONGEST, MOST, read_exif
from ml.images import read_picture


def photo(tags=None, camera=None, gps=None, format="JPEG"):
    """A picture with these tags, of the first directory, of the camera's, of the place's."""
    image = Image.new("RGB", (8, 6), "red")
    exif = image.getexif()
    exif.update(tags or {})
    exif.get_ifd(IFD.Exif).update(camera or {})
    exif.get_ifd(IFD.GPSInfo).update(gps or {})
    out = io.BytesIO()
    image.save(out, format, exif=exif)
    return out.getvalue()


def jpeg_with(payload):
    """A JPEG whose EXIF segment has these bytes."""
    out = io.BytesIO()
    Image.new("RGB", (8, 6)).save(out, "JPEG", exif=b"Exif\0\0" + payload)
    return out.getvalue()


def test_a_tiff_tells_its_maker():
    assert read_exif(photo({Base.Make: "Acme"}, format="TIFF")) == {"Make": "Acme"}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_numbers_are_written_as_on_a_camera(format):
    camera = {
        Base.ExposureTime: IFDRational(1, 250),
        Base.FNumber: IFDRational(28, 10),
        Base.FocalLength: IFDRational(35, 1),
        Base.ExposureBiasValue: IFDRational(-2, 3),
        Base.ISOSpeedRatings: 400,
        Base.DateTimeOriginal: "2024:05:17 10:30:00",
    }
    found = read_exif(photo({Base.Make: "Acme", Base.Orientation: 6}, camera, format=format))
    assert found == {
        "Make": "Acme", "Orientation": "6", "ExposureTime": "1/250 s", "FNumber": "f/2.8",
        "FocalLength": "35 mm", "ExposureBiasValue": "−0.67 EV", "ISOSpeedRatings": "400",
        "DateTimeOriginal": "2024-05-17 10:30:00",
    }  # fmt: skip


def test_where_by_whom_and_with_which_device_is_never_read():
    camera = {
        Base.BodySerialNumber: "SN-4711", Base.CameraOwnerName: "Mika", Base.MakerNote: b"secret",
        Base.LensSerialNumber: "SN-4712", Base.ImageUniqueID: "u-1",
    }  # fmt: skip
    place = {1: "N", 2: (35.0, 41.0, 22.0), 3: "E", 4: (139.0, 41.0, 30.0)}
    tags = {Base.Artist: "Mika", Base.HostComputer: "mika-laptop", Base.Model: "X1"}
    assert read_exif(photo(tags, camera, place)) == {"Model": "X1"}


def test_texts_keep_their_letters():
    camera = {Base.UserComment: b"UNICODE\0" + "葉の裏".encode("utf-16-le")}
    tags = {
        Base.ImageDescription: "feuille séchée".encode(),
        Base.XPTitle: "さび病\0".encode("utf-16-le"),
        Base.Copyright: "© plot 7".encode(),
    }
    found = read_exif(photo(tags, camera))
    assert found["ImageDescription"] == "feuille séchée"
    assert found["XPTitle"] == "さび病"
    assert found["UserComment"] == "葉の裏"
    assert found["Copyright"] == "© plot 7"


def test_markup_stays_text_and_control_characters_go():
    words = '<img src=x onerror="a()">\x1b[2J\r\nnext\u202eline'.encode()
    found = read_exif(photo({Base.ImageDescription: words, Base.Make: b"Acme\0hidden"}))
    assert found["ImageDescription"] == '<img src=x onerror="a()"> [2J nextline'
    assert found["Make"] == "Acme"


def test_a_huge_text_is_cut():
    found = read_exif(photo({Base.ImageDescription: ("é" * 30_000).encode()}))
    assert len(found["ImageDescription"]) == LONGEST
    assert found["ImageDescription"].endswith("…")
    assert set(found["ImageDescription"][:-1]) == {"é"}


def test_numbers_that_are_none_are_left_out():
    camera = {
        Base.ExposureTime: IFDRational(1, 0), Base.FNumber: IFDRational(0, 0),
        Base.MaxApertureValue: IFDRational(4_000_000_000, 1), Base.Gamma: IFDRational(1, 1),
        Base.DateTimeOriginal: "0000:00:00 00:00:00",
    }  # fmt: skip
    assert read_exif(photo({}, camera)) == {}


def entry(tag, kind, count, value):
    return struct.pack("<HHI4s", tag, kind, count, value)


def test_wrong_types_and_thousands_of_tags_are_survived():
    """A text where a number belongs, numbers where a text belongs, and 4,000 unknown tags."""
    known = [
        entry(Base.Orientation, 2, 4, b"up!\0"),
        entry(Base.Make, 3, 2, struct.pack("<HH", 7, 9)),
        entry(Base.Model, 2, 4, b"X1\0\0"),
        entry(Base.Software, 2, 4_000_000_000, b"\xff\xff\xff\xff"),
    ]
    strange = [entry(50_000 + n % 15_000, 3, 1, b"\1\0\0\0") for n in range(4_000)]
    entries = sorted(known + strange)
    data = b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + bytes(4)
    found = read_exif(jpeg_with(data))
    assert len(found) <= MOST
    assert found["Make"] == "7"
    assert found["Model"] == "X1"
    assert all(isinstance(text, str) and 0 < len(text) <= LONGEST for text in found.values())


@pytest.mark.parametrize(
    "payload",
    [b"", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"\0" * 60_000, b"II*\0\x08\0\0\0\xff\xff", b"junk"],
)
def test_broken_metadata_never_spoils_a_picture(payload):
    data = jpeg_with(payload)
    assert read_exif(data) == {}
    assert read_picture(data).width == 8


def test_a_directory_that_leads_to_itself_ends():
    loop = entry(IFD.Exif, 4, 1, struct.pack("<I", 8)) + entry(Base.Model, 2, 4, b"X1\0\0")
    data = b"II*\0" + struct.pack("<IH", 8, 2) + loop + struct.pack("<I", 8)
    assert read_exif(jpeg_with(data)) in ({}, {"Model": "X1"})


def test_what_has_no_metadata_or_is_no_picture_says_nothing():
    assert read_exif(photo()) == {}
    assert read_exif(b"no picture") == {}


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_the_orientation_of_other_metadata_counts_for_nothing(format):
    """Browsers do not heed it either: screen size and original must not differ."""
    words = b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>'
    out = io.BytesIO()
    Image.new("RGB", (8, 6)).save(out, format, xmp=words)
    assert (read_picture(out.getvalue()).width, read_picture(out.getvalue()).height) == (8, 6)
