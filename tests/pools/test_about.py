"""The drawer beside the picture: what its file is called, its size, what the camera wrote."""

import io

import pytest
from django.urls import reverse
from PIL import Image as Picture
from PIL.ExifTags import IFD, Base

from labeler.pools.models import Image, ImageName
from tests.conftest import picture
from tests.pools.conftest import bring

pytestmark = pytest.mark.django_db


def photo(orientation=1, format="JPEG", **tags):
    """Forty by twenty pixels: red and green above, blue and black below."""
    image = Picture.new("RGB", (40, 20))
    for color, corner in (("red", (0, 0)), ("lime", (20, 0)), ("blue", (0, 10))):
        image.paste(color, (*corner, corner[0] + 20, corner[1] + 10))
    exif = image.getexif()
    exif[Base.Orientation] = orientation
    exif.update({Base[name]: value for name, value in tags.items()})
    exif.get_ifd(IFD.GPSInfo)[1] = "N"
    out = io.BytesIO()
    image.save(out, format, exif=exif)
    return out.getvalue()


def about(person, image):
    return person.get(reverse("image_about", args=[image.pk]))


@pytest.fixture
def person(client, annotator):
    client.force_login(annotator)
    return client


def test_tells_names_size_and_what_the_camera_wrote(project, admin, person):
    data = photo(6, Make="Acme", Model='<b onclick="x()">X1</b>')
    imp = bring(project, admin, [("plot/a.jpg", data), ("plot/copy of a.jpg", data)])
    assert (imp.added, imp.duplicates) == (1, 1)
    told = about(person, Image.objects.get()).json()
    assert (told["name"], told["names"]) == ("plot/a.jpg", ["plot/copy of a.jpg"])
    assert (told["width"], told["height"], told["format"]) == (20, 40, "JPEG")
    assert told["bytes"] == len(data)
    assert told["exif"] == {"Make": "Acme", "Model": '<b onclick="x()">X1</b>', "Orientation": "6"}
    assert told["original"] is True


def test_says_nothing_of_the_camera_where_the_file_does_not(project, admin, person):
    bring(project, admin, [("a.png", picture(1))])
    assert about(person, Image.objects.get()).json()["exif"] == {}


def test_lists_only_some_of_very_many_names(project, admin, person):
    bring(project, admin, [("a.png", picture(1))])
    image = Image.objects.get()
    ImageName.objects.bulk_create(ImageName(image=image, name=f"{n}.png") for n in range(30))
    told = about(person, image).json()
    assert len(told["names"]) == 20
    assert told["more_names"] is True


@pytest.mark.parametrize(
    ("format", "orientation", "drawn"),
    [
        ("JPEG", 6, True), ("PNG", 6, True), ("WEBP", 1, True), ("WEBP", 3, False),
        ("TIFF", 1, False), ("GIF", 1, False), ("BMP", 1, False),
    ],
)  # fmt: skip
def test_knows_what_a_browser_draws_like_the_screen_size(
    project, admin, person, format, orientation, drawn
):
    plain = format in ("GIF", "BMP")
    data = picture(1, format=format) if plain else photo(orientation, format)
    bring(project, admin, [(f"a.{format.lower()}", data)])
    assert about(person, Image.objects.get()).json()["original"] is drawn


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_is_upright_in_every_size(project, admin, person, format):
    files = [(f"{n}.x", photo(n, format)) for n in range(1, 9)]
    assert bring(project, admin, files).added == 8
    for image in Image.objects.all():
        number = int(image.name[0])
        assert (image.width, image.height) == ((20, 40) if number > 4 else (40, 20))
        upright = corners(Picture.open(io.BytesIO(photo())), number)
        for size in ("thumb", "screen"):
            response = person.get(reverse("image_file", args=[image.pk, size]))
            drawn = Picture.open(io.BytesIO(b"".join(response)))
            assert drawn.size == (image.width, image.height)
            assert corners(drawn) == upright, (format, number, size)


TURNED = {  # what the orientation asks for, told as a mirror and a turn to the left
    1: None, 2: Picture.Transpose.FLIP_LEFT_RIGHT, 3: Picture.Transpose.ROTATE_180,
    4: Picture.Transpose.FLIP_TOP_BOTTOM, 5: Picture.Transpose.TRANSPOSE,
    6: Picture.Transpose.ROTATE_270, 7: Picture.Transpose.TRANSVERSE,
    8: Picture.Transpose.ROTATE_90,
}  # fmt: skip


def corners(image, orientation=1):
    """The four quarters by their strongest colour: R, G, B or - for black."""
    turn = TURNED[orientation]
    plain = (image.transpose(turn) if turn is not None else image).convert("RGB")
    places = [(x * plain.width // 4, y * plain.height // 4) for y in (1, 3) for x in (1, 3)]
    return "".join(strongest(plain.getpixel(place)) for place in places)


def strongest(pixel):
    return "-" if max(pixel) < 128 else "RGB"[pixel.index(max(pixel))]


def test_is_for_those_who_may_label_here(project, admin, client, outsider):
    bring(project, admin, [("a.png", picture(1))])
    image = Image.objects.get()
    assert about(client, image).status_code == 302
    client.force_login(outsider)
    assert about(client, image).status_code == 404
    assert client.get(reverse("image_about", args=[10**18])).status_code == 404
