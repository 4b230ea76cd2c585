"""All overlapping subsequences of a scan as training data."""

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ._text import counted, listed
from ._typing import Scans
from .base import NamedOutputMixin, ScanEstimatorMixin, keeps_model_if_refused
from .scans import check_column, check_times, window_view

__all__ = ["SubsequenceAugmenter"]


_OUTPUTS = ("bags", "windows")
_A_SCAN = " A table has one time point a row; of a single scan X is a list: [scan]."


def _gives(output):
    def check(augmenter):
        # An output that there is not is told of by the method, with those that there are.
        if augmenter.output == output or augmenter.output not in _OUTPUTS:
            return True
        raise AttributeError(f"This method needs output={output!r}, not {augmenter.output!r}.")

    return check


class SubsequenceAugmenter(
    NamedOutputMixin,
    ScanEstimatorMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """Cut every scan into its overlapping windows.

    With ``output="bags"`` rows stay subjects: ``transform`` gives each subject's windows as one
    bag, a view on the scan, so that a Pipeline or a splitter over rows keeps them together. With
    ``output="windows"`` this is a sampler in imbalanced-learn's sense: ``fit_resample`` gives one
    row for each window, and which row it came from.

    Parameters
    ----------
    length : int, default=30
        Points of a window that are read; the paper's 30 are one minute at 2 s.
    step : int, default=1
        Points from the start of one window to the next.
    horizon : int, default=1
        Further points of each window, which the generative task generates. Use 0 for models that
        read every point, such as ``FCSVM``.
    output : {"bags", "windows"}, default="bags"
        Whether this is a transformer to bags or a sampler of windows.

    Attributes
    ----------
    n_features_in_ : int
        Number of ROIs.
    sample_indices_ : ndarray of shape (n_windows,)
        After ``fit_resample``: row of X that each window was cut from. These are the groups for a
        splitter such as ``GroupKFold``.
    start_indices_ : ndarray of shape (n_windows,)
        After ``fit_resample``: time point of the scan that each window starts with;
        ``window_starts`` tells it of bags.

    See Also
    --------
    LSTMDGClassifier : Trains on bags and on windows.

    Notes
    -----
    Bags hold no copy of the points. Indexing a 4-D array of bags, or pickling it, does copy every
    window; put the augmenter into the Pipeline instead of cutting beforehand.

    A table (2-D) holds scans of one point: it needs ``length=1, horizon=0``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_lstmdg import SubsequenceAugmenter
    >>> scans = np.zeros((4, 50, 6))
    >>> SubsequenceAugmenter(length=30).fit_transform(scans).shape
    (4, 20, 31, 6)
    >>> sampler = SubsequenceAugmenter(length=30, step=5, output="windows")
    >>> windows, labels = sampler.fit_resample(scans, [0, 1, 0, 1])
    >>> windows.shape, sampler.sample_indices_
    ((16, 31, 6), array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]))
    """

    _parameter_constraints = {
        "length": [Interval(Integral, 1, None, closed="left")],
        "step": [Interval(Integral, 1, None, closed="left")],
        "horizon": [Interval(Integral, 0, None, closed="left")],
        "output": [StrOptions(set(_OUTPUTS))],
    }

    def __init__(
        self, length: int = 30, step: int = 1, horizon: int = 1, output: str = "bags"
    ) -> None:
        self.length = length
        self.step = step
        self.horizon = horizon
        self.output = output

    @keeps_model_if_refused
    def fit(self, X: Scans, y: object = None) -> "SubsequenceAugmenter":
        """Check the scans; nothing is learnt from them.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_timepoints, n_rois) or list of 2-D arrays
            Scans.
        y : ignored
            Present for API consistency.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X holds bags, or scans too short for one window; the message names the rows.
        """
        self._check_scans(X, reset=True)
        return self

    @available_if(_gives("bags"))
    def transform(self, X: Scans) -> NDArray[np.floating] | list[NDArray[np.floating]]:
        """Return each scan's windows as a bag.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_timepoints, n_rois) or list of 2-D arrays
            Scans.

        Returns
        -------
        ndarray of shape (n_subjects, n_windows, length + horizon, n_rois) or \
                list of ndarray of shape (n_windows_i, length + horizon, n_rois)
            Read-only views; a list where X is a list. Of DataFrames it has the ROIs' names as its
            attribute ``columns``, which estimators take up.
        """
        check_is_fitted(self)
        sequences = self._check_scans(X)
        if sequences.kind == "table":
            return np.stack(sequences.series)[:, None]
        if getattr(X, "ndim", None) == 3:
            X = np.asarray(X, dtype=sequences.series[0].dtype)
            return self._contained(window_view(X, self.length + self.horizon, self.step), X)
        return self._contained(self._cut(sequences), X, sequences.names)

    @available_if(_gives("bags"))
    def fit_transform(
        self, X: Scans, y: object = None
    ) -> NDArray[np.floating] | list[NDArray[np.floating]]:
        """Check the scans and return their windows.

        Parameters
        ----------
        X, y : as in ``fit``
            Scans.

        Returns
        -------
        ndarray or list
            Bags, as from ``transform``.
        """
        return self.fit(X).transform(X)

    @available_if(_gives("windows"))
    @keeps_model_if_refused
    def fit_resample(self, X: Scans, y: ArrayLike) -> tuple[NDArray[np.floating], NDArray]:
        """Return one row for each window, with its label.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_timepoints, n_rois) or list of 2-D arrays
            Scans.
        y : array-like of shape (n_subjects,)
            Labels.

        Returns
        -------
        windows : ndarray of shape (n_windows, length + horizon, n_rois)
            A copy of every window: ``length + horizon`` times the scans at ``step=1``.
        labels : ndarray of shape (n_windows,)
            Label of the scan that each window was cut from.
        """
        sequences = self._check_scans(X, reset=True)
        y = check_column(y, len(sequences), "y")
        bags = self._cut(sequences)
        counts = [len(bag) for bag in bags]
        self.sample_indices_ = np.repeat(np.arange(len(bags)), counts)
        self.start_indices_ = np.concatenate(self._starts(counts))
        return np.concatenate(bags), _safe_indexing(y, self.sample_indices_)

    def window_starts(
        self, X: Scans, t_r: "float | ArrayLike | None" = None
    ) -> "list[NDArray[np.intp]] | list[NDArray[np.float64]]":
        """Return when each window of each scan begins, in the order of the windows of a bag.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_timepoints, n_rois) or list of 2-D arrays
            Scans.
        t_r : float or array-like of shape (n_subjects,), default=None
            Repetition time in seconds, of all scans or of each.

        Returns
        -------
        list of ndarray of shape (n_windows_i,)
            Time points from 0; with ``t_r``, seconds from the beginning of the scan.

        Raises
        ------
        ValueError
            If X holds bags, or scans too short for one window, or a repetition time is none.
        """
        check_is_fitted(self)
        sequences = self._check_scans(X)
        starts = self._starts([len(bag) for bag in self._cut(sequences)])
        if t_r is None:
            return starts
        seconds = check_times(t_r, len(starts))
        return [points * t_r for points, t_r in zip(starts, seconds, strict=True)]

    def _starts(self, counts):
        return [np.arange(n) * self.step for n in counts]

    def _cut(self, sequences):
        n_points = self.length + self.horizon
        return [window_view(scan, n_points, self.step) for scan in sequences.series]

    def _check_scans(self, X, reset=False):
        self._validate_params()
        sequences = self._check_rows(X, reset)
        if sequences.kind == "bags":
            raise ValueError("X holds bags of windows already; SubsequenceAugmenter cuts scans.")
        needed = self.length + self.horizon
        short = np.flatnonzero(sequences.lengths < needed)
        if len(short):
            raise ValueError(
                f"Scans too short for one window of length + horizon = {needed} points: "
                f"{_tell_lengths(sequences.lengths, short)}."
                f"{_A_SCAN if sequences.kind == 'table' else ''}"
            )
        return sequences


def _tell_lengths(lengths, short):
    """Name the rows that are too short, by their numbers of points."""
    if len(short) == len(lengths) > 1 and len(set(lengths)) == 1:
        return f"all {len(lengths)} rows have {counted(lengths[0], 'point')}"
    told = [f"{row} ({counted(lengths[row], 'point')})" for row in short]
    return f"{'row' if len(short) == 1 else 'rows'} {listed(told)}"
