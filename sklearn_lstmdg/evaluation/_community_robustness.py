"""How well communities agree between folds, and with those that were planted."""

from collections.abc import Sequence
from itertools import combinations
from numbers import Integral
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_random_state, check_scalar

from .._bunch import Bunch
from .._extras import require
from .._typing import Seed
from ..base import check_whole
from ..communities import (
    community_redundancy,
    correlate,
    dice,
    effective_communities,
    find_constant,
    match_best,
    match_one_to_one,
    two_means,
)

if TYPE_CHECKING:
    from pandas import DataFrame

_MEASURES = ("correlation", "dice", "matched_correlation", "matched_dice")


class _Communities(NamedTuple):
    membership: np.ndarray
    members: np.ndarray

    @property
    def n_dead(self):
        return int(find_constant(self.membership).sum())

    def relabel(self, order):
        """Hand the ROIs' memberships to other ROIs."""
        return _Communities(self.membership[order], self.members[order])


def community_robustness(
    memberships: Sequence[ArrayLike],
    reference: int = 0,
    n_permutations: int = 100,
    random_state: Seed = None,
) -> "DataFrame":
    """Compare the communities of every pair of folds.

    For each community of one fold, the paper [1]_ takes the largest correlation of membership
    weights, and the largest Dice coefficient of members, over all communities of the other fold,
    and averages over communities. Two communities may so have the same partner, and the largest
    of many is above zero by chance: beside it stand the one-to-one matching of largest total, and
    what both give when the other fold's ROI labels are permuted.

    Parameters
    ----------
    memberships : sequence of array-like of shape (n_rois, n_communities_f)
        ``membership_`` of each fold's model. Members are found by exact 2-means.
    reference : int, default=0
        The fold that is compared with all others first; fold 1 in the paper.
    n_permutations : int, default=100
        Permutations of the ROI labels, at least 2, the same ones for every pair.
    random_state : int, RandomState instance or None, default=None
        Decides the permutations.

    Returns
    -------
    DataFrame
        One row per pair: ``fold``, whose communities are averaged over, and ``other``. The rows
        whose ``fold`` is ``reference`` are the paper's and come first. ``correlation``, ``dice``
        (best match), ``matched_correlation`` and ``matched_dice`` (one to one; a community that
        stays unmatched counts 0), each with ``_null``, its mean over permutations, and ``_z``,
        its distance from that in standard deviations (NaN where those are 0). ``dead`` and
        ``other_dead`` count communities whose memberships are constant, zeros for example: their
        correlations are undefined and set to 0, and they have no members.

    Raises
    ------
    ValueError
        If there are fewer than two folds, a membership is not a finite matrix, or the numbers of
        ROIs differ; the message names the fold.

    References
    ----------
    .. [1] N. C. Dvornek, X. Li, J. Zhuang, J. S. Duncan. "Jointly Discriminative and Generative
       Recurrent Neural Networks for Learning from fMRI", MLMI 2019, arXiv:1910.06950.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_lstmdg.evaluation import community_robustness
    >>> membership = np.eye(4).repeat(5, axis=0)
    >>> noise = np.random.default_rng(0).uniform(size=(20, 4))
    >>> table = community_robustness([membership, membership, noise], random_state=0)
    >>> table[["fold", "other", "dice", "matched_dice"]].round(2)
       fold  other  dice  matched_dice
    0     0      1  1.00          1.00
    1     0      2  0.52          0.52
    2     1      2  0.52          0.52
    """
    pandas = require("pandas", extra="data")
    folds = _check_folds(memberships)
    check_scalar(reference, "reference", Integral, min_val=0, max_val=len(folds) - 1)
    orders = _draw_orders(len(folds[0].membership), n_permutations, random_state)
    others = [fold for fold in range(len(folds)) if fold != reference]
    records = []
    for fold, other in combinations([reference, *others], 2):
        records.append({"fold": fold, "other": other})
        records[-1] |= _compare(folds[fold], folds[other], orders)
        records[-1] |= {"dead": folds[fold].n_dead, "other_dead": folds[other].n_dead}
    return pandas.DataFrame(records)


