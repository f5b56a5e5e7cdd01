"""Places an import may name: folders of the server that are allowed, and addresses."""

from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from labeler.pools.refusing import ImportRefused
from labeler.pools.remote import addresses

BUCKETS = tuple(f"{scheme}://" for scheme in addresses.BUCKETS)
LONGEST = 1000


def real_path(path: str, *, anywhere: bool) -> Path:
    """The real place that `path` names, without links. Raises ImportRefused."""
    if not path.strip() or "\0" in path:
        raise ImportRefused("bad_path", _("Give the path of a folder or an archive on the server."))
    if not anywhere and not settings.IMPORT_FOLDERS:
        raise ImportRefused(
            "no_folders",
            _("This installation allows no server folders: set LABELER_IMPORT_FOLDERS."),
        )
    real = _real(path)
    if not anywhere and not any(real.is_relative_to(top) for top in settings.IMPORT_FOLDERS):
        raise ImportRefused("outside_folders", _outside())
    if not real.is_dir() and not real.is_file():
        words = _("There is no folder or archive at %(path)s.") % {"path": path[:200]}
        raise ImportRefused("no_such_folder", words)
    return Path(_short(str(real)))


def _real(path: str) -> Path:
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        words = _("%(path)s cannot be opened.") % {"path": path[:200]}
        raise ImportRefused("bad_path", words) from error


def _outside() -> str:
    allowed = ", ".join(str(folder) for folder in settings.IMPORT_FOLDERS)
    words = _("This folder is not one to import from. Choose one below: %(allowed)s.")
    return words % {"allowed": allowed}


def _short(place: str) -> str:
    if len(place) > LONGEST:
        raise ImportRefused("bad_path", _("The path is longer than 1,000 characters."))
    return place


def bucket(address: str) -> str:
    """The address of a bucket or of what lies below a prefix in it. Raises ImportRefused."""
    return _short(addresses.check_bucket(address))


def web_address(address: str) -> str:
    """An https address, or "" where a list is sent instead. Raises ImportRefused."""
    return _short(addresses.check(address)) if address.strip() else ""
