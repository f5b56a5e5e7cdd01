"""Others go on labeling while a large project is deleted.

    python benchmarks/removal.py [--images 50000] [--answers 20000] [--people 8]
                                 [--database sqlite|postgresql]

Makes a large project with answers and a small one, starts the web server and the worker for chores,
lets people label in the small one, first alone and then while the large one is taken apart, and
prints how long their claims and answers took. The exit status is 1 if a row or a file was left.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import load_people
import make_pool
import numpy as np
from freshness import database, free_port, wait_for
from labeling_load import answers, environment

ROOT = Path(__file__).resolve().parents[1]
ALONE = 10.0  # seconds of labeling before the project is deleted
LONGEST = 1200.0  # seconds it may take


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--answers", type=int, default=20_000)
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    kind = options.database
    with tempfile.TemporaryDirectory() as data, database(kind == "postgresql") as url:
        os.environ |= environment(data, url, kind)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        large, _ = make_pool.make(options.images, 1, answers=options.answers)
        small, cast = make_pool.make(20_000, options.people)
        sys.exit(measure(large, small, cast))


def measure(large: int, small: int, cast: list[dict]) -> int:
    """Label alone, then beside the removal; print both. The exit status."""
    from labeler.pools import storage
    from labeler.projects import removal
    from labeler.projects.models import Project
    from labeler.supervisor import programs

    port = free_port()
    commands = [programs.web(f"127.0.0.1:{port}"), programs.worker("chores")]
    running = [subprocess.Popen(command, cwd=ROOT, env=os.environ) for command in commands]
    try:
        for person in cast:
            person["port"] = port
        wait_for(lambda: answers(cast[0]), 60)
        load_people.everybody(cast, labels=200, seconds=30)
        told("alone", load_people.everybody(cast, labels=10**6, seconds=ALONE))
        project = Project.objects.get(pk=large)
        before = time.monotonic()
        removal.begin(project, None)
        beside = load_people.Seen()
        people = threading.Thread(target=until_gone, args=(large, cast, beside))
        people.start()
        people.join()
        print(f"{'taken apart in':>16} {time.monotonic() - before:.0f} s")
        told("beside", beside)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(60)
    rows = {
        kind.__name__: kind._base_manager.filter(**{path: large}).count()
        for kind, path in removal.paths().items()
    }
    left = {name: count for name, count in rows.items() if count}
    folder = Path(storage.default_storage.path(str(large)))
    print(
        f"rows left: {left or 'none'}; files left: {folder.exists()}; errors: {beside.errors[:2]}"
    )
    return int(bool(left) or folder.exists() or bool(beside.errors))


def until_gone(large: int, cast: list[dict], seen: load_people.Seen) -> None:
    """Label in rounds of five seconds until the project is gone."""
    from labeler.projects.models import Project

    end = time.monotonic() + LONGEST
    while Project.leaving_too.filter(pk=large).exists() and time.monotonic() < end:
        seen.add(load_people.everybody(cast, labels=10**6, seconds=5.0))


def told(name: str, seen: load_people.Seen) -> None:
    """The times of one phase, in milliseconds."""
    for what in ("claims", "pictures", "answers"):
        times = 1000 * np.array(getattr(seen, what) or [np.nan])
        p50, p95, p99 = np.percentile(times, [50, 95, 99])
        print(
            f"{name:>8} {what:>9}: p50 {p50:6.1f}  p95 {p95:6.1f}  p99 {p99:6.1f} ms,"
            f" n {len(times)}"
        )


if __name__ == "__main__":
    main()
