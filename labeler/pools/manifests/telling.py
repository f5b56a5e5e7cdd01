"""What is told of each file of an import: by a manifest's rows, by its folders, or by nothing."""

from dataclasses import dataclass, replace

from labeler.formats import trees
from labeler.pools import folder_labels
from labeler.pools.manifests import further
from labeler.pools.manifests.finding import name_of
from labeler.pools.manifests.kept import Kept
from labeler.pools.manifests.options import TREE
from labeler.pools.manifests.told import NOTHING, Told
from labeler.pools.models import Import
from labeler.pools.sources import Entry


@dataclass(frozen=True)
class Teller:
    """Knows what is told of a file. `kept`: the manifest's rows, None where there is none."""

    kept: Kept | None
    folders: bool  # names of folders are labels, of answers or of the hidden truth
    by_split: bool  # and some of them are splits: train/cat/1.jpg

    @classmethod
    def of(cls, imp: Import, kept: Kept | None) -> "Teller":
        by_split = imp.format == TREE and bool(imp.plan.get("by_split"))
        return cls(kept, imp.folders != Import.Folders.IGNORE, by_split)

    def told(self, entry: Entry) -> Told:
        """What the rows say, and the folder where they say no label."""
        told = (self.kept and self._rows(self.kept, entry)) or NOTHING
        folder = self.folder(entry)
        if folder and not told.answers:
            told = replace(told, answers=((folder,),))
        if self.by_split and not told.split:
            told = replace(told, split=trees.split_and_label(entry.name)[0])
        return told

    @staticmethod
    def _rows(kept: Kept, entry: Entry) -> Told | None:
        if entry.position[0] == further.ADDRESSES:
            return kept.told_of_address(entry.position[1])
        return kept.told_of_file(name_of(entry))

    def folder(self, entry: Entry) -> str:
        """The label that the file's folder stands for, or ""."""
        if not self.folders:
            return ""
        if self.by_split:
            return folder_labels.cleaned(trees.split_and_label(entry.name)[1])
        return folder_labels.folder_name(entry.name)
