"""Listing what an import's place holds: a folder, a bucket, a list of addresses, into its index."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from django.conf import settings

from labeler.pools import names, origins, sources, staging
from labeler.pools.archives import Unreadable
from labeler.pools.models import Import
from labeler.pools.refusing import ImportFailed
from labeler.pools.remote import addresses, listing, reading
from labeler.pools.staging import Staged

Beat = Callable[[], None]
LISTS = (".txt", ".text", ".list")  # of addresses, one on a line; anything else may be a manifest
MANIFESTS = (
    ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".manifest", ".xml", ".xlsx", ".parquet",
)  # fmt: skip
ELSEWHERE = Path()  # a staged address has no path here
MANIFEST_BYTES = 4 << 30


def is_listed(imp: Import) -> bool:
    """Whether the index names the files themselves, not a place or a list that holds them."""
    if imp.source == Import.Source.UPLOAD:
        return True
    if not staging.is_listed(imp.pk):
        return imp.source == Import.Source.URLS and not imp.path
    if imp.source != Import.Source.URLS:
        return True
    return not any(_is_list(file) for _line, file in staging.listed(imp.pk))


def list_files(imp: Import, beat: Beat) -> None:
    """Write the index, whole or not at all. Files that are known are marked so.

    Raises ImportFailed, OSError.
    """
    if imp.source == Import.Source.FOLDER:
        _list_folder(imp, beat)
        return
    files = _in_bucket(imp) if imp.source == Import.Source.BUCKET else _on_the_web(imp, beat)
    staging.note_all(imp.pk, origins.marked(imp, files, beat))


def _list_folder(imp: Import, beat: Beat) -> None:
    path = Path(imp.path)
    if path.resolve(strict=True) != path:
        raise ImportFailed(f"{path} is a link now. Import the folder that it leads to.")
    sources.list_server_path(imp.pk, path, lambda files: origins.marked(imp, files, beat))


def _in_bucket(imp: Import) -> Iterator[Staged]:
    for found in listing.below(imp.path):
        yield Staged(found.name, ELSEWHERE, "", found.address, found.stamp)


def _on_the_web(imp: Import, beat: Beat) -> Iterator[Staged]:
    if not staging.is_listed(imp.pk):  # a single address: of a picture, an archive, a manifest
        staging.note_all(imp.pk, [_single(imp, beat)])
        _forget_keys(imp)
    index = [file for _line, file in staging.listed(imp.pk)]
    for file in index:
        if _is_list(file):
            yield from _of_list(file)
        else:
            yield file


def _forget_keys(imp: Import) -> None:
    """The index has the whole address; the row, which pages show, keeps it without its keys."""
    imp.path = addresses.shown(imp.path)
    Import.objects.filter(pk=imp.pk).update(path=imp.path)


def _single(imp: Import, beat: Beat) -> Staged:
    name = names.clean(addresses.name_of(imp.path))
    if not name.lower().partition("?")[0].endswith((*LISTS, *MANIFESTS)):
        return Staged(name, ELSEWHERE, "", imp.path)
    path = staging.folder(imp.pk) / "fetched"
    try:
        reading.fetch(imp.path, path, most=MANIFEST_BYTES, beat=beat)
    except Unreadable as error:
        raise ImportFailed(f"{error.refused.reason} {error.refused.remedy}") from error
    return Staged(name.partition("?")[0], path)


def _is_list(file: Staged) -> bool:
    return not file.address and not file.refusal and file.name.lower().endswith(LISTS)


def _of_list(file: Staged) -> Iterable[Staged]:
    """The addresses of a list as files. What is no address is refused when its turn comes."""
    if file.path.stat().st_size > settings.MAX_IMAGE_BYTES:
        raise ImportFailed(f"The list {file.name} is too long. Split it into several lists.")
    text = file.path.read_text(encoding="utf-8-sig", errors="replace")
    for address in addresses.urls(text):
        yield Staged(addresses.name_of(address), ELSEWHERE, "", address)


def known(imp: Import) -> int:
    """How many files of the index an earlier import has read."""
    return sum(1 for _name in known_names(imp))


def known_names(imp: Import) -> Iterator[str]:
    """Their names."""
    if imp.options.get("only_new"):
        for _line, file in staging.listed(imp.pk):
            if file.refusal == origins.KNOWN:
                yield file.name
