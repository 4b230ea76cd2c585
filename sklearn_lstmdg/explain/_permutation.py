"""What a score loses where subjects exchange the series of an ROI, or of a community's."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from sklearn import inspection
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring
from sklearn.utils.validation import check_is_fitted

from .._bunch import Bunch
from .._typing import Scans, Seed
from ..scans import Sequences, check_column, check_sequences
from ._reading import roi_names


def permutation_importance(
    estimator: BaseEstimator,
    X: Scans,
    y: ArrayLike,
    communities: ArrayLike | Mapping[str, Sequence[int]] | None = None,
    *,
    scoring: str | Callable | Sequence[str] | Mapping | None = None,
    n_repeats: int = 5,
    sites: ArrayLike | None = None,
    n_jobs: int | None = None,
    random_state: Seed = None,
) -> Bunch:
    """Tell what a score loses where subjects exchange an ROI's series, or those of a community.

    scikit-learn's function of this name, which permutes columns, takes the time axis of scans for
    them, without an error. This one hands it columns that tell whose series each subject gets: a
    series goes from one subject to another as a whole, and keeps its own fluctuation; its relation
    to the other ROIs is lost. That of a community's members to each other stays.

    Parameters
    ----------
    estimator : estimator
        Fitted; any that reads scans or bags.
    X : array-like or list
        Subjects that it was not fitted on, in any data form.
    y : array-like of shape (n_subjects,)
        Their labels.
    communities : array-like of bool of shape (n_rois, n_communities) or dict, default=None
        ROIs that are exchanged together: ``communities_`` of a ``CommunityExtractor``, or lists of
        ROI numbers by name. None takes each ROI alone.
    scoring : str, callable, sequence or dict, default=None
        As in scikit-learn; None is the estimator's own score.
    n_repeats : int, default=5
        How often each is permuted.
    sites : array-like of shape (n_subjects,), default=None
        Exchange within sites alone, so that what an ROI tells of the site is no importance.
    n_jobs : int, default=None
        As in scikit-learn.
    random_state : int, RandomState instance or None, default=None
        Draws the permutations.

    Returns
    -------
    Bunch
        As scikit-learn's: ``importances`` (n_communities, n_repeats), ``importances_mean`` and
        ``importances_std`` (n_communities,), what is lost on average; ``names``, a list; and
        ``n_exchanged``, how many subjects had another to exchange with. For several scores a dict
        of such.

    Raises
    ------
    ValueError
        If communities do not fit the ROIs, or no two subjects have scans of one length.

    See Also
    --------
    sklearn.inspection.permutation_importance : The same for columns.

    Notes
    -----
    Subjects exchange with those whose scans have as many points and windows; where there is none,
    they keep their series. Importances are of what the model uses and does not have elsewhere: of
    two ROIs that tell the same, neither is important alone.

    References
    ----------
    .. [1] L. Breiman. "Random Forests", Machine Learning 45, 2001.

    Examples
    --------
    >>> from sklearn_lstmdg import FCSVM
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.explain import permutation_importance
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = FCSVM(Cs=[0.1], random_state=0).fit(cohort.data[:12], cohort.target[:12])
    >>> test = cohort.data[12:], cohort.target[12:]
    >>> importance = permutation_importance(model, *test, cohort.communities, random_state=0)
    >>> importance.importances.shape == (cohort.communities.shape[1], 5)
    True
    """
    check_is_fitted(estimator)
    sequences = check_sequences(X)
    y = check_column(y, len(sequences), "y")
    names, members = _name_members(communities, roi_names(estimator, sequences.n_rois))
    classes = _interchangeable(sequences, sites)
    score = _ScoreOfExchange(check_scoring(estimator, scoring), sequences, members, classes)
    rows = np.tile(np.arange(len(sequences))[:, None], len(members))
    options = {"n_repeats": n_repeats, "n_jobs": n_jobs, "random_state": random_state}
    importance = inspection.permutation_importance(estimator, rows, y, scoring=score, **options)
    n_exchanged = sum(len(rows) for rows in classes)
    more = {"names": names, "n_exchanged": n_exchanged}
    if "importances" in importance:
        return Bunch(**importance, **more)
    return Bunch(**{scorer: Bunch(**result, **more) for scorer, result in importance.items()})


@dataclass
class _ScoreOfExchange:
    """Scores a table that tells, by community, whose series each row gets."""

    scorer: Callable
    sequences: Sequences
    members: list
    classes: list

    def __call__(self, estimator, table, y):
        """Return the score of the rows after the exchange."""
        series = self.sequences.series
        for rois, column in zip(self.members, table.T, strict=True):
            if (column != np.arange(len(column))).any():
                series = self._exchange(series, rois, column)
        return self.scorer(estimator, replace(self.sequences, series=series).in_form(), y)

    def _exchange(self, series, rois, column):
        """Permute within rows of one length, in the order that the column has there."""
        exchanged = list(series)
        for rows in self.classes:
            for row, donor in zip(rows, rows[np.argsort(column[rows])], strict=True):
                exchanged[row] = series[row].copy()
                exchanged[row][:, rois] = series[donor][:, rois]
        return exchanged


def _interchangeable(sequences, sites):
    """Return the numbers of rows that can exchange series, a list of arrays of two or more."""
    if sites is None:
        sites = np.zeros(len(sequences))
    sites = check_column(sites, len(sequences), "sites").tolist()
    lengths = [len(series) for series in sequences.series]
    classes = defaultdict(list)
    for row, kind in enumerate(zip(lengths, sequences.n_windows, sites, strict=True)):
        classes[kind].append(row)
    found = [np.array(rows) for rows in classes.values() if len(rows) > 1]
    if not found:
        where = "" if len(set(sites)) == 1 else " at one site"
        raise ValueError(
            f"No two rows of X have scans of one length{where}: nothing can be exchanged. Cut them "
            "to one length."
        )
    return found


def _name_members(communities, named):
    """Return names, and the ROI numbers that belong to each."""
    n_rois = len(named)
    if communities is None:
        return named, [[roi] for roi in range(n_rois)]
    if isinstance(communities, Mapping):
        members = [np.asarray(list(rois), dtype=int) for rois in communities.values()]
        _check_members(members, n_rois)
        return list(communities), members
    is_member = np.asarray(communities)
    if is_member.dtype != bool or is_member.ndim != 2 or len(is_member) != n_rois:
        raise ValueError(
            f"communities must be bool of shape ({n_rois}, n_communities), got "
            f"{is_member.dtype} of shape {is_member.shape}."
        )
    names = [f"community {k}" for k in range(is_member.shape[1])]
    return names, [np.flatnonzero(community) for community in is_member.T]


def _check_members(members, n_rois):
    for rois in members:
        if len(rois) and not 0 <= rois.min() <= rois.max() < n_rois:
            raise ValueError(f"communities name ROI {rois.max()}; X has ROIs 0 to {n_rois - 1}.")