def measure_communities(
    folds: dict[tuple[str, str, int, int], Bunch],
    n_permutations: int = 100,
    random_state: Seed = None,
) -> tuple["DataFrame", "DataFrame"]:
    """Measure the sizes of the communities of a comparison's folds, and how well folds agree.

    Parameters
    ----------
    folds : dict of Bunch
        By method, site, repeat and fold: ``membership`` and ``influence`` (or None), as from
        ``Comparison.fold``. The first fold of each site and repeat is the reference.
    n_permutations : int, default=100
        Permutations of the ROI labels, at least 2.
    random_state : int, RandomState instance or None, default=None
        Decides the permutations.

    Returns
    -------
    communities : DataFrame
        One row per ``method``, ``site``, ``repeat``, ``fold`` and ``community``: its ``size``,
        whether it is ``dead`` (of constant memberships), its ``redundancy``
        (:func:`~sklearn_lstmdg.communities.community_redundancy`), the fold's ``n_effective``
        (:func:`~sklearn_lstmdg.communities.effective_communities`), and its ``influence`` (NaN if
        unknown).
    robustness : DataFrame
        :func:`community_robustness` of each ``method``, ``site`` and ``repeat``.

    Raises
    ------
    ValueError
        If a method has one fold only at a site and repeat, or a membership is not as
        :func:`community_robustness` takes it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.utils import Bunch
    >>> from sklearn_lstmdg.evaluation import measure_communities
    >>> fold = Bunch(membership=np.eye(4).repeat(5, axis=0), influence=None)
    >>> folds = {("lstm-dg", "NYU", 0, number): fold for number in range(3)}
    >>> communities, robustness = measure_communities(folds, random_state=0)
    >>> communities["size"].unique().tolist(), len(robustness)
    ([5], 3)
    """
    pandas = require("pandas", extra="data")
    runs: dict[tuple, dict[int, Bunch]] = {}
    for (*run, number), fold in folds.items():
        runs.setdefault(tuple(run), {})[number] = fold
    communities = {key: pandas.DataFrame(_describe(fold)) for key, fold in folds.items()}
    robustness = {
        run: _compare_run(run, mine, n_permutations, random_state) for run, mine in runs.items()
    }
    keys = ["method", "site", "repeat", "fold"]
    return _stack(communities, keys), _stack(robustness, keys[:3])


def _stack(tables, names):
    """Return tables one below the other, with their keys as columns."""
    pandas = require("pandas", extra="data")
    return pandas.concat(tables, names=names).reset_index(names).reset_index(drop=True)


def _compare_run(run, folds, n_permutations, random_state):
    """Return the robustness of folds, by their own numbers."""
    if len(folds) < 2:
        where = ", ".join(map(str, run))
        raise ValueError(f"Robustness compares folds, and there is only one of {where}.")
    memberships = [fold.membership for fold in folds.values()]
    table = community_robustness(
        memberships, n_permutations=n_permutations, random_state=random_state
    )
    numbers = np.array(list(folds))
    return table.assign(fold=numbers[table["fold"]], other=numbers[table["other"]])


def _describe(fold):
    return {
        "community": np.arange(fold.membership.shape[1]),
        "size": two_means(fold.membership).sum(axis=0),
        "dead": find_constant(fold.membership),
        "redundancy": community_redundancy(fold.membership),
        "n_effective": effective_communities(fold.membership),
        "influence": np.nan if fold.influence is None else fold.influence,
    }


def summarize_robustness(communities: "DataFrame", robustness: "DataFrame") -> "DataFrame":
    """Summarize sizes and robustness of communities, one row per method and site.

    Parameters
    ----------
    communities, robustness : DataFrame
        From :func:`measure_communities`.

    Returns
    -------
    DataFrame
        ``method``, ``site``, ``size`` (mean over the communities that are not dead), ``dead``
        (share of all), ``redundancy`` and ``n_effective`` (means), and of each measure of
        :func:`community_robustness` the mean over the pairs with the reference fold, as in the
        paper, with its ``_sd`` (standard deviation over these pairs), its ``_null`` and ``_z``
        (mean level of chance, and mean distance from it in standard deviations, of the same
        pairs), and ``_all`` (mean over all pairs of folds).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.utils import Bunch
    >>> from sklearn_lstmdg.evaluation import measure_communities, summarize_robustness
    >>> fold = Bunch(membership=np.eye(4).repeat(5, axis=0), influence=None)
    >>> folds = {("lstm-dg", "NYU", 0, number): fold for number in range(3)}
    >>> summary = summarize_robustness(*measure_communities(folds, random_state=0))
    >>> summary[["method", "site", "size", "dice"]]
        method site  size  dice
    0  lstm-dg  NYU   5.0   1.0
    """
    keys = ["method", "site"]
    measures = [*_MEASURES]
    first = robustness.groupby([*keys, "repeat"])["fold"].transform("first")
    pairs = robustness[robustness["fold"] == first].groupby(keys)
    living = communities["size"].where(~communities["dead"])
    models = communities.assign(size=living).groupby(keys, sort=False)
    means = models[["size", "dead", "redundancy", "n_effective"]].mean()
    return means.join(
        [
            pairs[[f"{name}{end}" for name in measures for end in ("", "_null", "_z")]].mean(),
            pairs[measures].std().add_suffix("_sd"),
            robustness.groupby(keys)[measures].mean().add_suffix("_all"),
        ]
    ).reset_index()


