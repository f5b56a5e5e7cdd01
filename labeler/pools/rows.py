"""The rows of a chunk: images, further names, labels, refusals, counts, in one transaction."""

from collections.abc import Iterable, Sequence
from functools import partial

from django.db import transaction

from labeler.pools import audit, folder_labels, names, signals
from labeler.pools.chunk import Chunk, File
from labeler.pools.models import Image, ImageName, Import, Refusal, Truth
from labeler.pools.refusing import Refused
from labeler.projects.labels import fold
from labeler.projects.models import Label, Project
from labeler.work import leases

KEPT_PER_CODE = 500  # refusals of one kind that are listed; the rest is counted


def known_images(project: Project, chunk: Chunk) -> dict[str, Image]:
    """Those of the chunk's files that the pool has, by hash."""
    hashes = {file.sha256 for file in chunk.files}
    return {i.sha256: i for i in Image.objects.filter(project=project, sha256__in=hashes)}


class Rows:
    """The rows of one chunk, written with the import's lease held and the project locked."""

    def __init__(self, imp: Import, project: Project, chunk: Chunk) -> None:
        self.imp, self.project, self.chunk = imp, project, chunk
        self.known = known_images(project, chunk)  # again: another import may have added some
        self.labels: dict[str, Label] = {}
        self.pairs: list[tuple[int, int]] = []
        self.hides_folders = imp.folders == Import.Folders.TRUTH

    def write(self) -> None:
        """Write everything; the counts always add up to the files looked at."""
        self._refuse_contradictions()
        new = self._add_images()
        duplicates = len(self.chunk.files) - len(new)
        self._add_names()
        self._add_labels()
        by_code = _add_refusals(self.imp, self.chunk.refused)
        leases.renew(
            self.imp,
            added=self.imp.added + len(new),
            duplicates=self.imp.duplicates + duplicates,
            refused=self.imp.refused + len(self.chunk.refused),
            labels_added=self.imp.labels_added + len(self.pairs),
            cursor=self.imp.cursor | {"at": list(self.chunk.after), "refused": by_code},
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
            before = first.setdefault(file.sha256, file.label)
            if before and file.label and fold(before) != fold(file.label):
                self.chunk.refuse(file.entry, _contradiction(before, file.label))
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
            bytes=len(file.data), key=key, audit=key < self.project.audit_rate, came_with=self.imp,
        )  # fmt: skip

    def _add_names(self) -> None:
        others = [
            ImageName(image=self.known[file.sha256], name=self._name(file))
            for file in self.chunk.files
            if self.known[file.sha256].name != self._name(file)
        ]
        ImageName.objects.bulk_create(others, ignore_conflicts=True)

    def _add_labels(self) -> None:
        wanted = [file.label for file in self.chunk.files if file.label]
        if not wanted:
            return
        self.labels = folder_labels.ensure(self.project, wanted, in_use=not self.hides_folders)
        meant = dict.fromkeys(
            (self.known[file.sha256], self.labels[fold(file.label)].pk)
            for file in self.chunk.files
            if file.label
        )
        if self.hides_folders:
            _add_truths(self.project, list(meant))
        else:
            self._send_labels(list(meant))

    def _send_labels(self, meant: "list[tuple[Image, int]]") -> None:
        """Labels for images that have no answer yet; an answer given by a person stays."""
        self.pairs = [
            (image.pk, label)
            for image, label in meant
            if image.state == Image.State.OPEN or image.came_with_id == self.imp.pk
        ]
        if self.pairs:
            signals.labels_came.send(
                Import,
                project=self.project,
                pairs=self.pairs,
                user=self.imp.created_by,
                **{"import": self.imp},
            )

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


def _add_truths(project: Project, meant: "Sequence[tuple[Image, int]]") -> None:
    had: set[int] = set()
    if not project.is_multi:  # one image, one truth: the first stays
        images = [image.pk for image, _ in meant]
        had = set(Truth.objects.filter(image__in=images).values_list("image_id", flat=True))
    truths = [Truth(image=image, label_id=label) for image, label in meant if image.pk not in had]
    Truth.objects.bulk_create(truths, ignore_conflicts=True)


def _add_refusals(imp: Import, refused: "Iterable[tuple[str, Refused]]") -> dict[str, int]:
    """List refusals, up to a number of each kind; return how many of each kind there were."""
    seen: dict[str, int] = dict(imp.cursor.get("refused", {}))
    rows = []
    for name, why in refused:
        seen[why.code] = seen.get(why.code, 0) + 1
        if seen[why.code] <= KEPT_PER_CODE:
            rows.append(
                Refusal(
                    of=imp,
                    name=name,
                    code=why.code,
                    reason=why.reason[:400],
                    remedy=why.remedy[:400],
                )
            )
    Refusal.objects.bulk_create(rows)
    return seen


def sum_up_refusals(imp: Import) -> None:
    """Add one line per kind of refusal that was not listed to its end."""
    for code, count in imp.cursor.get("refused", {}).items():
        example = imp.refusals.filter(code=code).first()
        if count > KEPT_PER_CODE and example:
            name = f"… {count - KEPT_PER_CODE:,} more files"
            Refusal.objects.create(
                of=imp, name=name, code=code, reason=example.reason, remedy=example.remedy
            )
