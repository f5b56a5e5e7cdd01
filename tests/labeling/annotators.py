"""Annotators as threads of a process of their own: python -m tests.labeling.annotators …

`grid PROJECT USER…`: the same, but every other user confirms pages of the grid.
`all PROJECT USER…`: each user claims and answers until nothing is left, now and then sending an
answer twice. `merge PROJECT USER OLD NEW AFTER`: the user merges the label OLD into NEW once AFTER
answers are stored; prints what it meant. `same PROJECT USER ITEM UUID TIMES`: one answer, sent by
so many threads at once.
Prints one JSON list of [user, image or item, code].
"""

import json
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import django

django.setup()

from django.db import connection  # noqa: E402

from labeler.labeling import annotations, batches, grid, queue, relabeling  # noqa: E402
from labeler.labeling.models import Annotation  # noqa: E402
from labeler.projects.models import Label, Project, User  # noqa: E402

Seen = list[tuple[int, int, str]]


def answer_all(project: Project, user: User) -> Seen:
    """Claim one to three images, answer them, until there are none."""
    chance, seen = random.Random(user.pk), []
    while items := queue.claim(project=project, user=user, count=chance.randint(1, 3)):
        for item in items:
            sent = {"uuid": str(uuid4()), "item": item.pk, "labels": ["rust"]}
            for _ in range(1 + (chance.random() < 0.2)):
                outcome = annotations.record(project=project, user=user, answers=[sent])[0]
                seen.append((user.pk, item.image_id, outcome.code))
    return seen


def answer_in_grids(project: Project, user: User) -> Seen:
    """Claim a page of some label, confirm it, now and then twice, until there are none."""
    chance, seen = random.Random(user.pk), []
    labels = list(Label.objects.filter(project=project))
    while labels:
        label = chance.choice(labels)
        items = grid.claim(project=project, user=user, label=label, count=chance.randint(1, 12))
        if not items:
            labels.remove(label)
            continue
        answers = [{"uuid": str(uuid4()), "item": i.pk, "labels": [label.pk]} for i in items]
        batch = uuid4()
        for _ in range(1 + (chance.random() < 0.2)):
            sent = {"project": project, "user": user, "batch": batch, "answers": answers}
            outcomes = batches.confirm(**sent).outcomes
            seen += [(user.pk, i.image_id, o.code) for i, o in zip(items, outcomes, strict=True)]
    return seen


def answer_same(project: Project, user: User, item: int, uuid: str) -> Seen:
    """Send one answer."""
    sent = {"uuid": uuid, "item": item, "labels": ["rust"]}
    outcome = annotations.record(project=project, user=user, answers=[sent])[0]
    return [(user.pk, item, outcome.code)]


def merge(project: Project, user: User, old: str, new: str, after: int) -> list[dict[str, int]]:
    """Wait for the others' answers, then merge."""
    labels = dict(Label.objects.filter(project=project).values_list("name", "pk"))
    while Annotation.objects.filter(project=project).count() < after:
        time.sleep(0.01)
    done = relabeling.merge(project=project, user=user, old=labels[old], new=labels[new])
    return [done.as_dict()]


def together(works: list[Callable[[], Seen]]) -> Seen:
    """Run all at the same moment, each in a thread with its own connection."""
    start = Barrier(len(works))

    def run(work: Callable[[], Seen]) -> Seen:
        connection.ensure_connection()
        start.wait(60)
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        return [line for lines in threads.map(run, works) for line in lines]


def main(mode: str, project_id: str, *rest: str) -> None:
    project = Project.objects.get(pk=project_id)
    if mode == "merge":
        admin, (old, new, after) = User.objects.get(pk=rest[0]), rest[1:]
        print(json.dumps(merge(project, admin, old, new, int(after))))
        return
    if mode == "all":
        users = User.objects.filter(pk__in=rest)
        works = [lambda user=user: answer_all(project, user) for user in users]
    elif mode == "grid":
        users = list(User.objects.filter(pk__in=rest).order_by("pk"))
        ways = [answer_in_grids, answer_all]
        works = [lambda u=u, n=n: ways[n % 2](project, u) for n, u in enumerate(users)]
    else:
        user, item, uuid, times = User.objects.get(pk=rest[0]), int(rest[1]), rest[2], int(rest[3])
        works = [lambda: answer_same(project, user, item, uuid)] * times
    print(json.dumps(together(works)))


main(*sys.argv[1:])
