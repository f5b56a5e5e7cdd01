"""How a manifest is to be read, as the admin decided: checked, and kept in Import.options."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from labeler.formats.registry import FORMATS
from labeler.pools.refusing import ImportRefused
from labeler.projects.models import Label, Project

ADD, LEAVE = "add", "leave"
ADD_AS = "add:"  # before the name that a new label gets instead
TABLE, TREE, PARQUET = "table", "tree", "parquet"
PICTURES = "pictures"  # only pictures: read no manifest, whatever lies there
MOST_NAMES = 5_000  # decisions about names, as many as a project can have labels
LONGEST = 200  # characters of a column or a name
TEXTS = ("path", "split", "confidence", "separator", "delimiter")
SHAPE = ("delimiter", "header")  # may be said alone: then the columns are guessed
Choice = int | str  # a label's number, "add", "add:another name" or "leave"


@dataclass(frozen=True)
class Options:
    """What was decided. `unknown` is "" where nobody said: new names are added, if not too many."""

    columns: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, Choice] = field(default_factory=dict)  # by the name in the manifest
    unknown: str = ""
    splits: bool = True
    guesses: bool = True
    only_new: bool = False

    @classmethod
    def of(cls, project: Project, given: object) -> "Options":
        """The options in `given`, the JSON of a request. Raises ImportRefused."""
        found = _object(given, "options", set(cls.__dataclass_fields__))
        unknown = found.get("unknown", "")
        if unknown not in ("", ADD, LEAVE):
            raise _refusal(_("Write unknown as “add” or “leave”."))
        return cls(
            columns=_columns(found.get("columns", {})),
            labels=_labels(project, found.get("labels", {})),
            unknown=unknown,
            **{name: _flag(found, name) for name in ("splits", "guesses", "only_new")},
        )

    @classmethod
    def stored(cls, stored: Mapping[str, Any]) -> "Options":
        """The options of an import, which were checked when they were stored."""
        return cls(**{name: stored[name] for name in cls.__dataclass_fields__ if name in stored})

    def as_dict(self) -> dict[str, Any]:
        """For Import.options: only what differs from what holds anyway."""
        every = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain = Options()
        return {name: value for name, value in every.items() if value != getattr(plain, name)}


def check_format(key: str) -> str:
    """The format's key, if it is one that can be wished for. Raises ImportRefused."""
    if key and key not in {*FORMATS, TABLE, TREE, PARQUET, PICTURES}:
        words = _("“%(key)s” is no format. Known are: %(known)s.")
        known = ", ".join([*FORMATS, PARQUET, TABLE, TREE, PICTURES])
        raise _refusal(words % {"key": key[:60], "known": known}, "bad_format")
    return key


def _object(given: object, what: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise _refusal(_("Write %(what)s as an object.") % {"what": what})
    strange = {str(key) for key in given} - known if known else set()
    if strange:
        words = _("%(what)s knows no “%(name)s”; it knows %(known)s.")
        names = {"what": what, "name": min(strange)[:60], "known": ", ".join(sorted(known))}
        raise _refusal(words % names)
    return given


def _flag(given: Mapping[str, Any], name: str) -> bool:
    found = given.get(name, name != "only_new")
    if not isinstance(found, bool):
        raise _refusal(_("Write %(name)s as true or false.") % {"name": name})
    return bool(found)


def _columns(given: object) -> dict[str, Any]:
    found = dict(_object(given, "columns", {*TEXTS, "labels", "header"}))
    texts = {name: found[name] for name in TEXTS if name in found}
    names = found.get("labels", [])
    if not all(_is_text(each) for each in texts.values()):
        raise _refusal(
            _("Write each column as its name, or as its number where there are no names.")
        )
    if not isinstance(names, list | tuple) or not all(map(_is_text, names)):
        raise _refusal(_("Write the label columns as a list of names."))
    if not texts.get("path") and found.keys() - set(SHAPE):
        raise _refusal(_("Say which column names the file of each picture."))
    if "labels" in found:
        found["labels"] = list(names)
    if "header" in found and not isinstance(found["header"], bool):
        raise _refusal(_("Write %(name)s as true or false.") % {"name": "header"})
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def _labels(project: Project, given: object) -> dict[str, Choice]:
    found = _object(given, "labels", set())
    if len(found) > MOST_NAMES:
        raise _refusal(_("Decide about at most %(most)s names.") % {"most": f"{MOST_NAMES:,}"})
    numbers = set(Label.objects.filter(project=project).values_list("pk", flat=True))
    for name, choice in found.items():
        known = is_word(choice) if isinstance(choice, str) else choice in numbers
        if not _is_text(name) or isinstance(choice, bool) or not known:
            words = _("“%(name)s” must become a label of this project, “add” or “leave”.")
            raise _refusal(words % {"name": str(name)[:60]}, "bad_label")
    return dict(found)


def is_word(choice: str) -> bool:
    """Whether it says, in words, what becomes of a name."""
    renamed = choice.startswith(ADD_AS) and choice != ADD_AS and len(choice) <= LONGEST
    return choice in (ADD, LEAVE) or renamed


def _refusal(words: str, code: str = "bad_options") -> ImportRefused:
    return ImportRefused(code, words)
