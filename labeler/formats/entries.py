"""JSON documents too large to hold: their entries, one at a time."""

from collections.abc import Iterator
from typing import IO, Any

import ijson

from labeler.formats.counted import Counted, check_shape
from labeler.formats.record import BadFile

BROKEN = "The file is no whole JSON document"
SEND_AGAIN = "Export it again from where it came, and import that."
OPENS, CLOSES = ("start_map", "start_array"), ("end_map", "end_array")
TWICE = object()  # stands for an entry that has a key twice: nobody knows which one was meant


def entries(file: IO[bytes], path: str) -> Iterator[Any]:
    """The entries of the array at `path`: "item", or "images.item". Raises BadFile.

    An entry that has a key twice is TWICE.
    """
    key = path.removesuffix("item").removesuffix(".")
    yield from (value for name, value in _children(file, key) if name is None)


def pairs(file: IO[bytes], path: str) -> Iterator[tuple[str, Any]]:
    """The keys and values of the object at `path`, a key of the document, or "". Raises BadFile."""
    yield from ((name, value) for name, value in _children(file, path) if name is not None)


def _children(file: IO[bytes], wanted: str) -> Iterator[tuple[str | None, Any]]:
    """(key, or None in an array, and value) in the document, or in what it has at `wanted`."""
    counted = Counted(file)
    try:
        yield from _below(counted, wanted)
    except (ijson.JSONError, UnicodeError) as error:
        raise BadFile(f"{BROKEN}: {_words(error)}.", SEND_AGAIN) from error
    finally:
        counted.close()


def _words(error: Exception) -> str:
    """The first line of what the parser says, which goes on with bytes of the file."""
    told = error.args[0] if error.args else ""
    words = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    return (words.splitlines() or [""])[0].strip(" .")


def _below(counted: Counted, wanted: str) -> Iterator[tuple[str | None, Any]]:
    base = 2 if wanted else 1  # how deep the children lie
    depth, is_inside, name = 0, False, None
    events = ijson.basic_parse(counted, use_float=True)
    for event, told in events:
        counted.entry_done()
        if event == "map_key":
            name = told if depth <= base else name
        elif depth == base and (is_inside or not wanted) and event not in CLOSES:
            yield name, _value(events, event, told)
        elif event in OPENS:
            is_inside = name == wanted if depth == 1 else is_inside
            name = None if event == "start_array" else name
            depth += 1
            check_shape(depth, 0)
        elif event in CLOSES:
            depth -= 1


def _value(events: Iterator[tuple[str, Any]], event: str, told: Any) -> Any:
    """The value that begins with the event; TWICE where an object in it has a key twice."""
    if event not in OPENS:
        return told
    whole: Any = {} if event == "start_map" else []
    outer: list[Any] = []
    held, key, is_doubled, parts = whole, "", False, 0
    for event, told in events:
        if event == "map_key":
            is_doubled = is_doubled or told in held
            key = told
            continue
        if event in CLOSES:
            if not outer:
                break
            held = outer.pop()
            continue
        new: Any = {} if event == "start_map" else [] if event == "start_array" else told
        if type(held) is dict:
            held[key] = new
        else:
            held.append(new)
        if event in OPENS:
            parts += 1
            check_shape(len(outer), parts)
            outer.append(held)
            held = new
    return TWICE if is_doubled else whole
