"""Imports that are begun in one go: from a place, of files, of a list of addresses."""

import io
from collections.abc import Iterable, Sequence
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeler.pools import imports, server_paths
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused

LIST = "addresses.txt"  # what typed addresses are staged as


def source_of(place: str) -> str:
    """The kind of source that a path or an address is."""
    if place.startswith(server_paths.BUCKETS):
        return Import.Source.BUCKET
    return Import.Source.URLS if place.startswith("https://") else Import.Source.FOLDER


def place(path: str, *, dry_run: bool = False, **asked: Any) -> Import:
    """Import what lies at a path or an address; `asked` as in imports.start.

    dry_run: look, and wait for somebody's word whatever is found. Raises ImportRefused.
    """
    return _begun(dry_run, source=source_of(path), path=path, **asked)


def files(given: Sequence[tuple[str, IO[bytes]]], *, dry_run: bool = False, **asked: Any) -> Import:
    """Import these files, by (name, file); `asked` as in imports.start. Raises ImportRefused."""
    if not asked.get("title"):
        one = len(given) == 1
        asked["title"] = given[0][0] if one else _("%(n)s files") % {"n": f"{len(given):,}"}
    return _staged(_begun(dry_run, source=Import.Source.UPLOAD, **asked), given)


def addresses(
    typed: Iterable[str],
    lists: Sequence[tuple[str, IO[bytes]]] = (),
    *,
    dry_run: bool = False,
    **asked: Any,
) -> Import:
    """Import the pictures at these https addresses, and those in text files that list some.

    Raises ImportRefused.
    """
    lines = [line.strip() for line in typed if line.strip()]
    if not lines and not lists:
        raise ImportRefused("no_addresses", _("Give at least one https:// address."))
    if any("\n" in line or "\r" in line for line in lines):
        raise ImportRefused("bad_address", _("Give one address per entry."))
    words = ngettext("%(n)s address", "%(n)s addresses", len(lines)) % {"n": f"{len(lines):,}"}
    asked["title"] = asked.get("title") or (lists[0][0] if lists else words)
    given = list(lists)
    if lines:
        given.append((LIST, io.BytesIO("\n".join([*lines, ""]).encode("utf-8", "replace"))))
    return _staged(_begun(dry_run, source=Import.Source.URLS, **asked), given)


def _begun(dry_run: bool, **asked: Any) -> Import:
    if not dry_run:
        return imports.start(**asked)
    with transaction.atomic():  # no worker sees it before it is known to be a dry run
        imp = imports.start(**asked | {"asks": True})
        imp.cursor["dry_run"] = True
        imp.save(update_fields=["cursor"])
    return imp


def _staged(imp: Import, given: Sequence[tuple[str, IO[bytes]]]) -> Import:
    """Hand the files over, or leave the import cancelled."""
    try:
        for name, file in given:
            imports.stage(imp, name, file)
    except ImportRefused:
        imports.cancel(imp)
        raise
    imports.seal(imp)
    return imp
