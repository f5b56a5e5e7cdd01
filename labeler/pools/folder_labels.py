"""Labels made of folder names, when the person asked for them."""

from collections.abc import Iterable

from labeler.pools import names
from labeler.pools.refusing import ImportFailed
from labeler.projects.models import Label, Project

MOST = 500
LONGEST: int = Label._meta.get_field("name").max_length or 100


def folder_name(file_name: str) -> str:
    """The label that the file's last folder stands for, or ""."""
    folder = names.folder_of(file_name)
    return Label.clean_name(names.clean(folder))[:LONGEST].strip() if folder else ""


def fold(name: str) -> str:
    """How label names are compared: `Cat` is `cat`."""
    return name.lower()


def check(project: Project, found: Iterable[str]) -> None:
    """Raise ImportFailed where the folders would give the project too many labels."""
    had = {fold(label.name) for label in project.labels.all()}
    new = {fold(name) for name in found} - had
    if new and len(had) + len(new) > MOST:
        raise ImportFailed(
            f"The folders have {len(new):,} names that are no label yet; a project takes at most "
            f"{MOST} labels. Import again with folder names left as only names."
        )


def ensure(project: Project, wanted: Iterable[str], *, in_use: bool) -> dict[str, Label]:
    """The project's labels by folded name, made where they are missing.

    Call with the project row locked. `in_use`: answers will point to them, so a retired one
    comes back.
    """
    had = {fold(label.name): label for label in project.labels.all()}
    for name in dict.fromkeys(wanted):
        label = had.get(fold(name))
        if label is None:
            had[fold(name)] = _make(project, name, list(had.values()))
        elif label.retired and in_use:
            label.retired, label.key = False, _free_key(project, list(had.values()))
            label.save(update_fields=["retired", "key"])
    return had


def _make(project: Project, name: str, others: list[Label]) -> Label:
    place = max((label.place for label in others), default=-1) + 1
    key = _free_key(project, others)
    return Label.objects.create(project=project, name=name, place=place, key=key)


def _free_key(project: Project, others: list[Label]) -> str:
    """The next free figure; 0 means "none of these" where several labels fit."""
    taken = {label.key for label in others if not label.retired}
    keys = "123456789" if project.is_multi else "1234567890"
    return next((key for key in keys if key not in taken), "")
