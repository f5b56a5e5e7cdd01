"""The child process that decodes; `decoding.py` starts it by this file's path.

It reads frames from standard input and answers on standard output; nothing of Django is loaded.
What a hostile file can reach is this process: its memory is capped, its time per picture too.

A frame is a line of JSON with the lengths of the parts that follow, then the parts.
"""

import contextlib
import io
import json
import math
import os
import resource
import sys
from typing import IO, Any

from PIL import Image as Pillow

from ml.exif import read_exif
from ml.images import FORMATS, ImageRefused, Picture, read_picture

THUMB, SCREEN = 256, 1600  # longest side in pixels
SCREEN_BYTES = 1_500_000  # a larger original is not sent to look at
SHOWN = ("JPEG", "PNG", "WEBP")  # what every browser shows
PLAIN_MODES = ("1", "L", "P", "RGB")
SECONDS = 10  # of CPU for one picture

Answer = tuple[dict[str, Any], bytes, bytes]


def look(data: bytes, limits: dict[str, int]) -> Answer:
    """Decode and shrink one picture: facts, thumbnail, screen size.

    A derivative is empty where the original does as well.
    """
    try:
        picture = read_picture(data, **limits)  # type: ignore[arg-type]
        facts = {"width": picture.width, "height": picture.height, "format": _format(picture)}
        facts["exif"] = read_exif(data)
        plain = _is_plain(data, picture)
        thumb = b"" if plain and _fits(picture, THUMB) else _shrunk(picture, THUMB, "WEBP")
        light = plain and len(data) <= SCREEN_BYTES
        screen = b"" if light and _fits(picture, SCREEN) else _shrunk(picture, SCREEN, "JPEG")
    except ImageRefused as refused:
        return _refusal(refused), b"", b""
    except MemoryError:
        return TOO_MUCH_MEMORY, b"", b""
    return facts, thumb, screen


def see(data: bytes, limits: dict[str, int], wish: dict[str, Any]) -> Answer:
    """Decode one picture for a network: facts, RGB rows from the top, a thumbnail.

    wish: "at_least", the (width, height) that is enough, and "thumb", whether one is wanted.
    """
    try:
        picture = read_picture(data, **limits, at_least=tuple(wish["at_least"]))  # type: ignore[arg-type]
        thumb = _shrunk(picture, THUMB, "WEBP") if wish["thumb"] else b""
        facts = {"width": picture.width, "height": picture.height, "format": _format(picture)}
        return facts | {"size": picture.image.size}, picture.image.tobytes(), thumb
    except ImageRefused as refused:
        return _refusal(refused), b"", b""
    except MemoryError:
        return TOO_MUCH_MEMORY, b"", b""


TOO_MUCH_MEMORY = {
    "code": "too_much_memory",
    "reason": "The picture takes too much memory to decode.",
    "remedy": "Save it smaller or as JPEG.",
}


def _refusal(refused: ImageRefused) -> dict[str, Any]:
    if isinstance(refused.__cause__, MemoryError):
        return TOO_MUCH_MEMORY
    return {"code": refused.code, "reason": refused.reason, "remedy": refused.remedy}


def _format(picture: Picture) -> str:
    return "JPEG" if picture.format == "MPO" else picture.format


def _is_plain(data: bytes, picture: Picture) -> bool:
    """Whether a browser shows the original as the model sees it, and it carries no EXIF."""
    if picture.format not in SHOWN or (picture.format == "PNG" and b"eXIf" in data):
        return False
    with Pillow.open(io.BytesIO(data), formats=FORMATS) as image:
        return (
            image.mode in PLAIN_MODES
            and not getattr(image, "is_animated", False)
            and not {"transparency", "exif", "icc_profile", "xmp"} & image.info.keys()
        )


def _fits(picture: Picture, side: int) -> bool:
    return max(picture.width, picture.height) <= side


def _shrunk(picture: Picture, side: int, kind: str) -> bytes:
    image = picture.image
    scale = side / max(image.size)
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Pillow.Resampling.BICUBIC, reducing_gap=2.0)
    out = io.BytesIO()
    if kind == "WEBP":
        image.save(out, "WEBP", quality=80, method=2)
    else:
        image.save(out, "JPEG", quality=88)
    return out.getvalue()


def send(stream: IO[bytes], head: dict[str, Any], *parts: bytes) -> None:
    """Write one frame."""
    line = json.dumps(head | {"parts": [len(part) for part in parts]}).encode() + b"\n"
    stream.write(b"".join((line, *parts)))
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], list[bytes]] | None:
    """Read one frame; None at the end of the stream, or where it breaks off."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    head = json.loads(line)
    parts = [stream.read(length) for length in head.pop("parts")]
    return head, parts


def _limit_memory(limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS does not know this limit
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _limit_time() -> None:
    """Let this process use so many more seconds of CPU before the system ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(used.ru_utime + used.ru_stime) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def serve() -> None:
    """Answer frames until the parent closes the pipe or dies."""
    _limit_memory(int(sys.argv[1]))
    Pillow.preinit()
    commands, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not break a frame
    send(answers, {"ready": True})
    while frame := receive(commands):
        _limit_time()
        limits, (data,) = frame
        wish = limits.pop("wish", None)
        send(answers, *(see(data, limits, wish) if wish else look(data, limits)))


if __name__ == "__main__":
    serve()
