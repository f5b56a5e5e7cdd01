"""What an import would do: counted from the kept file, for Import.plan."""

# ruff: noqa: S608  # only this code's own words are put into SQL

import json
from collections.abc import Iterable, Iterator
from typing import Any

from labeler.formats.record import SPLITS
from labeler.formats.registry import FORMATS
from labeler.formats.tables import Columns, Preview
from labeler.pools.folder_labels import MOST_NEW
from labeler.pools.manifests.kept import Kept
from labeler.pools.manifests.meanings import Meanings
from labeler.pools.manifests.options import TABLE, TREE, Options
from labeler.projects.models import Project

MOST_LISTED, MOST_PROBLEMS = 500, 20
MET = "(records.name > 0 OR records.address IS NOT NULL)"
Plan = dict[str, Any]


def empty(files: int = 0, strange: int = 0) -> Plan:
    """A plan of nothing but files; `strange` of them have no picture's name, or cannot be read."""
    return {
        "format": "", "title": "", "manifest": "", "others": [], "files": files,
        "strange": strange, "rows": 0,
        "bad_rows": 0, "matched": 0, "missing": 0, "unlisted": 0, "addresses": 0, "answers": 0,
        "none": 0, "labels": [], "splits": dict.fromkeys(SPLITS, 0), "guesses": 0, "several": 0,
        "contradictions": 0, "problems": [], "error": "", "remedy": "",
    }  # fmt: skip


def title_of(format: str) -> str:
    """What people call the format."""
    own = {TABLE: "Table", TREE: "Folders", "": ""}
    return own[format] if format in own else FORMATS[format].title


def shown(preview: Preview, columns: Columns | None) -> Plan:
    """The part of a plan that shows how a table is read."""
    told = {
        "columns": preview.columns, "rows": preview.rows, "hint": preview.hint,
        "delimiter": preview.delimiter, "header": preview.header,
        "named": preview.named,
    }  # fmt: skip
    return {"preview": told, "columns": columns.as_dict() if columns else {}}


def of_rows(project: Project, kept: Kept, options: Options) -> Plan:
    """The plan of an import whose manifest was read."""
    meanings = Meanings(project, options)
    count = kept.number
    met = count(f"SELECT count(*) FROM records WHERE {MET}")
    rows = count("SELECT count(*) FROM records")
    named = "SELECT name FROM records WHERE name > 0"
    free = f"SELECT sum(times) FROM names WHERE id NOT IN ({named}) AND "
    unread = kept.fact("refused", 0)
    strange = unread + count(f"{free} NOT may_be_picture(raw)")
    plan = empty(count("SELECT sum(times) FROM names") + unread, strange)
    plan |= kept.fact("shown", {})
    plan |= {
        "rows": rows,
        "bad_rows": count("SELECT count(*) FROM bad"),
        "matched": met,
        "missing": rows - met,
        "unlisted": count(f"{free} may_be_picture(raw)"),
        "addresses": count("SELECT count(*) FROM addresses"),
        "labels": _labels(kept, meanings, options),
        "splits": _splits(kept) if options.splits else plan["splits"],
        "guesses": _guesses(kept) if options.guesses else 0,
        "contradictions": 0 if project.is_multi else _contradictions(kept, meanings),
    }
    plan |= _answers(kept, meanings, project)
    plan["problems"] = _problems(kept, plan)
    return plan | _verdict(kept, plan)


def of_folders(
    project: Project, counted: dict[str, int], splits: dict[str, int], plain: Plan, options: Options
) -> Plan:
    """The plan of an import whose folders tell labels and splits. `plain`: without them."""
    meanings = Meanings(project, options)
    labels = _listed(meanings, counted)
    kept = {"known", "mapped", "new"}
    answers = sum(rows for name, rows in counted.items() if meanings.of(name).how in kept)
    told = sum(counted.values())
    return plain | {
        "format": TREE, "title": title_of(TREE), "rows": told, "matched": told, "labels": labels,
        "unlisted": plain["files"] - plain["strange"] - told, "answers": answers,
        "splits": dict.fromkeys(SPLITS, 0) | (splits if options.splits else {}),
        "problems": _too_many_new(labels, meanings, counted),
    }  # fmt: skip


# ---- Labels -----------------------------------------------------------------------------------


def _labels(kept: Kept, meanings: Meanings, options: Options) -> list[Plan]:
    counted = dict(kept.fact("names-labels", {}))
    if options.guesses:
        for name, rows in kept.fact("names-guesses", {}).items():
            counted[name] = counted.get(name, 0) + rows
    return _listed(meanings, counted)


def _listed(meanings: Meanings, counted: dict[str, int]) -> list[Plan]:
    most = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_LISTED]
    found = []
    for name, rows in most:
        meaning = meanings.of(name)
        told = {"id": meaning.label, "how": meaning.how, "why": meaning.why}
        told |= {"called": meaning.called} if meaning.called else {}
        found.append({"name": name, "rows": rows} | told)
    return found