def community_recovery(
    membership: ArrayLike, truth: ArrayLike, n_permutations: int = 100, random_state: Seed = None
) -> dict[str, float]:
    """Judge communities by those that were planted.

    Parameters
    ----------
    membership : array-like of shape (n_rois, n_communities)
        ``membership_`` of a model. Members are found by exact 2-means.
    truth : array-like of shape (n_rois, n_planted)
        Planted communities: memberships, whose members are the ROIs of positive weight, or the
        members themselves as bool.
    n_permutations : int, default=100
        Permutations of the ROI labels, at least 2.
    random_state : int, RandomState instance or None, default=None
        Decides the permutations.

    Returns
    -------
    dict of float
        ``correlation`` and ``dice``: of each planted community with the model's that is most
        alike, averaged; ``matched_correlation`` and ``matched_dice``: the same where no two
        planted communities have the same partner (one without a partner counts 0). Each with
        ``_null``, its mean over permutations, ``_z``, as in ``community_robustness``, and
        ``_adjusted``: 0 at the level of chance, 1 where recovery is perfect (NaN where chance is
        perfect). ``dead`` counts communities of the model with constant memberships; those, and
        planted ones of constant weight, correlate 0 with all others.

    Raises
    ------
    ValueError
        If an input is not a finite matrix, the numbers of ROIs differ, or a planted community has
        no members.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.evaluation import community_recovery
    >>> cohort = make_scans(n_subjects=4, n_rois=40, random_state=0)
    >>> recovery = community_recovery(cohort.membership, cohort.membership, random_state=0)
    >>> recovery["dice_adjusted"], recovery["dead"]
    (1.0, 0)
    """
    planted, found = _check_membership(truth, "truth"), _check_membership(membership, "membership")
    if len(planted) != len(found):
        raise ValueError(f"membership has {len(found)} ROIs and truth has {len(planted)}.")
    empty = np.flatnonzero(~(planted > 0).any(axis=0))
    if len(empty):
        raise ValueError(f"Planted community {empty[0]} has no members.")
    planted = _Communities(planted, planted > 0)
    found = _Communities(found, two_means(found))
    orders = _draw_orders(len(found.membership), n_permutations, random_state)
    record = _compare(planted, found, orders)
    for name in _MEASURES:
        gain, room = record[name] - record[f"{name}_null"], 1 - record[f"{name}_null"]
        record[f"{name}_adjusted"] = gain / room if room > 0 else np.nan
    return record | {"dead": found.n_dead}


def _check_folds(memberships):
    folds = [_check_membership(m, f"memberships[{f}]") for f, m in enumerate(memberships)]
    if len(folds) < 2:
        raise ValueError(f"Memberships of at least 2 folds are needed, got {len(folds)}.")
    for f, membership in enumerate(folds):
        if len(membership) != len(folds[0]):
            raise ValueError(
                f"memberships[{f}] has {len(membership)} ROIs and memberships[0] has "
                f"{len(folds[0])}."
            )
    return [_Communities(membership, two_means(membership)) for membership in folds]


def _check_membership(membership, name):
    try:
        return check_array(membership, dtype=np.float64, input_name=name)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be a finite matrix (n_rois, n_communities): {error}"
        ) from error


def _draw_orders(n_rois, n_permutations, random_state):
    check_whole(n_permutations, "n_permutations", 2)
    rng = check_random_state(random_state)
    return [rng.permutation(n_rois) for _ in range(n_permutations)]


def _compare(first, second, orders):
    """Return each measure with its mean over permuted ROI labels and its z-score."""
    null = [_measure(first, second.relabel(order)) for order in orders]
    record = {}
    for name, value in _measure(first, second).items():
        chance = np.array([permuted[name] for permuted in null])
        mean, spread = float(chance.mean()), chance.std(ddof=1)
        record |= {name: value, f"{name}_null": mean}
        record[f"{name}_z"] = float((value - mean) / spread) if spread > 1e-9 else np.nan
    return record


def _measure(first, second):
    alike = correlate(first.membership, second.membership), dice(first.members, second.members)
    values = [match(each) for match in (match_best, match_one_to_one) for each in alike]
    return dict(zip(_MEASURES, values, strict=True))
