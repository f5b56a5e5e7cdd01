"""Why an installation cannot start here."""


class CannotStart(Exception):
    """Says what is in the way and what to do about it."""


def database_away(error: Exception) -> CannotStart:
    """What to say where the database does not answer."""
    reason = str(error).strip().splitlines()[0]
    return CannotStart(f"The database cannot be reached: {reason}. See DATABASE_URL.")
