"""SQLite as Django speaks it, with an orderly queue of this process's writers."""
