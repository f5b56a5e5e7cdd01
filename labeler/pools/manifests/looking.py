"""The look at an import before anything is stored: what is its manifest, and what would happen."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from labeler.formats import columns, trees
from labeler.formats.record import BadFile
from labeler.pools import folder_labels, places, sources
from labeler.pools.manifests import finding, kept, matching, planning, reading
from labeler.pools.manifests.finding import Candidate, Choice
from labeler.pools.manifests.kept import Kept
from labeler.pools.manifests.meanings import Meanings
from labeler.pools.manifests.options import (
    MOST_NAMES,
    PARQUET,
    PICTURES,
    TABLE,
    TREE,
    Options,
)
from labeler.pools.manifests.planning import Plan
from labeler.pools.manifests.reading import Beat
from labeler.pools.models import Import
from labeler.pools.refusing import ImportFailed, Refused
from labeler.pools.sources import Entry

NOT_USED = Refused(
    "manifest_not_used",
    "It looks like a manifest too; it was not read.",
    "Name the manifest to be read and import again, if this one was meant.",
)


@dataclass
class Survey:
    """What the names of an import's files tell."""

    candidates: list[Candidate] = field(default_factory=list)
    files: int = 0  # without the candidates
    refused: int = 0  # of them such as cannot be read
    strange: int = 0  # of them such as cannot be read, or have no picture's name
    fetched: int = 0  # that lie elsewhere and were looked into
    has_splits: bool = False
    labels: Counter[str] = field(default_factory=Counter)  # by the last folder
    tree_labels: Counter[str] = field(default_factory=Counter)  # by the folder below a split's
    splits: Counter[str] = field(default_factory=Counter)

    def see(self, entry: Entry) -> None:
        """Count a file that is no manifest."""
        self.files += 1
        if entry.refused:
            self.refused += 1
        if entry.refused or not columns.may_be_picture(entry.name):
            self.strange += 1
            return  # it will be refused: its folder need not become a label
        split, label = trees.split_and_label(entry.name)
        self.has_splits |= bool(split and label)
        self.splits[split] += 1
        _count(self.tree_labels, folder_labels.cleaned(label))
        _count(self.labels, folder_labels.folder_name(entry.name))


def _count(counter: Counter[str], name: str) -> None:
    if name and (name in counter or len(counter) <= MOST_NAMES):
        counter[name] += 1


def look(imp: Import, beat: Beat) -> Plan:
    """Read the names and the manifest, keep its rows, and tell what would happen.

    The plan's "aside" holds the positions of the manifests, which are no pictures.

    Where the manifest was read the same way before, it is not read again. Raises ImportFailed,
    OSError.
    """
    options = Options.stored(imp.options)
    asked = asked_of(imp)
    key = json.dumps([asked, options.columns, imp.folders, imp.asks], sort_keys=True)
    with kept.opened(imp.pk) as there:
        if there and there.fact("key") == key:
            plan = planning.of_rows(imp.project, there, options)
            return plan | {"aside": there.fact("aside", [])}
    kept.forget(imp.pk)
    try:
        return _look(imp, options, asked, key, beat)
    except _NoManifest as found:
        return found.plan


def asked_of(imp: Import) -> dict[str, str]:
    """The manifest and the format that somebody asked for, apart from what a look found."""
    asked: dict[str, str] = imp.cursor.get("asked") or {
        "manifest": imp.manifest, "format": imp.format
    }  # fmt: skip
    return asked


