"""Labels made of folder names, when the person asked for them."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from labeler.pools import names
from labeler.pools.refusing import ImportFailed
from labeler.projects.labels import LONGEST_NAME, fold
from labeler.projects.models import Label, Project

MOST_NEW = 500  # labels that one import may add


def folder_name(file_name: str) -> str:
    """The label that the file's last folder stands for, or ""."""
    return cleaned(names.folder_of(file_name))


def cleaned(folder: str) -> str:
    """A folder's name as a label's, or ""."""
    shown = "".join(letter for letter in names.clean(folder) if letter.isprintable())
    return Label.clean_name(shown) if folder else ""


def check(project: Project, found: Iterable[str]) -> None:
    """Raise ImportFailed where folder names cannot be labels."""
    known = {fold(label.name) for label in project.labels.all()}
    new = {fold(name): name for name in found if fold(name) not in known}
    if new and project.is_yes_no:
        _refuse_third_label(project, next(iter(new.values())))
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


def _refuse_third_label(project: Project, name: str) -> None:
    yes, no = project.labels.all()
    words = _(
        "This project answers %(yes)s or %(no)s; the folder “%(name)s” is neither. Rename the "
        "folder, or import again and let folder names be only names."
    )
    raise ImportFailed(words % {"yes": yes.name, "no": no.name, "name": name[:60]})
