"""Labels made of folder names, when the person asked for them."""

from collections.abc import Iterable

from labeler.pools import names
from labeler.pools.refusing import ImportFailed
from labeler.projects import labels
from labeler.projects.labels import LONGEST_NAME, LabelsRefused, Wish, fold
from labeler.projects.models import Label, Project

MOST_NEW = 500  # labels that one import may add


def folder_name(file_name: str) -> str:
    """The label that the file's last folder stands for, or ""."""
    folder = names.folder_of(file_name)
    shown = "".join(letter for letter in names.clean(folder) if letter.isprintable())
    return Label.clean_name(shown) if folder else ""


def check(project: Project, found: Iterable[str]) -> None:
    """Raise ImportFailed where folder names cannot be labels."""
    known = {fold(label.name) for label in project.labels.all()}
    new = {fold(name): name for name in found if fold(name) not in known}
    if len(new) > MOST_NEW:
        raise ImportFailed(
            f"The folders have {len(new):,} names that are no label yet; one import adds at most "
            f"{MOST_NEW}. Import again and let folder names be only names."
        )
    for name in new.values():
        if len(name) > LONGEST_NAME:
            raise ImportFailed(
                f"The folder name “{name[:60]}…” has {len(name)} characters; a label takes at most "
                f"{LONGEST_NAME}. Rename the folder, or let folder names be only names."
            )


def ensure(project: Project, wanted: Iterable[str], *, in_use: bool) -> dict[str, Label]:
    """The project's labels by folded name, made where they are missing.

    Call with the project row locked. `in_use`: answers will point to them, so a retired one
    comes back. Raises ImportFailed.
    """
    known = _by_name(project)
    wishes = []
    for name in {fold(name): name for name in wanted}.values():
        label = known.get(fold(name))
        if label is None:
            wishes.append(Wish(name))
        elif label.retired and in_use:
            wishes.append(Wish(label.name, colour=label.colour, pk=label.pk))
    if not wishes:
        return known
    try:
        labels.store(project, wishes)
    except LabelsRefused as refused:
        raise ImportFailed(f"The folder names cannot become labels. {refused}") from refused
    return _by_name(project)


def _by_name(project: Project) -> dict[str, Label]:
    return {fold(label.name): label for label in project.labels.all()}
