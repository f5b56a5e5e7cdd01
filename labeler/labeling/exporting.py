"""What a project holds as files, streamed: a million rows take no more memory than a thousand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from labeler.formats import registry
from labeler.formats.record import Record
from labeler.labeling import (
    agreed,
    bundles,
    columns,
    decisions,
    entry_names,
    manifests,
    sorted_bundle,
    tables,
)  # fmt: skip
from labeler.labeling.selection import EVERYTHING, Selection
from labeler.projects.models import Project

PIECE = 1 << 16  # characters sent at once
CSV, JSONL = "text/csv; charset=utf-8", "application/jsonl; charset=utf-8"
PARQUET, ZIP = "application/vnd.apache.parquet", "application/zip"

Rows = Literal["answers", "images", "log"]  # what a row is
Write = Callable[[Project, Selection], Iterator[str] | Iterator[bytes]]


class NotPossible(ValueError):
    """The format cannot hold what is asked of it."""


@dataclass(frozen=True)
class Format:
    """A way to write what a project holds."""

    key: str
    name: "str | Promise"
    hint: "str | Promise"
    type: str
    write: Write | None = None  # None: only with images
    rows: Rows = "images"
    suffix: str = ""  # of the file, where it is not the key; another tool's format
    multi: bool = True  # whether it holds several labels of an image
    packed: Write | None = None  # with images; None: never
    packed_type: str = ZIP

    def file_name(self, project: Project, *, images: bool = False) -> str:
        """A plain name for the download."""
        name = f"{slugify(project.name)[:60] or 'project'}-{project.pk}"
        if images and self.packed_type == ZIP:
            return f"{name}-{self.key}.zip"
        return f"{name}-{self.key}{self.suffix}" if self.suffix else f"{name}.{self.key}"

    @property
    def images(self) -> str:
        """Whether images come along: "never", "may" or "always"."""
        if self.packed is None:
            return "never"
        return "may" if self.write else "always"

    def lines(self, project: Project, chosen: Selection = EVERYTHING) -> Any:
        """The file without images, as it is made."""
        assert self.write is not None
        return self.write(project, chosen)

    def pieces(
        self, project: Project, chosen: Selection = EVERYTHING, *, images: bool = False
    ) -> Iterator[bytes]:
        """The file's bytes. Raises NotPossible, before the first."""
        write = self.packed if images else self.write
        if write is None:
            raise NotPossible(_no_images(self) if images else _only_images(self))
        if project.is_multi and not self.multi:
            words = _now("%(name)s holds only one label per image. Choose another format.")
            raise NotPossible(words % {"name": self.name})
        return _gathered(write(project, chosen))


def _no_images(format: Format) -> str:
    return _now("%(name)s comes without images. Leave them out.") % {"name": format.name}


def _only_images(format: Format) -> str:
    return _now("%(name)s is made of images. Take them along.") % {"name": format.name}


def _gathered(pieces: Iterator[str] | Iterator[bytes]) -> Iterator[bytes]:
    """Many short pieces as fewer: each one sent costs the server a call."""
    waiting: list[str] = []
    size = 0
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        waiting.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    if waiting:
        yield "".join(waiting).encode()


def csv_lines(project: Project, chosen: Selection = EVERYTHING) -> Iterator[str]:
    """A header and a line per answer that stands."""
    return tables.csv_lines(tables.rows(project, chosen), tables.COLUMNS)


def jsonl_lines(project: Project, chosen: Selection = EVERYTHING) -> Iterator[str]:
    """A JSON object per answer that stands."""
    return tables.json_lines(tables.rows(project, chosen))


def images_csv_lines(project: Project, chosen: Selection = EVERYTHING) -> Iterator[str]:
    """A header and a line per image, with what its answers come to."""
    return tables.csv_lines(agreed.rows(project, chosen), agreed.COLUMNS)


def images_jsonl_lines(project: Project, chosen: Selection = EVERYTHING) -> Iterator[str]:
    """A JSON object per image, with what its answers come to."""
    return tables.json_lines(agreed.rows(project, chosen))


