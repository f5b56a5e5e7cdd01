"""What comes along with the pictures of a chunk: labels, splits, guesses."""

from collections.abc import Iterator
from dataclasses import dataclass

from labeler.pools import signals
from labeler.pools.chunk import Chunk, File
from labeler.pools.manifests.meanings import Meanings
from labeler.pools.manifests.options import Options
from labeler.pools.models import Guess, Image, Import, Truth
from labeler.pools.refusing import Refused
from labeler.projects.models import Project

Keys = frozenset[int | str]  # labels by number, such as would be new by their folded name


@dataclass
class Kept:
    """What the receivers of labels_came kept of the answers that were sent up."""

    stored: int = 0  # labels
    refused: frozenset[int] = frozenset()  # images whose other answer stays


class Along:
    """Writes it for the files of one chunk, with the project locked. `images` are by hash."""

    def __init__(
        self, imp: Import, project: Project, chunk: Chunk, images: dict[str, Image]
    ) -> None:
        self.imp, self.project, self.chunk, self.images = imp, project, chunk, images
        self.options = Options.stored(imp.options)
        self.hidden = imp.folders == Import.Folders.TRUTH
        self.meanings = Meanings(project, self.options)

    def write(self) -> int:
        """Write everything; how many labels became answers. Raises ImportFailed."""
        self._write_splits()
        answers = self._answers()
        told = [name for file in self.chunk.files for name in self._names(file)]
        self.meanings.ensure(told, user=self.imp.created_by, in_use=not self.hidden)
        self._write_guesses()
        numbered = {sha256: self._numbers(keys) for sha256, keys in answers.items()}
        if self.hidden:
            self._write_truths(numbered)
            return 0
        return self._send(numbered)

    def _names(self, file: File) -> Iterator[str]:
        """The labels that the file's answers and guesses name."""
        for names in file.told.answers:
            yield from names
        if self.options.guesses:
            yield from (name for name, _ in file.told.guesses)

    def _write_splits(self) -> None:
        """A split that an image already has stays: it may have been trained on."""
        wanted: dict[str, list[int]] = {}
        for file in self.chunk.files if self.options.splits else ():
            image = self.images[file.sha256]
            if file.told.split and not image.split:
                image.split = file.told.split
                wanted.setdefault(file.told.split, []).append(image.pk)
        for split, images in wanted.items():
            Image.objects.filter(pk__in=images, split="").update(split=split)

    # ---- Labels -------------------------------------------------------------------------------

    def _answers(self) -> dict[str, Keys]:
        """The answer for each picture, by hash; what cannot be one is noted."""
        found: dict[str, Keys] = {}
        for file in self.chunk.files:
            keys = self._answer(file)
            if keys is None:
                continue
            before = found.setdefault(file.sha256, keys)
            if before == keys:
                continue
            if self.project.is_multi:
                found[file.sha256] = before | keys
            else:
                self.chunk.note(file, OTHER_COPY)
        return found

    def _answer(self, file: File) -> Keys | None:
        """What the rows about one file come to; None for no answer."""
        told = {
            keys for names in file.told.answers if (keys := self._keys(file, names)) is not None
        }
        if not told:
            return None
        if self.project.is_multi:
            return frozenset().union(*told)
        told.discard(frozenset())
        if not told:
            self.chunk.note(file, NONE_OF_THEM)
        elif len(told) > 1:
            self.chunk.note(file, _disagree(file))
        elif len(keys := next(iter(told))) > 1:
            self.chunk.note(file, _several(file))
        else:
            return keys
        return None

    def _keys(self, file: File, names: tuple[str, ...]) -> Keys | None:
        keys = [self.meanings.key(name) for name in names]
        for name in names:
            if (meaning := self.meanings.of(name)).how == "unfit":
                self.chunk.note(file, _unfit(file, name, meaning.why))
        known = frozenset(key for key in keys if key is not None)
        return known if known or not names else None

    def _numbers(self, keys: Keys) -> list[int]:
        found = (key if isinstance(key, int) else self.meanings.key(key) for key in keys)
        return sorted(number for number in found if isinstance(number, int))

    def _write_truths(self, answers: dict[str, list[int]]) -> None:
        had: set[int] = set()
        if not self.project.is_multi:  # one image, one truth: the first stays
            images = [self.images[sha256].pk for sha256 in answers]
            had = set(Truth.objects.filter(image__in=images).values_list("image_id", flat=True))
        Truth.objects.bulk_create(
            (
                Truth(image=self.images[sha256], label_id=label)
                for sha256, labels in answers.items()
                for label in labels
                if self.images[sha256].pk not in had
            ),
            ignore_conflicts=True,
        )

    def _send(self, answers: dict[str, list[int]]) -> int:
        """Hand the answers up; one that a person has given stays."""
        if not answers:
            return 0
        by_image = {self.images[sha256].pk: labels for sha256, labels in answers.items()}
        responses = signals.labels_came.send(
            Import,
            project=self.project,
            pairs=[(image, label) for image, labels in by_image.items() for label in labels],
            none=[image for image, labels in by_image.items() if not labels],
            user=self.imp.created_by,
            **{"import": self.imp},
        )
        stored = 0
        for _receiver, kept in responses:
            if isinstance(kept, Kept):
                stored += kept.stored
                self._note_kept(kept.refused)
        return stored

    def _note_kept(self, images: frozenset[int]) -> None:
        for file in self.chunk.files:
            if self.images[file.sha256].pk in images and file.told.answers:
                self.chunk.note(file, ANSWER_KEPT)

    # ---- Guesses ------------------------------------------------------------------------------

    def _write_guesses(self) -> None:
        rows: dict[tuple[int, int], Guess] = {}
        for file in self.chunk.files if self.options.guesses else ():
            image = self.images[file.sha256]
            for name, p in file.told.guesses:
                label = self.meanings.key(name)
                if isinstance(label, int):
                    version = file.told.version[:100]
                    rows[image.pk, label] = Guess(image=image, label_id=label, p=p, version=version)
        Guess.objects.bulk_create(
            rows.values(),
            update_conflicts=True,
            unique_fields=["image", "label"],
            update_fields=["p", "version"],
        )


OTHER_COPY = Refused(
    "rows_disagree",
    "The same picture came under another name with another label, which it keeps.",
    "Correct its label in Review if it is wrong.",
)
NONE_OF_THEM = Refused(
    "none_of_them",
    "The manifest says that none of the labels fits. This project takes one label per image, so "
    "it came in without.",
    "Answer it on the Label page, or add a label that fits.",
)
ANSWER_KEPT = Refused(
    "answer_kept",
    "The image has another answer already, which stays.",
    "Correct its label in Review if it is wrong.",
)


def _disagree(file: File) -> Refused:
    told = " / ".join(", ".join(names)[:60] for names in file.told.answers)
    return Refused(
        "rows_disagree",
        f"The rows about it disagree: {told[:200]} ({file.told.where}). It came in without a "
        "label.",
        "Answer it on the Label page, or mend the manifest and import again.",
    )


def _several(file: File) -> Refused:
    told = ", ".join(name for names in file.told.answers for name in names)
    return Refused(
        "several_labels",
        f"It has several labels: {told[:200]} ({file.told.where}). This project takes one per "
        "image, so it came in without.",
        "Answer it on the Label page, or import into a project of several labels per image.",
    )


def _unfit(file: File, name: str, why: str) -> Refused:
    where = f" ({file.told.where})" if file.told.where else ""
    return Refused(
        "label_unfit",
        f"“{name[:60]}” cannot be a label{where}. {why}",
        "Map it to a label of the project, or correct it in the manifest.",
    )