class _NoManifest(Exception):
    """Nothing is to be kept; this is the plan."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan


@contextmanager
def kept_rows(imp: Import, beat: Beat) -> Iterator[Kept | None]:
    """The rows that a look kept, read again where the file is gone; None without a manifest."""
    if imp.plan.get("aside") and imp.plan.get("rows") and not kept.exists(imp.pk):
        look(imp, beat)
    with kept.opened(imp.pk) as rows:
        yield rows


def _look(imp: Import, options: Options, asked: dict[str, str], key: str, beat: Beat) -> Plan:
    with kept.building(imp.pk) as new:
        survey = _survey(imp, new, asked, beat)
        choice = _choice(imp, survey, asked)
        if not choice.used:
            raise _NoManifest(_without(imp, survey, choice, options, asked))
        for each in survey.candidates:  # no manifest after all: a file like any other
            if each not in choice.used and each not in choice.others:
                new.add_names([each.name])
        new.note(
            key=key,
            **_aside(choice),
            refused=survey.refused,
            used=[[*each.position, each.name, str(each.file), each.format] for each in choice.used],
        )
        _read(new, choice, options, survey, beat)
        if not imp.asks and not options.unknown:
            _check_new(imp, new, options)
        return planning.of_rows(imp.project, new, options) | _aside(choice)


def _survey(imp: Import, new: Kept, asked: dict[str, str], beat: Beat) -> Survey:
    survey = Survey()
    reads = asked["format"] not in (PICTURES, TREE)

    def named() -> Iterator[str]:
        for entry in sources.entries(imp.pk):
            beat()
            if reads and (found := _candidate(imp, entry, asked["manifest"], survey)):
                survey.candidates.append(found)
                continue
            survey.see(entry)
            if not entry.refused:
                yield finding.name_of(entry)
        yield from places.known_names(imp)  # their rows have a file, which is not read again

    new.add_names(named())
    return survey


def _candidate(imp: Import, entry: Entry, wanted: str, survey: Survey) -> Candidate | None:
    if len(survey.candidates) >= finding.MOST or not finding.may_be_one(entry, wanted):
        return None
    if entry.staged and entry.staged.address:
        survey.fetched += 1
        if survey.fetched > finding.MOST_FETCHED:
            return None
    return finding.candidate(imp, entry, wanted)


def _choice(imp: Import, survey: Survey, asked: dict[str, str]) -> Choice:
    if asked["format"] in (PICTURES, TREE):
        return Choice()
    return finding.choose(
        survey.candidates,
        manifest=asked["manifest"], format=asked["format"],
        alone=not imp.asks and not asked["format"],
    )  # fmt: skip


def _read(new: Kept, choice: Choice, options: Options, survey: Survey, beat: Beat) -> None:
    """Read every manifest of the choice. Raises _NoManifest where one cannot be read."""
    shown: Plan = {
        "format": choice.format,
        "title": planning.title_of(choice.format),
        "manifest": choice.used[0].name,
        "others": [each.name for each in choice.others],
    }
    each = choice.used[0]
    try:
        for number, each in enumerate(choice.used, 1):
            read_as: dict[str, Any] = {}
            if each.format == TABLE or (each.format == PARQUET and options.columns):
                preview, told = reading.columns_of(each, dict(options.columns))
                read_as = told.as_dict()
                if number == 1:
                    shown |= planning.shown(preview, told)
            reading.read(new, number, each, read_as, beat)
        reading.count_names(new)
    except BadFile as error:
        reason = f"{each.name}: {error.reason}"
        preview_of = getattr(error, "preview", None)
        shown |= planning.shown(preview_of, None) if preview_of else {}
        shown |= {"error": reason, "remedy": error.remedy}
        raise _NoManifest(planning.empty(survey.files, survey.strange) | shown) from error
    new.note(shown=shown)
    matching.match(new, by_stem=choice.format in reading.STEMS, beat=beat)


def _without(
    imp: Import, survey: Survey, choice: Choice, options: Options, asked: dict[str, str]
) -> Plan:
    """The plan where no manifest is read: folders tell, or nothing does."""
    others = {"others": [each.name for each in choice.others]} | _aside(choice)
    loose = len([each for each in survey.candidates if each not in choice.others])
    plain = planning.empty(survey.files + loose, survey.strange + loose)
    if not survey.has_splits:
        plain["folders"] = [name for name, _ in survey.labels.most_common(planning.MOST_LISTED)]
    if asked["format"] == PICTURES:
        return plain | others
    told = imp.folders != Import.Folders.IGNORE
    if not told and not (survey.has_splits and imp.asks) and asked["format"] != TREE:
        return plain | others
    if asked["format"] and choice.others:
        raise ImportFailed("The manifest was not found among the files.")
    counted = survey.tree_labels if survey.has_splits else survey.labels
    if not imp.asks:
        _check_folders(imp, counted, options)
    splits = survey.splits if survey.has_splits else Counter()
    return planning.of_folders(imp.project, counted, splits, plain, options) | others | {
        "by_split": survey.has_splits
    }  # fmt: skip


def _aside(choice: Choice) -> Plan:
    every = (*choice.used, *choice.others)
    return {"aside": [list(each.position) for each in every]}


# ---- Without somebody who looks at the plan ---------------------------------------------------


def _check_folders(imp: Import, counted: Counter[str], options: Options) -> None:
    meanings = Meanings(imp.project, options)
    added = [name for name in counted if meanings.of(name).how in ("new", "unfit")]
    folder_labels.check(imp.project, added)


def _check_new(imp: Import, rows: Kept, options: Options) -> None:
    new = planning.new_names(rows, Meanings(imp.project, options))
    if new > folder_labels.MOST_NEW:
        raise ImportFailed(
            f"The manifest names {new:,} labels that the project does not have; nobody has said "
            f"that they may be added, and more than {folder_labels.MOST_NEW} look like a mistake. "
            "Check which column is read as the label, or import again and say what becomes of "
            "unknown names."
        )
