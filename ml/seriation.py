"""An order in which things that are taken for one another stand together."""

import numpy as np
import numpy.typing as npt


def together(confused: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the order of the labels: those often confused lie side by side.

    confused: (k, k) counts or shares >= 0, rows what is true, columns what was said; the diagonal
        says nothing here. Both directions count.
    Returns: (k,) a permutation. Groups that are never confused with one another are kept apart,
        the most confused group first, labels without any confusion last, each in its old order.
    Raises: ValueError for a table that is not square, or not finite and >= 0.
    Source: Atkins, Boman and Hendrickson (1998), A spectral algorithm for seriation and the
        consecutive ones problem, SIAM J. Comput. 28: order by the Fiedler vector.
    """
    table = np.asarray(confused, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise ValueError(f"confusion must be square, got {table.shape}")
    if table.size and not (np.isfinite(table).all() and table.min() >= 0):
        raise ValueError("confusion must be finite and at least 0")
    near = table + table.T
    np.fill_diagonal(near, 0)
    groups = sorted(_groups(near), key=lambda g: (-near[np.ix_(g, g)].sum(), g[0]))
    order = [label for group in groups for label in _ordered(near, group)]
    return np.array(order, dtype=np.int64)


def _groups(near: npt.NDArray[np.float64]) -> list[list[int]]:
    """Labels that hang together, each group by number."""
    left, found = set(range(len(near))), []
    while left:
        group, edge = set(), [min(left)]
        while edge:
            at = edge.pop()
            if at not in group:
                group.add(at)
                edge.extend(np.flatnonzero(near[at]).tolist())
        left -= group
        found.append(sorted(group))
    return found


def _ordered(near: npt.NDArray[np.float64], group: list[int]) -> list[int]:
    if len(group) < 3:
        return group
    part = near[np.ix_(group, group)]
    laplacian = np.diag(part.sum(axis=1)) - part
    fiedler = np.linalg.eigh(laplacian)[1][:, 1]
    places = np.argsort(np.round(fiedler, 9), kind="stable")
    if places[0] > places[-1]:  # either end may come first; the older label does
        places = places[::-1]
    return [group[at] for at in places]