def new_names(kept: Kept | None, meanings: Meanings) -> int:
    """How many labels would be new."""
    if kept is None:
        return 0
    names = {*kept.fact("names-labels", {}), *kept.fact("names-guesses", {})}
    return len({meanings.key(name) for name in names if meanings.of(name).how == "new"})


# ---- Rows -------------------------------------------------------------------------------------


def _answers(kept: Kept, meanings: Meanings, project: Project) -> Plan:
    """Rows by what becomes of their labels."""
    answers = none = several = 0
    found = kept.ask(
        f"SELECT labels, count(*) FROM records WHERE labels IS NOT NULL AND {MET} GROUP BY labels"
    )
    for told, rows in found:
        names = json.loads(told)
        labels = {key for name in names if (key := meanings.key(name)) is not None}
        none += rows if not names else 0
        if len(labels) > 1 and not project.is_multi:
            several += rows
        elif labels:
            answers += rows
    return {"answers": answers, "none": none, "several": several}


def _contradictions(kept: Kept, meanings: Meanings) -> int:
    """Pictures whose rows give them different labels."""
    found = 0
    for column in ("name", "address"):
        pictures = kept.ask(
            f"SELECT {column} FROM records WHERE {column} > 0 AND labels IS NOT NULL"
            f" GROUP BY {column} HAVING count(DISTINCT labels) > 1"
        )
        for (number,) in pictures:
            rows = kept.ask(f"SELECT DISTINCT labels FROM records WHERE {column} = ?", number)
            told = (json.loads(row[0]) for row in rows if row[0] is not None)
            found += len({_keys(meanings, names) for names in told} - {frozenset()}) > 1
    return found


def _keys(meanings: Meanings, names: Iterable[str]) -> frozenset[Any]:
    return frozenset(key for name in names if (key := meanings.key(name)) is not None)


def _splits(kept: Kept) -> dict[str, int]:
    found = kept.ask(f"SELECT split, count(*) FROM records WHERE {MET} GROUP BY split")
    counted = dict(found)
    return {split: counted.get(split, 0) for split in SPLITS}


def _guesses(kept: Kept) -> int:
    return kept.number(f"SELECT count(*) FROM records WHERE guesses IS NOT NULL AND {MET}")


# ---- Problems ---------------------------------------------------------------------------------


def _problems(kept: Kept, plan: Plan) -> list[Plan]:
    found = [*_warnings(plan)]
    for line, reason, remedy, manifest in bad_rows(kept):
        if len(found) >= MOST_PROBLEMS:
            return found
        found.append({"manifest": manifest, "line": line, "reason": reason, "remedy": remedy})
    for _number, line, path, ambiguous, manifest in missing_rows(kept):
        if len(found) >= MOST_PROBLEMS:
            return found
        reason, remedy = missing_words(path, ambiguous=ambiguous)
        found.append({"manifest": manifest, "line": line, "reason": reason, "remedy": remedy})
    return found


def _warnings(plan: Plan) -> Iterator[Plan]:
    new = [each for each in plan["labels"] if each["how"] == "new"]
    if len(new) >= MOST_LISTED:
        yield _many(len(new))


def _many(n: int) -> Plan:
    reason = f"{n:,} names or more would become labels."
    remedy = "Check that the right column is read as the label, or leave unknown names out."
    return {"manifest": "", "line": 0, "reason": reason, "remedy": remedy}


def _too_many_new(listed: list[Plan], meanings: Meanings, counted: dict[str, int]) -> list[Plan]:
    new = sum(meanings.of(name).how == "new" for name in counted)
    return [_many(new)] if new > MOST_NEW else []


def bad_rows(kept: Kept, start: int = 0) -> Iterator[tuple[int, str, str, str]]:
    """(line, reason, remedy, manifest) of rows that cannot be read, from a number on."""
    yield from kept.ask(
        "SELECT line, reason, remedy, manifests.name FROM bad"
        " JOIN manifests ON manifests.id = manifest WHERE bad.id > ? ORDER BY bad.id",
        start,
    )


def missing_rows(kept: Kept, start: int = 0) -> Iterator[tuple[int, int, str, bool, str]]:
    """(number, line, path, whether several files fit, manifest) of rows without a picture."""
    yield from kept.ask(
        "SELECT records.id, line, path, ifnull(records.name < 0, 0), manifests.name FROM records"
        " JOIN manifests ON manifests.id = manifest"
        " WHERE records.id > ? AND (records.name IS NULL OR records.name < 0)"
        " AND address IS NULL ORDER BY records.id",
        start,
    )


def missing_words(path: str, *, ambiguous: bool) -> tuple[str, str]:
    """Why a row comes to nothing, and what to do."""
    shown = path if len(path) <= 120 else f"{path[:60]}…{path[-59:]}"
    if ambiguous:
        return (
            f"Several files could be “{shown}”, or several rows mean one file.",
            "Write more of the path, as the files have it.",
        )
    return f"There is no file “{shown}”.", "Send the file as well, or correct its name."


def _verdict(kept: Kept, plan: Plan) -> Plan:
    if plan["rows"] or plan["bad_rows"]:
        return {}
    return {
        "error": f"{plan['manifest']} holds no rows.",
        "remedy": "Check that it is the right file.",
    }