def decision_csv_lines(project: Project, chosen: Selection = EVERYTHING) -> Iterator[str]:
    """A header and a line per answer ever given."""
    return tables.csv_lines(decisions.rows(project, chosen), decisions.COLUMNS)


def decision_parquet(project: Project, chosen: Selection = EVERYTHING) -> Iterator[bytes]:
    """The decision log with typed columns."""
    return columns.table(decisions.rows(project, chosen), columns.decisions())


def images_parquet(
    project: Project, chosen: Selection = EVERYTHING, *, images: bool = False
) -> Iterator[bytes]:
    """A row per image with its labels, what the model guesses and, where asked, its bytes."""
    told = (each for each in agreed.told(project, chosen, guesses=True) if each.labels is not None)
    held: dict[str, bytes] = {}

    def with_bytes() -> Iterator[Record]:
        for each, data in bundles.read(told, lambda each, why: None):
            picture = each.picture
            path = entry_names.picture(picture.name, picture.format, picture.row)
            held[path] = data
            yield manifests.record(each, path, guessing=True)

    plain = (manifests.record(each, str(each.picture.name), guessing=True) for each in told)
    yield from columns.images(
        with_bytes() if images else plain, manifests.names(project), multi=project.is_multi,
        picture=(lambda record: held.pop(record.path)) if images else None,
    )  # fmt: skip


def _bundle(key: str) -> Write | None:
    return partial(bundles.pieces, key=key) if key in bundles.LAYOUTS else None


FORMATS = {
    each.key: each
    for each in (
        Format(
            "csv", "CSV",
            _("A table for spreadsheets and scripts. Several labels are joined by a |."),
            CSV, csv_lines, "answers",
        ),
        Format(
            "jsonl", "JSON Lines", _("One JSON object per answer, every name exactly as it is."),
            JSONL, jsonl_lines, "answers",
        ),
        Format(
            "images.csv", _("CSV, one row per image"),
            _("What people agree on about each image, and how many said so."),
            CSV, images_csv_lines,
        ),
        Format(
            "images.jsonl", _("JSON Lines, one object per image"),
            _("The same with every name exactly as it is."), JSONL, images_jsonl_lines,
        ),
        Format(
            "parquet", "Parquet",
            _("A row per image with its label and, if you like, its bytes: pandas, Hugging Face."),
            PARQUET, images_parquet, packed=partial(images_parquet, images=True),
            packed_type=PARQUET,
        ),
        Format(
            "decisions.csv", _("Decision log, CSV"),
            _("Every answer ever given: who, when, what, why it was asked, what was suggested."),
            CSV, decision_csv_lines, "log",
        ),
        Format(
            "decisions.parquet", _("Decision log, Parquet"),
            _("The same with typed columns, for pandas and DuckDB."),
            PARQUET, decision_parquet, "log",
        ),
        *(
            Format(
                m.key, m.title, manifests.HINTS[m.key], f"{m.media_type}; charset=utf-8",
                partial(manifests.lines, m), suffix=m.suffix, multi=m.multi, packed=_bundle(m.key),
            )
            for m in registry.WRITTEN.values()
        ),
        Format(
            "imagefolder", _("Folder tree"),
            _("train/cat/1.jpg: torchvision, Keras, FiftyOne."), ZIP,
            suffix=".zip", multi=False, packed=_bundle("imagefolder"),
        ),
        Format(
            "yolo", _("YOLO classification"), _("The same tree, always with train/: Ultralytics."),
            ZIP, suffix=".zip", multi=False, packed=_bundle("yolo"),
        ),
        Format(
            "sorted", _("Sorted by the model"),
            _("Folders accepted, unknown and rejected, as autolabel sorted the pool."),
            ZIP, suffix=".zip", packed=sorted_bundle.pieces,
        ),
    )
}  # fmt: skip


def formats(project: Project) -> list[Format]:
    """The formats that can hold what the project's people say."""
    return [each for each in FORMATS.values() if each.multi or not project.is_multi]


def count(project: Project, chosen: Selection = EVERYTHING) -> int:
    """How many of people's answers stand."""
    return tables.count(project, chosen)
