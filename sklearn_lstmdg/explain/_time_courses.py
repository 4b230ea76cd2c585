"""What a network makes of a scan over time: windows' probabilities, and its communities."""

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_regressor

from .._bunch import Bunch
from .._typing import Scans
from ._reading import in_rows, read, read_communities


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
    >>> told = window_probabilities(model.fit(cohort.data, cohort.target), cohort.data[:3])
    >>> told.starts[0], told.probabilities[0].shape
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
    estimator: BaseEstimator, X: Scans
) -> NDArray[np.float64] | list[NDArray[np.float64]]:
    r"""Return each subject's communities over the time of its scan.

    At each time point the mean of :math:`h_t` over the windows that hold it, whose own beginnings
    lie at other times.

    Parameters
    ----------
    estimator : LSTMDGClassifier, LSTMDGRegressor or Pipeline
        Fitted, of variant "dg", "h" or "d".
    X : array-like or list
        What the estimator reads.

    Returns
    -------
    ndarray of shape (n_subjects, n_timepoints, n_communities)
        NaN where no window is; a list where scans are ragged.

    Raises
    ------
    ValueError
        If the variant has no communities, or the Pipeline cannot be followed.

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
    reading = read_communities(estimator, X)
    courses = []
    for row in range(len(reading)):
        activity = reading.model.community_activity([reading.windows.windows(row)])[0]
        courses.append(reading.lay_back(row, activity, fill=np.nan)[0])
    return in_rows(courses)
