"""What one picture costs the web server: its CPU, over HTTP with a session cookie.

    python benchmarks/pictures.py [--requests 4000] [--database sqlite|postgresql]

Starts the web server of `manage.py up` over a made-up pool with real small pictures, fetches
screen sizes over one connection, and prints milliseconds of CPU and of waiting per picture. CPU is
the figure to trust on a machine that others use, too.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

import load_people
import make_pool
from freshness import database, free_port, wait_for
from labeling_load import answers, environment
from processes import cpu_seconds

ROOT = Path(__file__).resolve().parents[1]
WARM = 200  # requests before the measured ones


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=4000)
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
        project, cast = make_pool.make(1000, 1)
        measure(project, cast[0], options.requests)


def measure(project: int, person: dict, requests: int) -> None:
    """Fetch pictures in turn; print what they cost."""
    from labeler.pools.models import Image
    from labeler.supervisor import programs

    images = list(Image.objects.filter(project=project).values_list("pk", flat=True))
    person["port"] = free_port()
    command = programs.web(f"127.0.0.1:{person['port']}")
    with subprocess.Popen(command, cwd=ROOT, env=os.environ) as web:
        try:
            wait_for(lambda: answers(person), 60)
            browser = load_people.Person(**person)
            for pk in images[:WARM]:
                browser.ask(f"/images/{pk}/screen")
            before = cpu_seconds(web.pid)
            waits = [
                browser.ask(f"/images/{images[n % len(images)]}/screen")[0] for n in range(requests)
            ]
            cpu = cpu_seconds(web.pid) - before
        finally:
            web.terminate()
    print(f"CPU per picture: {1000 * cpu / requests:.2f} ms")
    print(f"waiting: median {1000 * statistics.median(waits):.2f} ms")


if __name__ == "__main__":
    main()
