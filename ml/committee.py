"""How far the members of a committee disagree: in [0, 1], higher means ask sooner."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ml.scores import check

Aggregate = Literal["max", "mean"]
Kind = Literal["single", "multi"]
Block = npt.NDArray[np.float64]

BLOCK = 4096


def vote_entropy(
    committee: npt.ArrayLike, *, kind: Kind = "single", how: Aggregate = "max"
) -> npt.NDArray[np.float32]:
    """Score how evenly the members' votes are spread over the labels.

    committee: (members >= 2, n, n_labels), each member's probabilities, as
        `heads.bagging.bagged_proba` gives them. With kind "multi" members vote yes or no
        on each label, and `how` joins the labels' scores.
    Returns: (n,) float32 in [0, 1]: entropy of the votes, divided by its maximum. 0 is unanimous.
    Raises: ValueError for a table that is no committee.
    Source: Dagan and Engelson (1995); Settles (2010), section 3.2.
    """
    return _by_block(committee, _vote_entropy, kind, how)


def kl_disagreement(
    committee: npt.ArrayLike, *, kind: Kind = "single", how: Aggregate = "max"
) -> npt.NDArray[np.float32]:
    """Score how far the members are from their mean, in Kullback-Leibler divergence.

    Arguments, result and errors as in `vote_entropy`; the mean over the members is divided
    by its maximum, the logarithm of their number or of the labels', whichever is less.
    Source: McCallum and Nigam (1998); Settles (2010), section 3.2.
    """
    return _by_block(committee, _kl, kind, how)


DISAGREEMENTS: dict[str, Callable[..., npt.NDArray[np.float32]]] = {
    "vote_entropy": vote_entropy,
    "kl_disagreement": kl_disagreement,
}


def _by_block(
    committee: npt.ArrayLike, step: Callable[[Block], Block], kind: Kind, how: Aggregate
) -> npt.NDArray[np.float32]:
    table = np.asarray(committee)
    if table.ndim != 3 or len(table) < 2:
        raise ValueError(f"a committee is a table (members >= 2, n, labels), got {table.shape}")
    if how not in ("max", "mean"):
        raise ValueError(f"how must be max or mean, not {how!r}")
    for member in table:
        check(member, distributions=kind == "single")
    found = np.empty(table.shape[1], dtype=np.float32)
    for start in range(0, table.shape[1], BLOCK):
        block = np.asarray(table[:, start : start + BLOCK], dtype=np.float64)
        if kind == "multi":  # each label becomes a question of two answers
            value = step(np.stack([block, 1 - block], axis=-1))
            value = value.max(axis=-1) if how == "max" else value.mean(axis=-1)
        else:
            value = step(block)
        found[start : start + BLOCK] = np.clip(value, 0, 1)
    return found


def _vote_entropy(block: Block) -> Block:
    """(members, ..., labels) -> (...)."""
    votes = np.stack([(block.argmax(axis=-1) == j).mean(axis=0) for j in range(block.shape[-1])])
    return np.asarray(-_plogp(votes).sum(axis=0) / _most(block))


def _kl(block: Block) -> Block:
    mean = block.mean(axis=0)
    gap = _plogp(block).sum(axis=-1).mean(axis=0) - _plogp(mean).sum(axis=-1)
    return np.asarray(gap / _most(block))


def _most(block: Block) -> float:
    return float(np.log(min(block.shape[0], block.shape[-1])))


def _plogp(p: npt.NDArray[Any]) -> Block:
    return np.asarray(p * np.log(np.where(p > 0, p, 1)))
