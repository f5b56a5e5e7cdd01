"""Which file a row means: the strictest reading that fits exactly one file, or none.

In this order: the path seen from the manifest's folder, the path itself, both as they are
compared (NFC, slashes, drives), then the longest common end, down to the base name. From there on
a file that a stricter reading took is not taken again, and where several files or several rows
fit, none is taken: a wrong label is worse than a missing one.
"""

# ruff: noqa: S608  # only this code's own words are put into SQL

from collections.abc import Callable

from labeler.pools.manifests.kept import AMBIGUOUS, Kept
from labeler.pools.manifests.paths import FETCHED

DEEPEST = 32  # parts of a path that are compared


def match(kept: Kept, *, by_stem: bool, beat: Callable[[], None]) -> None:
    """Give each record its file, or an address to fetch. by_stem: paths have no ending."""
    for index in ("names_norm ON names (norm)", "records_norm ON records (norm)"):
        kept.change(f"CREATE INDEX IF NOT EXISTS {index}")
    for step in (_as_written, _as_compared):
        step(kept)
        beat()
    if by_stem:
        _by_ends(kept, "stem(norm)", beat)
    else:
        _by_ends(kept, "norm", beat)
    _addresses(kept)
    for column in ("name", "address"):
        kept.change(f"CREATE INDEX IF NOT EXISTS records_{column} ON records ({column})")


def _as_written(kept: Kept) -> None:
    near = "(SELECT folder FROM manifests WHERE id = manifest)"
    kept.change(
        f"UPDATE records SET name = (SELECT id FROM names WHERE raw = {near} || '/' || path)"
        f" WHERE {near} <> ''"
    )
    kept.change(
        "UPDATE records SET name = (SELECT id FROM names WHERE raw = path) WHERE name IS NULL"
    )
    _take(kept)


def _take(kept: Kept) -> None:
    kept.change("UPDATE names SET taken = 1 WHERE id IN (SELECT name FROM records WHERE name > 0)")


def _as_compared(kept: Kept) -> None:
    near = "(SELECT norm FROM manifests WHERE id = manifest)"
    one = (
        "(SELECT CASE WHEN count(*) = 1 THEN min(id) END FROM names"
        " WHERE names.norm = {} AND NOT taken)"
    )
    beside = one.format(f"{near} || '/' || records.norm")
    kept.change(f"UPDATE records SET name = {beside} WHERE name IS NULL AND {near} <> ''")
    kept.change(f"UPDATE records SET name = {one.format('records.norm')} WHERE name IS NULL")
    _take(kept)


def _by_ends(kept: Kept, file_key: str, beat: Callable[[], None]) -> None:
    deepest = "SELECT max(depth(norm)) FROM "
    most = min(
        kept.number(f"{deepest} names"),
        kept.number(f"{deepest} records WHERE name IS NULL"),
        DEEPEST,
    )
    for parts in range(most, 0, -1):
        if not kept.number("SELECT EXISTS (SELECT 1 FROM records WHERE name IS NULL)"):
            return
        _by_end(kept, file_key, parts)
        beat()


def _by_end(kept: Kept, file_key: str, parts: int) -> None:
    kept.change(
        "CREATE TEMP TABLE files AS SELECT key, min(id) AS id, count(*) AS n, max(taken) AS taken"
        f" FROM (SELECT id, taken, tail({file_key}, {parts}) AS key FROM names)"
        " WHERE key IS NOT NULL GROUP BY key"
    )
    kept.change(
        "CREATE TEMP TABLE wanted AS SELECT key, count(DISTINCT norm) AS n"
        f" FROM (SELECT norm, tail(norm, {parts}) AS key FROM records WHERE name IS NULL)"
        " WHERE key IS NOT NULL GROUP BY key"
    )
    for table in ("files", "wanted"):
        kept.change(f"CREATE UNIQUE INDEX temp.{table}_key ON {table} (key)")
    one = (
        "SELECT files.id FROM files JOIN wanted USING (key)"
        f" WHERE key = tail(norm, {parts}) AND files.n = 1 AND wanted.n = 1 AND NOT files.taken"
    )
    kept.change(f"UPDATE records SET name = ({one}) WHERE name IS NULL")
    if parts == 1:
        several = (
            "SELECT 1 FROM files JOIN wanted USING (key)"
            " WHERE key = tail(norm, 1) AND (files.n > 1 OR wanted.n > 1) AND NOT files.taken"
        )
        kept.change(
            f"UPDATE records SET name = {AMBIGUOUS} WHERE name IS NULL AND EXISTS ({several})"
        )
    for table in ("files", "wanted"):
        kept.change(f"DROP TABLE temp.{table}")
    _take(kept)


def _addresses(kept: Kept) -> None:
    """Rows without a file that name an address: each address once."""
    free = "(name IS NULL OR name < 0)"
    fetched = " OR ".join(f"path LIKE '{scheme}%'" for scheme in FETCHED)
    kept.change(
        f"INSERT OR IGNORE INTO addresses (path) SELECT path FROM records"
        f" WHERE {free} AND ({fetched}) ORDER BY id"
    )
    kept.change(
        "UPDATE records SET address ="
        " (SELECT id FROM addresses WHERE addresses.path = records.path)"
        f" WHERE {free}"
    )
