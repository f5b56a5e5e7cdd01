"""What an admin decides about a manifest: the form's fields, and Import.options made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from labeler.formats.registry import FORMATS
from labeler.pools.folder_labels import MOST_NEW
from labeler.pools.manifests.options import (
    ADD,
    ADD_AS,
    LEAVE,
    PICTURES,
    TABLE,
    TREE,
    Options,
    is_word,
)
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.projects.labels import fold
from labeler.projects.models import Label, Project

ROLES = ("path", "label", "split", "confidence")  # what a column of a table can be
MOST_CHOICES = 8_000  # options of all selects together; beyond, names are typed
MEANS, CALLED, COLUMN = "means:", "called:", "column:"  # fields, before a name or a place
SHOWN = "shown:"  # before a box that the form has, ticked or not
MOST_COLUMNS = 60  # of a table that are shown, and all that are in use


@dataclass(frozen=True)
class Name:
    """A name of the manifest that is no label here, and what becomes of its answers."""

    name: str
    rows: int
    chosen: str  # "" as all others, "add", "add:another name", "leave", or a label's number
    called: str  # the same as text: the label's name, "" to leave them out
    addable: bool
    why: str  # it cannot be added, in words


@dataclass(frozen=True)
class Column:
    """A column of a table: what it is called, and what it is read as."""

    place: int
    name: str
    role: str  # one of ROLES, or ""


def formats() -> list[tuple[str, str]]:
    """(key, title) of all that a manifest can be read as."""
    named = sorted((each.title, key) for key, each in FORMATS.items())
    return [
        *((key, title) for title, key in named),
        (TABLE, _("Table, by its columns")),
        (TREE, _("Folders for splits and labels")),
        (PICTURES, _("Nothing: only the pictures")),
    ]


def delimiters(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """(delimiter, what it is called) of what may stand between the cells; the plan's is first."""
    known = {",": _("comma ,"), ";": _("semicolon ;"), "\t": _("tab"), "|": _("bar |")}
    now = (plan.get("preview") or {}).get("delimiter", "")
    return [(each, known.get(each, each)) for each in dict.fromkeys((now, *known)) if each]


def names(imp: Import) -> list[Name]:
    """The names that fit no label, most rows first."""
    chosen = imp.options.get("labels", {})
    unknown = imp.options.get("unknown") or ADD
    known = {label.pk: label.name for label in labels(imp)}
    return [
        _name(each, chosen.get(each["name"], ""), unknown, known)
        for each in imp.plan.get("labels", [])
        if each["how"] != "known"
    ]


def _name(each: dict[str, Any], choice: Any, unknown: str, known: dict[int, str]) -> Name:
    addable = each["how"] != "unfit"
    becomes = choice or (unknown if addable else LEAVE)
    called = known.get(choice, "") if isinstance(choice, int) else ""
    if becomes == ADD:
        called = each["name"]
    elif isinstance(becomes, str) and becomes.startswith(ADD_AS):
        called = becomes.removeprefix(ADD_AS)
    why = each.get("why", "")
    return Name(each["name"], each["rows"], str(choice), called, addable, why)


def new_names(plan: dict[str, Any]) -> list[str]:
    """Names that can become labels, so that others can be taken for the same."""
    return [each["name"] for each in plan.get("labels", []) if each["how"] in ("new", "left")]


