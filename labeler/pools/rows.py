"""The rows of a chunk: images, further names, what comes along, counts, in one transaction."""

from functools import partial

from django.db import transaction

from labeler.pools import audit, folder_labels, names, noting, origins, reports, signals
from labeler.pools.along import Along
from labeler.pools.chunk import Chunk, File
from labeler.pools.models import Image, ImageName, Import, Truth
from labeler.pools.refusing import Refused
from labeler.pools.remote import addresses
from labeler.projects.labels import fold
from labeler.projects.models import Project
from labeler.work import leases


class Vanished(Exception):
    """An image that the pool had a moment ago was taken back: decode its bytes after all."""


def known_images(project: Project, chunk: Chunk) -> dict[str, Image]:
    """Those of the chunk's files that the pool has, by hash."""
    hashes = {file.sha256 for file in chunk.files}
    return {i.sha256: i for i in Image.objects.filter(project=project, sha256__in=hashes)}


class Rows:
    """The rows of one chunk, written with the import's lease held and the project locked."""

    def __init__(self, imp: Import, project: Project, chunk: Chunk) -> None:
        self.imp, self.project, self.chunk = imp, project, chunk
        self.known = known_images(project, chunk)  # again: another import may have added some
        if any(f.sha256 not in self.known and f.sha256 not in chunk.decoded for f in chunk.files):
            raise Vanished
        self.hides_folders = imp.folders == Import.Folders.TRUTH

    def write(self) -> None:
        """Write everything; the counts always add up to the files looked at.

        Raises LeaseLost, ImportFailed.
        """
        self._refuse_contradictions()
        new = self._add_images()
        duplicates = len(self.chunk.files) - len(new)
        self._add_names()
        self._note_twins(new)
        labels = Along(self.imp, self.project, self.chunk, self.known).write()
        origins.note(self.imp, (file.entry for file in self.chunk.files))
        by_code = noting.write(self.imp, [*self.chunk.refused, *self.chunk.notes])
        lost = self.imp.cursor.get("rows_lost", 0) + self.chunk.rows_lost
        at = {"at": list(self.chunk.after), "refused": by_code, "rows_lost": lost}
        leases.renew(
            self.imp,
            added=self.imp.added + len(new),
            duplicates=self.imp.duplicates + duplicates,
            refused=self.imp.refused + len(self.chunk.refused),
            labels_added=self.imp.labels_added + labels,
            cursor=self.imp.cursor | at,
            attempts=0,  # it made progress: a crash from here on is a first one
        )
        if new:
            self._tell(len(new))

    def _refuse_contradictions(self) -> None:
        """The same picture in two class folders has no one label; the later file is refused."""
        if self.imp.folders == Import.Folders.IGNORE or self.project.is_multi:
            return
        first = self._labels_before()
        good = []
        for file in self.chunk.files:
            before = first.setdefault(file.sha256, file.folder)
            if before and file.folder and fold(before) != fold(file.folder):
                self.chunk.refuse(file.entry, _contradiction(before, file.folder))
            else:
                good.append(file)
        self.chunk.files = good

    def _labels_before(self) -> dict[str, str]:
        """What the folders of this import's earlier chunks called the same pictures, by hash."""
        mine = [image for image in self.known.values() if image.came_with_id == self.imp.pk]
        if not self.hides_folders:
            return {image.sha256: folder_labels.folder_name(image.name) for image in mine}
        truths = Truth.objects.filter(image__in=mine).select_related("image", "label")
        return {truth.image.sha256: truth.label.name for truth in truths}

    def _name(self, file: File) -> str:
        """The name as people see it. A folder that is the hidden truth is not part of it."""
        return names.without_folder(file.name) if self.hides_folders else file.name

    def _add_images(self) -> list[Image]:
        fresh: dict[str, Image] = {}
        for file in self.chunk.files:
            if file.sha256 not in self.known and file.sha256 not in fresh:
                row = self.project.next_row + len(fresh)
                fresh[file.sha256] = self._image(file, row)
        made = Image.objects.bulk_create(fresh.values())
        self.project.next_row += len(made)
        self.project.save(update_fields=["next_row"])
        self.known |= fresh
        return made

    def _image(self, file: File, row: int) -> Image:
        picture = self.chunk.decoded[file.sha256]
        key = audit.key_of(self.project, file.sha256)
        return Image(
            project=self.project, row=row, sha256=file.sha256, name=self._name(file),
            width=picture.width, height=picture.height, format=picture.format,
            bytes=len(file.data), exif=picture.exif, key=key, audit=key < self.project.audit_rate,
            came_with=self.imp, address=self._address(file), in_place=file.stays,
        )  # fmt: skip

    def _address(self, file: File) -> str:
        """Where the picture came from, or where it lies and stays."""
        place = file.place if file.stays or "://" in file.place else file.told.address
        place = addresses.shown(place)
        return place if len(place) <= names.LONGEST else ""

    def _add_names(self) -> None:
        others = [
            ImageName(image=self.known[file.sha256], name=self._name(file))
            for file in self.chunk.files
            if self.known[file.sha256].name != self._name(file)
        ]
        ImageName.objects.bulk_create(others, ignore_conflicts=True)

    def _note_twins(self, new: list[Image]) -> None:
        """Remember of each file that was here already which image it equals."""
        fresh = {image.sha256 for image in new}
        twins = []
        for file in self.chunk.files:
            if file.sha256 in fresh:
                fresh.discard(file.sha256)  # this one is the image itself
            else:
                twins.append((names.clean(file.entry.shown), self.known[file.sha256].pk))
        if twins:
            reports.note_twins(self.imp, twins)

    def _tell(self, count: int) -> None:
        """After the commit, tell the floors above; their errors must not stop the import."""
        tell = partial(
            signals.images_added.send_robust, Import, project_id=self.project.pk, count=count
        )
        transaction.on_commit(tell, robust=True)


def _contradiction(before: str, now: str) -> Refused:
    return Refused(
        "label_contradiction",
        f"The same picture came in the folder “{before[:60]}” before; here it is in “{now[:60]}”.",
        "Keep it in one folder, or correct its label in Review.",
    )
