"""A package, so that no library's own `tests` beside the installed ones takes its name."""
