"""Images and their labels in one archive, as other tools expect to find them.

The pictures come first, as they are read; what was written is noted on disk, and the manifests
are made of that: an image that cannot be read any more is in no manifest, but in `missing.txt`.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from labeler.formats import label_studio
from labeler.formats.record import Record
from labeler.formats.registry import WRITTEN
from labeler.labeling import agreed, entry_names, manifests, selection
from labeler.labeling.agreed import Told
from labeler.labeling.selection import PEOPLE, Selection
from labeler.labeling.zip_stream import ZipStream
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Project

AT_ONCE = 200  # images fetched from the database together
IN_MEMORY = 1 << 20  # bytes of notes that wait in memory
LIST = "labels.jsonl"  # what is in the archive, where the tool's own files cannot say it
FOLDERS = {"train": "train", "validation": "val", "test": "test", "": "unassigned"}


@dataclass(frozen=True)
class Layout:
    """Where things lie in an archive."""

    key: str = ""  # of formats.registry; blank: the folders say it all
    manifest: str = ""
    pictures: str = ""  # the folder of the pictures
    named_from: str = ""  # the folder that the manifest's paths begin at
    by_split: bool = False  # a folder per split, each with a manifest where there is one
    by_label: bool = False  # a folder per label
    one_split: str = ""  # the folder of all images where none has a split


LAYOUTS = {
    "imagefolder": Layout(by_split=True, by_label=True),
    "yolo": Layout(by_split=True, by_label=True, one_split="train"),
    "huggingface": Layout("huggingface", "metadata.jsonl", by_split=True),
    "huggingface-csv": Layout("huggingface-csv", "metadata.csv", by_split=True),
    "fiftyone": Layout("fiftyone", "labels.json", "data", "data"),
    "cvat": Layout("cvat", "annotations.xml", "images", "images"),
    "label-studio": Layout("label-studio", "tasks.json", "images"),
    "coco": Layout("coco", "annotations.json", "images", "images"),
    "automl": Layout("automl", "labels.csv", "images"),
    "vertex-csv": Layout("vertex-csv", "labels.csv", "images"),
    "vertex": Layout("vertex", "import.jsonl", "images"),
    "sagemaker": Layout("sagemaker", "output.manifest", "images"),
    "doccano": Layout("doccano", "doccano.jsonl", "images"),
}


def pieces(project: Project, chosen: Selection, key: str) -> Iterator[bytes]:
    """The archive, in pieces. Each picture is held while it is read, nothing more."""
    packer = _Packer(project, chosen, LAYOUTS[key])
    try:
        yield from packer.pictures()
        yield from packer.manifests()
        yield from packer.archive.end()
    finally:
        packer.close()


def read(
    found: Iterable[Told], missing: Callable[[Told, str], None]
) -> Iterator[tuple[Told, bytes]]:
    """Each image with its bytes; `missing` is told which could not be read, and why."""
    found = iter(found)
    while some := list(islice(found, AT_ONCE)):
        images = Image.objects.defer("exif").in_bulk([each.picture.pk for each in some])
        for each in some:
            try:
                with storage.open_original(images[each.picture.pk]) as file:
                    data = file.read()
            except KeyError:
                missing(each, "It was removed in the meantime.")
            except OSError as error:
                missing(each, error.strerror or str(error))
            else:
                yield each, data


class _Packer:
    """One archive in the making."""

    def __init__(self, project: Project, chosen: Selection, layout: Layout) -> None:
        self.project, self.chosen, self.layout = project, chosen, layout
        self.archive = ZipStream()
        self.notes, self.listed, self.missing = _notes(), _notes(), _notes()
        self.names = manifests.names(project)
        self.label_folders = entry_names.folders(self.names) if layout.by_label else {}
        found = selection.images(project, chosen)
        self.has_splits = layout.by_split and found.exclude(split="").exists()
        self.guessing = layout.key in manifests.GUESSING
        # Beside a manifest that tells all, a second one would only be asked about on import.
        self.lists = not layout.key or (chosen.by != PEOPLE and not self.guessing)

    def close(self) -> None:
        self.archive.close()
        for notes in (self.notes, self.listed, self.missing):
            notes.close()

    def pictures(self) -> Iterator[bytes]:
        told = agreed.told(self.project, self.chosen, guesses=self.guessing)
        fit = (each for each in told if each.labels is not None)
        for each, data in read(fit, self._miss):
            path = self._place(each)
            yield from self.archive.member(path, data)
            self._note(each, path)

    def _miss(self, each: Told, why: str) -> None:
        self.missing.write(f"{json.dumps(each.picture.name, ensure_ascii=False)}: {why}\n".encode())

    def _place(self, each: Told) -> str:
        picture = each.picture
        own = self.label_folders[each.labels[0]] if self.label_folders and each.labels else ""
        folders = (self._split(picture.split), self.layout.pictures, own)
        name = entry_names.picture(picture.name, picture.format, picture.row)
        return "/".join([*filter(None, folders), name])

    def _split(self, split: str) -> str:
        if not self.layout.by_split:
            return ""
        return FOLDERS[split] if self.has_splits else self.layout.one_split

    def _note(self, each: Told, path: str) -> None:
        picture = each.picture
        record = manifests.record(each, path, guessing=self.guessing)
        self.notes.write(_line(asdict(record)))
        labels = list(each.labels or ())
        by_model = not each.answers
        self.listed.write(
            _line(
                {
                    "file_name": path,
                    "label": labels if self.project.is_multi else labels[0],
                    "split": picture.split or None,
                    "by": each.by,
                    "confidence": each.confidence if by_model else None,
                    "model_version": each.version if by_model else None,
                    "name": picture.name,
                    "sha256": picture.sha256,
                }
            )
        )

    def manifests(self) -> Iterator[bytes]:
        """The tool's own files, our list, and what is missing."""
        if self.layout.manifest:
            for folder in self._manifest_folders():
                yield from self._manifest(folder)
        if self.layout.key == "label-studio":
            config = label_studio.config(self.names, multi=self.project.is_multi)
            yield from self.archive.member("config.xml", config.encode())
        if self.lists:
            yield from self.archive.copied(LIST, self.listed)
        if self.missing.tell():
            yield from self.archive.copied("missing.txt", self.missing)

    def _manifest_folders(self) -> list[str]:
        if not self.has_splits:
            return [self.layout.named_from]
        found = {record.split for record in self._records("")}
        return [FOLDERS[split] for split in FOLDERS if split in found]

    def _manifest(self, folder: str) -> Iterator[bytes]:
        format = WRITTEN[self.layout.key]
        within = folder if self.has_splits else ""
        lines = format.write(self._records(folder), self.names, self.project.is_multi)
        with _notes() as text:
            for line in lines:
                text.write(line.encode())
            path = "/".join(filter(None, [within, self.layout.manifest]))
            yield from self.archive.copied(path, text)

    def _records(self, folder: str) -> Iterator[Record]:
        """What was written below the folder, by paths that begin there."""
        self.notes.seek(0)
        start = f"{folder}/" if folder else ""
        for line in self.notes:
            told = json.loads(line)
            if not told["path"].startswith(start):
                continue
            told["path"] = told["path"].removeprefix(start)
            told["labels"] = None if told["labels"] is None else tuple(told["labels"])
            told["guesses"] = tuple((name, p) for name, p in told["guesses"])
            yield Record(**told)


def _notes() -> IO[bytes]:
    return SpooledTemporaryFile(IN_MEMORY)


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"