def fitting(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The names that are labels here already."""
    return [each for each in plan.get("labels", []) if each["how"] == "known"]


def labels(imp: Import) -> list[Label]:
    """The labels that a name may be taken for, in the order people know."""
    return list(imp.project.labels.filter(retired=False))


def columns(plan: dict[str, Any]) -> list[Column]:
    """The columns of a table as it is read now."""
    now = plan.get("columns") or {}
    found: list[Column] = []
    for place, name in enumerate((plan.get("preview") or {}).get("columns", [])):
        role = next((role for role in ROLES if now.get(role) and now[role] == name), "")
        if name in (now.get("labels") or []):
            role = "label"
        if role or len(found) < MOST_COLUMNS:
            found.append(Column(place, name, role))
    return found


def cells(plan: dict[str, Any], shown: list[Column]) -> list[list[str]]:
    """The first rows of a table, in the columns that are shown."""
    rows = (plan.get("preview") or {}).get("rows", [])
    return [
        [row[column.place] if column.place < len(row) else "" for column in shown] for row in rows
    ]


# ---- From the form ----------------------------------------------------------------------------


def options_of(imp: Import, form: Mapping[str, str]) -> dict[str, Any]:
    """The import's options as the form wishes them; what it does not name stays.

    Columns belong to a format: another one starts without. Raises ImportRefused where a choice
    is none.
    """
    options = dict(imp.options)
    if form.get("unknown") == LEAVE or ("unknown" in form and _is_said(imp)):
        options["unknown"] = LEAVE if form["unknown"] == LEAVE else ADD
    for key in ("splits", "guesses"):
        if f"{SHOWN}{key}" in form:  # a box that is not ticked is not sent
            options[key] = key in form
    options["labels"] = _chosen(imp, form)
    if other_manifest(imp, form) or other_format(imp, form):
        options.pop("columns", None)
    elif any(key.startswith((COLUMN, f"{SHOWN}header", "delimiter")) for key in form):
        options |= _changed_columns(imp, form)
    return Options.of(imp.project, options).as_dict()


def _is_said(imp: Import) -> bool:
    """Whether “add them” has to be said: somebody said otherwise, or they are very many."""
    return "unknown" in imp.options or len(imp.plan.get("labels", [])) >= MOST_NEW


def _changed_columns(imp: Import, form: Mapping[str, str]) -> dict[str, Any]:
    if shape := _other_shape(imp.plan, form):
        return {"columns": shape}  # other cells: what was said of columns holds no more
    columns = _columns(imp.plan, form)
    as_before = columns == imp.plan.get("columns") and "columns" not in imp.options
    return {} if as_before else {"columns": columns}


def other_format(imp: Import, form: Mapping[str, str]) -> bool:
    """Whether the form wishes the manifest to be read in another way than it was."""
    return bool(form.get("format")) and form["format"] != imp.plan.get("format")


def other_manifest(imp: Import, form: Mapping[str, str]) -> bool:
    """Whether the form wishes another of the files to be read."""
    return form.get("manifest", "") in imp.plan.get("others", [])


def other_folders(imp: Import, form: Mapping[str, str]) -> bool:
    """Whether the form wishes another meaning of folders' names; asked without a manifest only."""
    wished = form.get("folders", imp.folders)
    return bool(imp.plan.get("folders")) and wished in Import.Folders and wished != imp.folders


def is_another_reading(imp: Import, form: Mapping[str, str], options: Mapping[str, Any]) -> bool:
    """Whether the choices change what the rows say, so that somebody should look first."""
    columns = dict(imp.plan.get("columns") or {}) | dict(imp.options.get("columns", {}))
    another = any(other(imp, form) for other in (other_manifest, other_format, other_folders))
    return another or options.get("columns", columns) != columns


def _chosen(imp: Import, form: Mapping[str, str]) -> dict[str, Any]:
    """Name → label's number or word, without those that go as all others."""
    known = labels(imp)
    by_number = {str(label.pk): label.pk for label in known}
    by_name: dict[str, int | str] = {fold(n): f"{ADD_AS}{n}" for n in new_names(imp.plan)}
    by_name |= {fold(label.name): label.pk for label in known}
    chosen: dict[str, Any] = dict(imp.options.get("labels", {}))
    for key, value in form.items():
        if key.startswith(MEANS):
            name, choice = key.removeprefix(MEANS), by_number.get(value, value)
        elif key.startswith(CALLED):
            name = key.removeprefix(CALLED)
            choice = _typed(name, value.strip(), by_name)
        else:
            continue
        if not isinstance(choice, int) and choice and not is_word(choice):
            raise ImportRefused("bad_label", _no_label(value))
        chosen[name] = choice
    return {name: choice for name, choice in chosen.items() if choice != ""}


def called(project: Project, name: str, text: str) -> int | str:
    """What a name of the manifest becomes that somebody calls `text`: a label's number, or a word.

    “add:name” makes a label of that name. Raises ImportRefused where no label is called so.
    """
    if text.startswith(ADD_AS) and is_word(text):
        return text
    found = project.labels.filter(retired=False)
    return _typed(name, text.strip(), {fold(label.name): label.pk for label in found})


def _typed(name: str, text: str, by_name: Mapping[str, int | str]) -> int | str:
    if not text:
        return LEAVE
    found = by_name.get(fold(text), "")
    if fold(text) == fold(name) and not isinstance(found, int):
        return ADD
    if found:
        return found
    raise ImportRefused("bad_label", _no_label(text))


def _no_label(text: str) -> str:
    words = _("“%(name)s” is no label of this project. Choose one of its labels.")
    return words % {"name": text[:60]}


def _columns(plan: dict[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """How to read the table: the shape of options["columns"]."""
    now = dict(plan.get("columns") or {})
    shown = (plan.get("preview") or {}).get("columns", [])
    roles: dict[str, list[str]] = {role: [] for role in ROLES}
    for place, name in enumerate(shown):
        role = form.get(f"{COLUMN}{place}", "")
        if role in roles:
            roles[role].append(name)
    for role in ("path", "split", "confidence"):
        if len(roles[role]) > 1:
            raise ImportRefused("columns", _twice(role, roles[role]))
    if not roles["path"]:
        raise ImportRefused("columns", _("Say which column names the file of each picture."))
    single = {role: "".join(roles[role]) for role in ("path", "split", "confidence")}
    return now | single | {
        "labels": roles["label"], "separator": form.get("separator", now.get("separator", "")),
    }  # fmt: skip


def _other_shape(plan: dict[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """How the text is cut into cells, where the form wishes it in another way than it was."""
    shown = plan.get("preview") or {}
    told: dict[str, Any] = {}
    if form.get("delimiter") in dict(delimiters(plan)):
        told["delimiter"] = form["delimiter"]
    if f"{SHOWN}header" in form:
        told["header"] = "header" in form
    changed = any(shown.get(name, value) != value for name, value in told.items())
    return told if changed else {}


def _twice(role: str, names: list[str]) -> str:
    words = _("Only one column can be the %(role)s; these are two: %(names)s.")
    what = {"path": _("file"), "split": _("split"), "confidence": _("confidence")}[role]
    return words % {"role": what, "names": ", ".join(name[:60] for name in names)}
