"""CVAT for images 1.1: `annotations.xml` with a `tag` per label. Boxes and shapes are passed over.

A dataset manifest, CVAT's list of images in JSON Lines, is read as well.
Sources: CVAT's XML annotation format; CVAT, "Simple command line to prepare dataset manifest".
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from labeler.formats import text
from labeler.formats.counted import Counted, check_shape
from labeler.formats.record import NAMED, BadFile, BadRow, Note, Record


def read(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """The images with their tags; `subset`, theirs or the task's, is the split. Raises BadFile."""
    counted = Counted(file)
    try:
        yield from _images(counted)
    except DefusedXmlException as error:
        raise BadFile("The XML declares entities.", "Export it again from CVAT.") from error
    except BadFile:
        raise
    except (ParseError, ValueError, LookupError) as error:
        raise BadFile(f"The XML is broken: {error}.", "Export it again from CVAT.") from error
    finally:
        counted.close()


def _images(counted: Counted) -> Iterator[Record | BadRow]:
    number = depth = shapes = parts = 0
    split = ""
    root: Any = None
    for event, element in iterparse(counted, events=("start", "end"), forbid_dtd=True):
        if event == "start":
            root = element if root is None else root
            depth, parts = depth + 1, parts + 1
            check_shape(depth, parts)
            continue
        depth -= 1
        if depth > 1:
            continue
        if element.tag == "image":
            number += 1
            shapes += any(child.tag != "tag" for child in element)
            yield _record(number, element, split)
        elif element.tag == "meta":
            split = _named(element.findtext(".//task/subset") or "")
        parts = 0
        root.clear()  # what was read would pile up below it
        counted.entry_done()
    if shapes:
        words = f"{shapes:,} images have boxes or other shapes, which are passed over."
        yield Note(0, words, "Tags of the whole image are read.")


def _record(number: int, image: Any, split: str) -> Record | BadRow:
    path = image.get("name", "")
    if not path:
        return BadRow(number, "The image has no name.", "Name its file there.")
    tags = tuple(dict.fromkeys(tag.get("label", "") for tag in image.findall("tag")))
    labels = tuple(name for name in tags if name) or None
    split = _named(image.get("subset", "")) or split
    width, height = _pixels(image.get("width")), _pixels(image.get("height"))
    return Record(path, labels, split, width=width, height=height, line=number)


def _named(word: str) -> str:
    return NAMED.get(word.strip().casefold(), "")


def read_manifest(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """The images of a dataset manifest, which tells their names and sizes, and no labels."""
    for row in text.json_lines(file):
        if isinstance(row, BadRow):
            yield row
        elif "name" in row[1]:
            yield _listed(*row)
        elif not {"version", "type"} & set(row[1]):
            yield BadRow(row[0], "The line names no image.", "Write its name and extension.")


def _listed(line: int, found: dict[str, Any]) -> Record | BadRow:
    name, ending = found["name"], found.get("extension", "")
    if not isinstance(name, str) or not name or not isinstance(ending, str):
        return BadRow(line, "The line names no image.", "Write its name and extension.")
    sizes = (str(found.get(key, "")) for key in ("width", "height"))
    width, height = (_pixels(size) for size in sizes)
    return Record(name + ending, width=width, height=height, line=line)


def _pixels(told: str | None) -> int:
    return int(told) if told and told.isascii() and told.isdigit() and len(told) < 9 else 0


def write(records: Iterable[Record], labels: Sequence[str]) -> Iterator[str]:
    """The document, with the labels' names in its head, as CVAT asks for them."""
    yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
    yield "  <meta><job><labels>\n"
    for name in labels:
        yield f"    <label><name>{escape(name)}</name><type>tag</type></label>\n"
    yield "  </labels></job></meta>\n"
    for number, record in enumerate(records):
        yield "".join(_image(number, record))
    yield "</annotations>\n"


def _image(number: int, record: Record) -> Iterator[str]:
    subset = f" subset={quoteattr(record.split)}" if record.split else ""
    size = f' width="{record.width}" height="{record.height}"'
    yield f'  <image id="{number}" name={quoteattr(record.path)}{subset}{size}>\n'
    for name in record.labels or ():
        yield f'    <tag label={quoteattr(name)} source="manual"></tag>\n'
    yield "  </image>\n"
