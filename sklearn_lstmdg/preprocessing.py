"""What is done to scans before windows are cut from them."""

import warnings
from collections.abc import Sequence
from numbers import Real

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from ._text import counted, listed
from ._typing import Scans
from .base import NamedOutputMixin, ScanEstimatorMixin, keeps_model_if_refused
from .scans import (
    band_pass,
    find_constant_rois,
    regress_global_mean,
    standardize,
    warn_of_constant_rois,
)

__all__ = ["ScanCleaner"]


class ScanCleaner(
    NamedOutputMixin,
    ScanEstimatorMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """Filter, regress and standardize each subject's scan on its own.

    The steps, each optional, run in this order: band-pass, regression of the mean over ROIs,
    standardization. Regression comes after the filter, so that only fluctuations of the band
    decide how much of the mean each ROI loses; standardization comes last, so that what leaves
    has unit variance. Nothing is learnt from one subject for another: there is no leakage from
    cleaning all scans before a cross-validation.

    Parameters
    ----------
    standardize : bool, default=True
        Whether to scale every ROI to mean 0 and standard deviation 1 over the whole scan
        (``ddof=0``), as in the paper.
    band_pass : tuple of (float, float), default=None
        Lower and upper edge, in Hz, of the band to keep, such as ``(0.01, 0.1)``. A Butterworth
        filter of order 4 runs forwards and backwards, so nothing is shifted in time.
    t_r : float, default=2.0
        Repetition time of all scans, in seconds. Only the band-pass uses it.
    regress_global_mean : bool, default=False
        Whether to remove from every ROI what the mean over ROIs explains of it (least squares).
        The ROI keeps its own mean over time.

    Attributes
    ----------
    n_features_in_ : int
        Number of ROIs.
    feature_names_in_ : ndarray of str of shape (n_rois,)
        Names of the ROIs, where X is a DataFrame.

    See Also
    --------
    SubsequenceAugmenter : Cuts the cleaned scans into windows.
    sklearn_lstmdg.datasets.load_abide : Resamples sites of another repetition time.

    Notes
    -----
    An ROI that is constant over a scan, or becomes so, is set to zeros, with one warning for all
    scans. Constant means a standard deviation within the rounding of its numbers.

    Scans of one time point have no fluctuation to clean: they are returned as they are.

    Numbers are computed in float64; float32 scans come back as float32.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.preprocessing import ScanCleaner
    >>> scans = make_scans(n_subjects=4, n_rois=20, random_state=0).data
    >>> cleaned = ScanCleaner(regress_global_mean=True).fit_transform(scans)
    >>> cleaned.shape
    (4, 176, 20)
    >>> bool(abs(cleaned.std(axis=1) - 1).max() < 1e-4)
    True
    """

    _parameter_constraints = {
        "standardize": ["boolean"],
        "band_pass": [tuple, list, None],
        "t_r": [Interval(Real, 0, None, closed="neither")],
        "regress_global_mean": ["boolean"],
    }

    def __init__(
        self,
        standardize: bool = True,
        band_pass: Sequence[float] | None = None,
        t_r: float = 2.0,
        regress_global_mean: bool = False,
    ) -> None:
        self.standardize = standardize
        self.band_pass = band_pass
        self.t_r = t_r
        self.regress_global_mean = regress_global_mean

    @keeps_model_if_refused
    def fit(self, X: Scans, y: object = None) -> "ScanCleaner":
        """Check the scans and the parameters; nothing is learnt.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_timepoints, n_rois) or list of 2-D arrays
            Scans. A 2-D array holds scans of one time point.
        y : ignored
            Present for API consistency.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X holds bags of windows, if the band is not one that scans of this repetition time
            can hold, or if scans are shorter than one period of its lower edge.

        Warns
        -----
        UserWarning
            If most scans have more ROIs than time points, as transposed ones would.
        """
        sequences = self._check_scans(X, reset=True)
        lengths = sequences.lengths
        n_wide = int(np.sum((lengths > 1) & (lengths < sequences.n_rois)))
        if sequences.kind == "scans" and n_wide > len(sequences) / 2:
            of = f"of {counted(len(sequences), 'scan')}"
            warnings.warn(
                f"{counted(n_wide, f'{of} has', f'{of} have')} more ROIs than time points: "
                "transposed? A scan is (n_timepoints, n_rois).",
                UserWarning,
                stacklevel=2,
            )
        return self

    def transform(self, X: Scans) -> NDArray[np.floating] | list[NDArray[np.floating]]:
        """Return cleaned copies of the scans.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_timepoints, n_rois) or list of 2-D arrays
            Scans.

        Returns
        -------
        ndarray of shape (n_subjects, n_timepoints, n_rois), or list of ndarray of shape \
                (n_timepoints_i, n_rois)
            Cleaned scans, in the form of X: DataFrames for DataFrames, and where ``set_output``
            says so.

        Raises
        ------
        ValueError
            As in ``fit``.

        Warns
        -----
        UserWarning
            If ROIs are constant: how many, and in how many scans.
        """
        check_is_fitted(self)
        sequences = self._check_scans(X)
        cleaned, constant = zip(*map(self._clean, sequences.series), strict=True)
        rows, rois = np.nonzero(np.stack(constant))
        first = f"row {rows[0]}, ROI {rois[0]}" if len(rows) else ""
        warn_of_constant_rois(len(rows), "set to zeros", first)
        if sequences.kind == "table":
            return self._contained(np.concatenate(cleaned), X)
        if getattr(X, "ndim", 1) == 3:
            return self._contained(np.stack(cleaned), X)
        return self._contained(list(cleaned), X, sequences.names)

    def _check_scans(self, X, reset=False):
        self._validate_params()
        sequences = self._check_rows(X, reset)
        if sequences.kind == "bags":
            raise ValueError("X holds bags of windows: clean scans before cutting windows.")
        if self.band_pass is not None:
            self._check_band(sequences)
        return sequences

    def _check_band(self, sequences):
        edges, nyquist = tuple(self.band_pass), 0.5 / self.t_r
        are_numbers = len(edges) == 2 and all(isinstance(edge, Real) for edge in edges)
        if not are_numbers or not 0 < edges[0] < edges[1] < nyquist:
            raise ValueError(
                f"band_pass must be (low, high) in Hz with 0 < low < high < {nyquist:g} (half of "
                f"1 / t_r), got {self.band_pass!r}."
            )
        needed = 1 / (edges[0] * self.t_r)
        short = [row for row, scan in enumerate(sequences.series) if len(scan) < needed]
        if short:
            raise ValueError(
                f"Scans shorter than one period of band_pass's lower edge ({needed:.0f} points): "
                f"rows {listed(short)}."
            )

    def _clean(self, scan):
        """Return a scan after the steps, and which of its ROIs are constant."""
        cleaned = scan.astype(np.float64)
        has_steps = self.standardize or self.regress_global_mean or self.band_pass is not None
        if len(scan) == 1 or not has_steps:
            return cleaned.astype(scan.dtype), np.zeros(scan.shape[1], dtype=bool)
        if self.band_pass is not None:
            cleaned = band_pass(cleaned, *self.band_pass, self.t_r)
        if self.regress_global_mean:
            cleaned = regress_global_mean(cleaned)
        constant = find_constant_rois(cleaned, like=scan)
        cleaned[:, constant] = 0
        if self.standardize:
            cleaned = standardize(cleaned)
        return cleaned.astype(scan.dtype), constant

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
