"""Connectivity of whole scans as a table, for any classifier."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from .._extras import require
from .._text import listed
from .._typing import Scans
from ..base import ScanEstimatorMixin, keeps_model_if_refused
from ..scans import (
    connectable_scans,
    find_constant_rois,
    fisher_z,
    scan_connectivity,
    warn_of_constant_rois,
    whole_scans,
)


class ConnectivityFeatures(ScanEstimatorMixin, TransformerMixin, BaseEstimator):
    """Connectivity of each subject's whole scan, as a table for any classifier.

    Parameters
    ----------
    kind : {"correlation", "fisher", "tangent"}, default="correlation"
        Pearson's r of all pairs of ROIs; Fisher's z of it, artanh r; or the deviation of the
        subject's covariance (Ledoit-Wolf) from the training subjects' geometric mean, in the space
        tangent to it [1]_. The last is nilearn's ``ConnectivityMeasure`` and needs the extra
        ``neuro``.

    Attributes
    ----------
    n_features_in_ : int
        Number of ROIs; of features, where X is a table.
    measure_ : nilearn.connectome.ConnectivityMeasure
        The fitted measure, with the mean covariance in ``mean_``; kind "tangent" only.

    See Also
    --------
    FCSVM : Reads scans and bags itself, and searches its penalty.

    Notes
    -----
    Pairs are the upper triangle row by row; kind "tangent" has the lower triangle with its
    diagonal, as nilearn orders them. Covariances depend on the scale of the series: standardize
    scans first (``ScanCleaner``).

    A table (2-D) holds features that are ready, which are returned as they are.

    References
    ----------
    .. [1] G. Varoquaux et al. "Detection of brain functional-connectivity difference in post-stroke
       patients using group-level covariance modeling", MICCAI 2010.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_lstmdg.baselines import ConnectivityFeatures
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> cohort = make_scans(n_subjects=20, n_rois=12, random_state=0)
    >>> ConnectivityFeatures("fisher").fit_transform(cohort.data).shape
    (20, 66)
    >>> model = make_pipeline(ConnectivityFeatures(), LogisticRegression())
    >>> model.fit(cohort.data, cohort.target).predict(cohort.data).shape
    (20,)
    """

    _parameter_constraints = {"kind": [StrOptions({"correlation", "fisher", "tangent"})]}

    def __init__(self, kind: str = "correlation") -> None:
        self.kind = kind

    @keeps_model_if_refused
    def fit(self, X: Scans, y: object = None) -> "ConnectivityFeatures":
        """Check the scans; kind "tangent" learns the mean covariance.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_timepoints, n_rois) or list of 2-D arrays
            Scans, or a table of ready features.
        y : ignored
            Present for API consistency.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X holds bags of windows, or a scan has fewer than two points or no fluctuation.
        ImportError
            If kind "tangent" meets scans and nilearn is not installed.
        """
        self._validate_params()
        sequences = self._check_scans(X, reset=True)
        self._is_table = sequences.kind == "table"
        if self._is_table:
            return self
        if self.kind == "tangent":
            connectome = require("nilearn.connectome", extra="neuro")
            measure = connectome.ConnectivityMeasure(kind="tangent", vectorize=True)
            self.measure_ = measure.fit(_fluctuating_scans(sequences))
        else:
            connectable_scans(sequences)
        return self

    def transform(self, X: Scans) -> NDArray[np.float64]:
        """Return the features of each scan.

        Parameters
        ----------
        X : as in ``fit``
            Scans, or a table of ready features.

        Returns
        -------
        ndarray of shape (n_subjects, n_features)
            ``n_rois * (n_rois - 1) / 2`` features, for kind "tangent"
            ``n_rois * (n_rois + 1) / 2``.

        Raises
        ------
        ValueError
            As in ``fit``.

        Warns
        -----
        UserWarning
            If ROIs are constant: how many series.
        """
        check_is_fitted(self)
        sequences = self._check_scans(X)
        self._check_form(sequences)
        if self._is_table:
            return np.concatenate(sequences.series)
        if self.kind == "tangent":
            scans = _fluctuating_scans(sequences)
            # nilearn refuses a single scan, so that one more stands beside it.
            return self.measure_.transform([*scans, scans[0]])[:-1]
        correlations = scan_connectivity(sequences)
        return fisher_z(correlations) if self.kind == "fisher" else correlations

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the pairs of ROIs, in the order of the features.

        Parameters
        ----------
        input_features : array-like of str of shape (n_rois,), default=None
            Names of the ROIs; by default those of the fit, or x0, x1 and so on.

        Returns
        -------
        ndarray of str of shape (n_features,)
            Such as "Insula--Putamen"; for a table the names of its features.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if self._is_table:
            return names
        is_tangent = self.kind == "tangent"
        pairs = np.tril_indices(len(names)) if is_tangent else np.triu_indices(len(names), 1)
        joined = [f"{names[i]}--{names[j]}" for i, j in zip(*pairs, strict=True)]
        return np.array(joined, dtype=object)

    def _check_scans(self, X, reset=False):
        sequences = self._check_rows(X, reset)
        if sequences.kind == "bags":
            raise ValueError("X holds bags of windows: give whole scans, or use FCSVM for bags.")
        return sequences

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_is_table")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


def _fluctuating_scans(sequences):
    """Return the scans in float64; one without any fluctuation has no place in tangent space."""
    scans = whole_scans(sequences, min_points=2)
    constant = [find_constant_rois(scan) for scan in scans]
    flat = [row for row, rois in enumerate(constant) if rois.all()]
    if flat:
        raise ValueError(f"All ROIs are constant in rows {listed(flat)} of X.")
    kept = "with the variance that shrinkage gives"
    warn_of_constant_rois(int(np.sum(constant)), kept)
    return [np.asarray(scan, dtype=np.float64) for scan in scans]
