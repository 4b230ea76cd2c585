"""Communities from memberships by exact 2-means, and how alike two sets of communities are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from ..base import check_whole

_ROUNDING = np.finfo(np.float32).eps


def find_constant(membership: NDArray) -> NDArray[np.bool_]:
    """Tell which communities have the same membership for every ROI."""
    return np.ptp(membership, axis=0) <= _ROUNDING * np.abs(membership).max(axis=0)


def two_means(membership: ArrayLike) -> NDArray[np.bool_]:
    r"""Split the ROIs of each community into members and others, by exact 2-means.

    In one dimension a cluster is a run of sorted weights. The split with the least squares within
    clusters has the most between them: with weights centred on their mean, that is

    .. math:: \max_{n} \frac{R}{n (R - n)} \Big( \sum_{i \le n} w_{(i)} \Big)^2 .

    Shapes: membership (n_rois, n_communities); returned (n_rois, n_communities).
    """
    weights = np.asarray(membership, dtype=np.float64)
    n_rois = len(weights)
    if n_rois < 2:
        return np.zeros(weights.shape, dtype=bool)
    ordered = np.sort(weights, axis=0)
    n_below = np.arange(1, n_rois)[:, None]
    between = np.cumsum(_unit(ordered), axis=0)[:-1] ** 2 / (n_below * (n_rois - n_below))
    between[ordered[1:] == ordered[:-1]] = 0
    is_best = between >= between.max(axis=0) * (1 - 1e-12)
    last = n_rois - 1 - is_best[::-1].argmax(axis=0)
    least_of_members = ordered[last, np.arange(ordered.shape[1])]
    return (weights >= least_of_members) & ~find_constant(weights)


def member_weights(membership, communities):
    """Return weights, (n_rois, n_communities), for means over each community's members."""
    weights = np.where(communities, membership, 0)
    total = weights.sum(axis=0)
    return weights / np.where(total > 0, total, 1)


def correlate(first: NDArray, second: NDArray) -> NDArray[np.float64]:
    """Correlate the memberships of all pairs of communities over ROIs, (n_first, n_second)."""
    return _unit(first).T @ _unit(second)


def _unit(membership):
    """Centre each column and scale it to length 1; a constant one becomes zeros."""
    constant = find_constant(membership)
    scaled = membership / np.where(constant, 1, np.ptp(membership, axis=0))
    centred = scaled - scaled.mean(axis=0)
    return np.where(constant, 0, centred / np.where(constant, 1, np.linalg.norm(centred, axis=0)))


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Compare the members of all pairs of communities, (n_first, n_second)."""
    shared = first.T.astype(np.float64) @ second
    sizes = first.sum(axis=0)[:, None] + second.sum(axis=0)
    return 2 * shared / np.maximum(sizes, 1)


def match_best(similarity: NDArray) -> float:
    """Average, over the first communities, the similarity to the most alike of the second."""
    return float(similarity.max(axis=1).mean())


def match_one_to_one(similarity: NDArray) -> float:
    """Average, over the first communities, the similarity of pairs matched one to one."""
    pairs = linear_sum_assignment(similarity, maximize=True)
    return float(similarity[pairs].sum() / len(similarity))


def top_communities(
    membership: ArrayLike, influence: ArrayLike, roi_names: Sequence | None = None, n: int = 3
) -> list[dict]:
    """List the most influential communities with their ROIs.

    Parameters
    ----------
    membership : array-like of shape (n_rois, n_communities)
        Memberships, split by exact 2-means, or members as bool.
    influence : array-like of shape (n_communities,)
        Influence of each community; of equal ones the first is taken.
    roi_names : sequence of length n_rois, default=None
        Names or codes of the ROIs; by default their numbers from 0.
    n : int, default=3
        How many communities, at least 1; all of them where there are fewer.

    Returns
    -------
    list of dict
        The most influential first: ``community`` (its number from 0), ``influence``, ``size``
        and ``rois``, the names of its members, by decreasing membership where that is known. A
        community without members has an empty list.

    Raises
    ------
    ValueError
        If the numbers of ROIs or communities do not agree, or n is below 1.

    Examples
    --------
    >>> from sklearn_lstmdg.communities import top_communities
    >>> membership = [[0.9, 0.0], [0.8, 0.1], [0.1, 0.7]]
    >>> top_communities(membership, [1.0, 2.5], ["insula", "caudate", "cuneus"], n=1)
    [{'community': 1, 'influence': 2.5, 'size': 1, 'rois': ['cuneus']}]
    """
    check_whole(n, "n", 1)
    membership, influence = np.asarray(membership), np.asarray(influence)
    numbers = np.arange(len(membership))
    names = np.asarray(numbers if roi_names is None else roi_names, dtype=object).tolist()
    if membership.ndim != 2 or (len(names), len(influence)) != membership.shape:
        raise ValueError(
            f"There are {len(names)} ROI names and {len(influence)} influences for a membership of "
            f"shape {membership.shape} (n_rois, n_communities)."
        )
    communities = membership if membership.dtype == bool else two_means(membership)
    order = np.argsort(-membership.astype(np.float64), axis=0, kind="stable")
    return [
        {
            "community": int(k),
            "influence": float(influence[k]),
            "size": int(communities[:, k].sum()),
            "rois": [names[roi] for roi in order[:, k] if communities[roi, k]],
        }
        for k in np.argsort(-influence, kind="stable")[:n]
    ]


def top_with_members(membership, influence, roi_names, n):
    """List the most influential of the communities that have members."""
    every = top_communities(membership, influence, roi_names, len(influence))
    return [community for community in every if community["size"]][:n]
