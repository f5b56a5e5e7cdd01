#!/usr/bin/env python
"""Labeler's command line: `python manage.py help` lists the commands."""

import io
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeler.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as missing:
        sys.exit(f"{missing}. `make run` installs what Labeler needs; use .venv/bin/python then.")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a name shows a ?
    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except ImproperlyConfigured as refused:
        sys.exit(f"Labeler cannot start: {refused}")
    except BrokenPipeError:  # whoever read what we print has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)  # as the shell has it: 128 + SIGPIPE
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
