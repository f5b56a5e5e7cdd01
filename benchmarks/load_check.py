"""What must be true after people have labeled at once, whatever the speed."""

from collections import Counter, defaultdict

import numpy as np
from load_people import Seen

FEW = 20  # questions of one model version: fewer say nothing about their order


def held_twice(seen: Seen) -> int:
    """Images that were given to two people. The pools here ask one person per image."""
    people = defaultdict(set)
    for _, _, image, user, _, _ in seen.given:
        people[image].add(user)
    return sum(len(users) > 1 for users in people.values())


def lost_and_doubled(project: int, seen: Seen) -> tuple[int, int]:
    """Acknowledged answers that are not in the database; images with two answers that stand."""
    from labeler.labeling.models import Annotation

    rows = Annotation.objects.filter(project=project, current=True)
    stored = Counter(str(uuid) for uuid in rows.values_list("uuid", flat=True))
    images = Counter(rows.values_list("image", flat=True))
    lost = sum(stored[uuid] != 1 for uuid, _ in seen.stored)
    return lost, sum(number > 1 for number in images.values())


def rank_correlation(seen: Seen) -> float:
    """Spearman's, between the order of serving and the rank, within each model's ranking.

    Weighed by how many questions each ranking gave; audit questions have no rank.
    """
    by_model = defaultdict(list)
    for when, _, _, _, rank, model in sorted(seen.given):
        if rank is not None:
            by_model[model].append((when, rank))
    rankings = [np.array([rank for _, rank in one]) for one in by_model.values() if len(one) >= FEW]
    if not rankings:
        return float("nan")
    found = [np.corrcoef(np.arange(len(r)), np.argsort(np.argsort(r)))[0, 1] for r in rankings]
    return float(np.average(found, weights=[len(ranking) for ranking in rankings]))
