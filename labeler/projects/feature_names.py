"""Which names a project may give as its features.

The choices are a few; many more can be written, such as "pca-64:hog". The floor that has the
feature sets registers a check here; without one, only the choices are allowed.
"""

from collections.abc import Callable

from django.utils.translation import gettext as _

from labeler.projects import choices

MOST = 80  # characters
Check = Callable[[str], str]  # a name → what is wrong with it, or ""


def register(check: Check) -> None:
    """Called once, from the `ready` of the floor that has the feature sets."""
    global _check
    _check = check


def wrong_with(name: str) -> str:
    """Why the name cannot be chosen, in a sentence; empty if it can."""
    if not name:
        return _("Write the name of a feature set, or choose one of the others.")
    if len(name) > MOST:
        words = _("Shorten this to %(most)s characters; it has %(n)s.")
        return words % {"most": f"{MOST:,}", "n": f"{len(name):,}"}
    reason = _check(name)
    return _("These features cannot be had: %(reason)s.") % {"reason": reason} if reason else ""


def _only_choices(name: str) -> str:
    known = choices.names(choices.FEATURES)
    return "" if name in known else _("choose one of: %(names)s") % {"names": ", ".join(known)}


_check: Check = _only_choices
