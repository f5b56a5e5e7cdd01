"""Why an installation cannot start here."""


class CannotStart(Exception):
    """Says what is in the way and what to do about it."""
