"""What running processes use, read from Linux's /proc."""

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and all below it, those that have ended included."""
    return sum(_seconds(each, ended=True) for each in tree(pid))


def database_cpu_seconds(program: str) -> float:
    """What the program's connections to PostgreSQL have used; those that are open now.

    The program was started with its name in PGAPPNAME. Connections stay open between requests,
    so few of them end while one measures.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            [program],
        )
        pids = [pid for (pid,) in cursor.fetchall()]
    return sum(_seconds(pid, ended=False) for pid in pids)


def _seconds(pid: int, *, ended: bool) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    used = fields[11:15] if ended else fields[11:13]  # user, system; of children that ended
    return sum(map(int, used)) / TICK


def resident_mib(pid: int) -> float:
    """The resident memory of the largest of the process and those below it."""
    return max(_resident(each) for each in tree(pid))


def peak_mib(pid: int) -> float:
    """The most resident memory that the process has had so far, mapped files included."""
    return _resident(pid, "VmHWM:")


def _resident(pid: int, which: str = "VmRSS:") -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(which):
            return int(line.split()[1]) / 1024
    return 0.0
