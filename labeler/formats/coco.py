"""COCO with image-level categories: an annotation per image and label, without geometry.

COCO itself has no classes of whole images; this is what tools agree on. Of an annotation with a
box the category is read, as a label of the whole image, and a note says so.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from labeler.formats.entries import entries
from labeler.formats.record import BadFile, BadRow, Note, Record

IN_MEMORY = 8_000_000  # bytes of annotations that wait for the images to be written
Names = tuple[str, ...]


def read(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """The images with the names of their categories, then notes. Raises BadFile."""
    names = {str(each["id"]): str(each["name"]) for each in _whole(file, "categories", "name")}
    given, boxes, unnamed = _given(file, names)
    number = 0
    for number, image in enumerate(entries(file, "images.item"), 1):
        path = image.get("file_name") if isinstance(image, dict) else None
        if not isinstance(path, str) or not path:
            yield BadRow(number, "The image has no file_name.", "Name its file there.")
            continue
        mine = given.pop(str(image.get("id")), None)
        width, height = _pixels(image.get("width")), _pixels(image.get("height"))
        yield Record(path, mine, width=width, height=height, line=number)
    if not number and not _speaks_of_images(file):
        raise BadFile("The file has no images.", "Export it as COCO with its list of images.")
    yield from _notes(boxes, unnamed, len(given))


def _given(file: IO[bytes], names: dict[str, str]) -> tuple[dict[str, Names], int, int]:
    """(names by image's id, annotations with a box, annotations of no known category)."""
    given: dict[str, Names] = {}
    shared: dict[Names, Names] = {}  # one tuple for all images that have the same labels
    boxes = unnamed = 0
    for each in _whole(file, "annotations", "image_id", "category_id"):
        boxes += bool(each.get("bbox") or each.get("segmentation"))
        name = names.get(str(each["category_id"]))
        image = str(each["image_id"])
        if name is None:
            unnamed += 1
        elif name not in given.get(image, ()):
            told = (*given.get(image, ()), name)
            given[image] = shared.setdefault(told, told)
    return given, boxes, unnamed


def _speaks_of_images(file: IO[bytes]) -> bool:
    file.seek(0)
    before = b""
    while piece := file.read(1_000_000):
        if b'"images"' in before + piece:
            return True
        before = piece[-8:]
    return False


def _notes(boxes: int, unnamed: int, lost: int) -> Iterator[Note]:
    if boxes:
        words = f"{boxes:,} annotations have a box or an outline, which is passed over."
        yield Note(0, words, "Their categories are read as labels of the whole image.")
    if unnamed:
        words = f"{unnamed:,} annotations have a category that the file does not list."
        yield Note(0, words, "List it in categories, or leave them out.")
    if lost:
        words = f"Annotations speak of {lost:,} images that the file does not list."
        yield Note(0, words, "List them in images, or leave them out.")


def _whole(file: IO[bytes], array: str, *keys: str) -> Iterator[dict[str, Any]]:
    """The array's objects that have all the keys, with plain values; categories an id too."""
    wanted = (*keys, "id") if array == "categories" else keys
    for each in entries(file, f"{array}.item"):
        if isinstance(each, dict) and all(isinstance(each.get(key), int | str) for key in wanted):
            yield each


def _pixels(value: Any) -> int:
    return value if type(value) is int and 0 < value < 10**9 else 0


def write(records: Iterable[Record], labels: Sequence[str]) -> Iterator[str]:
    """{categories, images, annotations}; an image without an answer has no annotation."""
    number = {name: place for place, name in enumerate(labels, 1)}
    known = [{"id": place, "name": name} for name, place in number.items()]
    yield '{"categories": ' + json.dumps(known, ensure_ascii=False) + ',\n"images": ['
    with SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8") as waiting:
        written = 0
        for image, record in enumerate(records, 1):
            yield ("" if image == 1 else ",") + "\n" + json.dumps(_image(image, record))
            for name in record.labels or ():
                written += 1
                told = {"id": written, "image_id": image, "category_id": number[name]}
                waiting.write(("" if written == 1 else ",") + "\n" + json.dumps(told))
        yield '\n],\n"annotations": ['
        waiting.seek(0)
        yield from waiting
    yield "\n]}\n"


def _image(number: int, record: Record) -> dict[str, Any]:
    size = {"width": record.width, "height": record.height} if record.width else {}
    return {"id": number, "file_name": record.path} | size
