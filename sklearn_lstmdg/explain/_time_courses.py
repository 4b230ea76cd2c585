"""What a network makes of a scan over time: windows' probabilities, and its communities."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, is_regressor

from .._bunch import Bunch
from .._typing import Scans
from ..scans import in_rows
from ._reading import read, read_communities


def window_probabilities(estimator: BaseEstimator, X: Scans) -> Bunch:
    """Return the class probabilities of each subject's windows, and when they are.

    Parameters
    ----------
    estimator : LSTMDGClassifier or Pipeline
        Fitted.
    X : array-like or list
        What the estimator reads.

    Returns
    -------
    Bunch
        Lists with an array for each subject: ``probabilities`` (n_windows_i, n_classes) and
        ``starts`` (n_windows_i,), the first time point of each window; ``n_read`` (n_subjects,),
        how many points of a window are read; ``classes``, the labels.

    Raises
    ------
    ValueError
        If the Pipeline cannot be followed, or ends in a regressor.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.explain import window_probabilities
    >>> from sklearn_lstmdg.models import make_model
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = make_model("lstm-dg", step=10, n_communities=6, max_epochs=2, random_state=0)
    >>> windows = window_probabilities(model.fit(cohort.data, cohort.target), cohort.data[:3])
    >>> windows.starts[0], windows.probabilities[0].shape
    (array([ 0, 10, 20]), (3, 2))
    """
    reading = read(estimator, X)
    if is_regressor(reading.model):
        raise ValueError("A regressor has no probabilities: predict_windows tells its predictions.")
    bags = [reading.windows.windows(row) for row in range(len(reading))]
    return Bunch(
        probabilities=reading.model.predict_window_proba(bags),
        starts=[np.asarray(starts) for starts in reading.windows.starts],
        n_read=np.array([reading.n_read(row) for row in range(len(reading))]),
        classes=reading.model.classes_,
    )


def community_time_courses(
    estimator: BaseEstimator, X: Scans, *, common: ArrayLike | None = None
) -> NDArray[np.float64] | list[NDArray[np.float64]]:
    r"""Return each subject's communities over the time of its scan.

    At each time point the mean of :math:`h_t` over the windows that hold it, whose own beginnings
    lie at other times. Of several nets, whose communities do not correspond, it is the activity of
    those in common: the mean of the nets' :math:`h_{tj}`, weighted by the share of each that the
    common community explains (:func:`~sklearn_lstmdg.communities.common_shares`).

    Parameters
    ----------
    estimator : LSTMDGClassifier, LSTMDGRegressor or Pipeline
        Fitted, of variant "dg", "h" or, with one net, "d".
    X : array-like or list
        What the estimator reads.
    common : array-like of shape (n_rois, n_communities), default=None
        Memberships of communities in common, such as ``membership_`` of a ``CommunityExtractor``.
        None is one net's own communities, and of several nets ``common_memberships`` of them.

    Returns
    -------
    ndarray of shape (n_subjects, n_timepoints, n_communities)
        NaN where no window is; 0 of a community that no net has a part of. A list where scans are
        ragged.

    Raises
    ------
    ValueError
        If the variant has no communities, none in common among its nets, or the Pipeline cannot be
        followed.

    See Also
    --------
    sklearn_lstmdg.CommunityExtractor : Communities as means of their members' series.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.explain import community_time_courses
    >>> from sklearn_lstmdg.models import make_model
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = make_model("lstm-dg", step=10, n_communities=6, max_epochs=2, random_state=0)
    >>> community_time_courses(model.fit(cohort.data, cohort.target), cohort.data[:3]).shape
    (3, 60, 6)
    """
    reading, _, shares = read_communities(estimator, X, common)
    courses = []
    for row in range(len(reading)):
        activity = _shared_activity(reading.model, [reading.windows.windows(row)], shares)
        courses.append(reading.lay_back(row, activity, fill=np.nan)[0])
    return in_rows(courses)


def _shared_activity(model, bag, shares):
    """Average the nets' h_t of a bag by the shares, (n_windows, n_points, n_communities)."""
    total = np.sum([part.sum(axis=1) for part in shares], axis=0)
    weights = [part / np.where(total > 0, total, 1)[:, None] for part in shares]
    return sum(model.community_activity(bag, net)[0] @ part.T for net, part in enumerate(weights))
