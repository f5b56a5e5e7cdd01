"""Labeling on a team's installation: one web server against two, and a long soak.

Run by `labeling_load.py --webs 1 2` and `labeling_load.py --soak MINUTES`.
"""

import argparse
import contextlib
import os
import resource
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import load_check
import load_people
import make_pool
from processes import cpu_seconds, resident_mib

from tests.team.stand import Stand, stand

PEOPLE = 16
SOAKED = 64  # people
THINK = 1.0  # seconds between two answers of one of them
GOAL, FLAT = 1.6, 0.05
EVERY = 5.0  # seconds between two looks at the memory
PARTS = ("web", "database", "rounds")


def webs(options: argparse.Namespace) -> int:
    """Labels per second with each number of web servers; the exit status."""
    rows: list[tuple[int, float, dict[str, float]]] = []
    with installation(max(options.webs)) as team:
        project, cast = people(team, 20_000, PEOPLE)
        load_people.everybody(cast, labels=400, seconds=60)
        print("webs  labels/s   ms of a core per label:  " + "  ".join((*PARTS, "people")))
        for number in options.webs:
            seat(team, cast, number)
            before = used(team)
            seen = load_people.everybody(cast, labels=10**6, seconds=options.seconds)
            spent = {name: seconds - before[name] for name, seconds in used(team).items()}
            each = {name: 1000 * s / len(seen.stored) for name, s in spent.items()}
            rows.append((number, len(seen.stored) / (seen.ended - seen.began), each))
            lost = load_check.lost_and_doubled(project, seen)
            told = "  ".join(f"{ms:.1f}" for ms in each.values())
            print(f"{number:4} {rows[-1][1]:9.1f}   {told}   errors {len(seen.errors)}, "
                  f"lost and doubled {lost}", flush=True)  # fmt: skip
    return say_ratio(rows)


def say_ratio(rows: list[tuple[int, float, dict[str, float]]]) -> int:
    (_, first, each), (_, last, _) = rows[0], rows[-1]
    cores = os.cpu_count() or 1
    alone = min(1 / each["web"], cores / sum(each.values()))
    most = min(rows[-1][0] / each["web"], cores / sum(each.values())) / alone
    print(f"ratio {last / first:.2f} (goal {GOAL}); load {os.getloadavg()[0]:.1f} on {cores} cores")
    print(
        f"A web server answers from one core at a time: {each['web']:.1f} ms of it per label. All "
        f"parts and the people together need {sum(each.values()):.1f} ms, so on {cores} cores "
        f"that nobody else uses no ratio above {most:.2f} can come out."
    )
    return int(last / first < GOAL)


def soak(options: argparse.Namespace) -> int:
    """Many people for a long time; the exit status."""
    seconds = 60 * options.soak
    with installation(2) as team:
        project, cast = people(team, 100_000, SOAKED)
        seat(team, cast, 2)
        load_people.everybody(cast, labels=2_000, seconds=120)  # every thread has done everything
        over = threading.Event()
        samples: dict[str, list[float]] = {name: [] for name in team.processes}
        watcher = threading.Thread(target=watch, args=(team, samples, over))
        watcher.start()
        seen = load_people.everybody(cast, labels=10**7, seconds=seconds, thinking=THINK)
        over.set()
        watcher.join()
        lost = load_check.lost_and_doubled(project, seen)
    print(f"{SOAKED} people, {options.soak} minutes: {len(seen.stored):,} labels, "
          f"{len(seen.errors)} errors, lost and doubled {lost}")  # fmt: skip
    for error in seen.errors[:3]:
        print(error)
    grown = [say_memory(name, found) for name, found in samples.items()]
    return int(bool(seen.errors) or any(lost) or max(grown) > FLAT)


def say_memory(name: str, found: list[float]) -> float:
    """How much it grew from after the warm-up, a fifth of the time, to the end."""
    warm, window = len(found) // 5, max(1, len(found) // 10)
    early, late = median(found[warm : warm + window]), median(found[-window:])
    print(f"{name:<10} MiB at first {found[0]:6.0f}  after warm-up {early:6.0f}  at the end "
          f"{late:6.0f}  most {max(found):6.0f}  grown {late / early - 1:+.1%}")  # fmt: skip
    return late / early - 1


def watch(team: Stand, samples: dict[str, list[float]], over: threading.Event) -> None:
    while not over.wait(EVERY):
        for name, process in team.processes.items():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one below it ended
                samples[name].append(resident_mib(process.pid))


@contextmanager
def installation(number: int) -> Iterator[Stand]:
    with (
        tempfile.TemporaryDirectory() as folder,
        stand(
            Path(folder), database="postgresql", broker="rabbitmq", webs=number,
            workers=["rounds"], predict=False, environment={"LABELER_LOG_LEVEL": "WARNING"},
        ) as team,
    ):  # fmt: skip
        os.environ |= team.environment | {"DJANGO_SETTINGS_MODULE": "labeler.settings"}
        import django

        django.setup()
        yield team


def people(team: Stand, images: int, number: int) -> tuple[int, list[dict]]:
    project, cast = make_pool.make(images, number)
    seat(team, cast, len(team.urls))
    return project, cast


def seat(team: Stand, cast: list[dict], number: int) -> None:
    """Each person at one of the first `number` web servers."""
    for place, person in enumerate(cast):
        person["port"] = int(team.urls[place % number].rpartition(":")[2])


def used(team: Stand) -> dict[str, float]:
    """Seconds of cores, by part: web servers, database, worker, the people who ask."""
    found = {
        part: sum(cpu_seconds(p.pid) for n, p in team.processes.items() if n.startswith(part))
        for part in PARTS
    }
    asked = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found | {"people": asked.ru_utime + asked.ru_stime}
