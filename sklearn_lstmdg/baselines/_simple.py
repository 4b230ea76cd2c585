"""Plain systems to compare with: connectivity as features, and a perceptron averaged over time."""

import warnings
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._extras import require
from ..scans import (
    check_sequences,
    connectable_scans,
    find_constant_rois,
    fisher_z,
    scan_connectivity,
    whole_scans,
)
from ._mean_mlp_module import MeanMLP
from ._scan_nets import ScanNetMixin

__all__ = ["ConnectivityFeatures", "MeanMLPClassifier"]

_POSITIVE = Interval(Integral, 1, None, closed="left")


class ConnectivityFeatures(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
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
    diagonal, as nilearn orders them. Covariances depend on the scale of the series: standardise
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

    def __init__(self, kind="correlation"):
        self.kind = kind

    def fit(self, X, y=None):
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
            The transformer.

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

    def transform(self, X):
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
        if (sequences.kind == "table") != self._is_table:
            there = "a table of features" if self._is_table else "scans"
            raise ValueError(f"X is of another form than X in fit, which was {there}.")
        if self._is_table:
            return np.concatenate(sequences.series)
        if self.kind == "tangent":
            scans = _fluctuating_scans(sequences)
            # nilearn refuses a single scan, so that one more stands beside it.
            return self.measure_.transform([*scans, scans[0]])[:-1]
        correlations = scan_connectivity(sequences)
        return fisher_z(correlations) if self.kind == "fisher" else correlations

    def _check_scans(self, X, reset=False):
        sequences = check_sequences(X, estimator=self, reset=reset)
        if sequences.kind == "bags":
            raise ValueError("X holds bags of windows: give whole scans, or use FCSVM for bags.")
        return sequences

    def __sklearn_is_fitted__(self):
        """Tell whether ``fit`` was called."""
        return hasattr(self, "_is_table")

    def __sklearn_tags__(self):
        """Declare the data forms that scikit-learn's checks try."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _fluctuating_scans(sequences):
    """Return the scans in float64; one without any fluctuation has no place in tangent space."""
    scans = whole_scans(sequences, min_points=2)
    constant = [find_constant_rois(scan, like=scan) for scan in scans]
    flat = [row for row, rois in enumerate(constant) if rois.all()]
    if flat:
        raise ValueError(f"All ROIs are constant in rows {flat[:10]} of X.")
    n_constant = int(np.sum(constant))
    if n_constant:
        warnings.warn(
            f"{n_constant} ROI series were constant in their scan; they keep the variance that "
            "shrinkage gives them.",
            UserWarning,
            stacklevel=3,
        )
    return [np.asarray(scan, dtype=np.float64) for scan in scans]


class MeanMLPClassifier(ScanNetMixin, ClassifierMixin, BaseEstimator):
    """Perceptron over every time point of a scan, whose mean over time is the logit.

    A dense layer, layer normalisation, ReLU and dropout code each time point on its own; the codes'
    mean over the scan goes through a linear layer [1]_. What the order of the points tells is not
    used, nor connectivity as such.

    Parameters
    ----------
    hidden_sizes : sequence of int, default=(160,)
        Nodes of the hidden layers [1]_.
    dropout : float, default=0.49
        Rate after each hidden layer [1]_.
    lr : float, default=5e-3
        Learning rate of Adam [1]_.
    max_epochs : int, default=200
        Most epochs [1]_.
    batch_size : int, default=64
        Scans per step [1]_.
    patience : int, default=30
        Epochs without a lower validation loss before training stops [1]_.
    validation_fraction : float, default=0.1
        Share of each class's groups held back; 0 trains for ``max_epochs`` without validation.
    n_threads : int, default=1
        Threads of torch.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, order, dropout and the internal split.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of ROIs.
    history_ : dict of ndarray of shape (n_epochs,)
        Cross-entropy by epoch: "train_loss", and "valid_loss" where rows validate.
    n_iter_ : int
        Epochs trained.
    best_epoch_ : int
        Epoch, from 1, whose weights are kept.
    module_ : torch.nn.Module
        The trained network.

    See Also
    --------
    LSTMDGClassifier : Its variant "s" is a recurrent network averaged over time.

    Notes
    -----
    Scans are read whole and as they are: standardise them first (``ScanCleaner``). A bag of windows
    is read as the scan that they were cut from; a table (2-D) holds scans of one point.

    References
    ----------
    .. [1] P. Popov et al. "A simple but tough-to-beat baseline for fMRI time-series
       classification", NeuroImage 303, 2024; default values as in its package ml4fmri.

    Examples
    --------
    >>> from sklearn_lstmdg.baselines import MeanMLPClassifier
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> cohort = make_scans(n_subjects=20, n_rois=12, random_state=0)
    >>> mlp = MeanMLPClassifier((8,), max_epochs=3, random_state=0)
    >>> mlp.fit(cohort.data, cohort.target).predict_proba(cohort.data).shape
    (20, 2)
    """

    __metadata_request__fit = {"groups": True, "validation": True}

    _parameter_constraints = {
        "hidden_sizes": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [_POSITIVE],
        "batch_size": [_POSITIVE],
        "patience": [_POSITIVE],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_threads": [_POSITIVE],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_sizes=(160,),
        *,
        dropout=0.49,
        lr=5e-3,
        max_epochs=200,
        batch_size=64,
        patience=30,
        validation_fraction=0.1,
        n_threads=1,
        random_state=None,
    ):
        self.hidden_sizes = hidden_sizes
        self.dropout = dropout
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.n_threads = n_threads
        self.random_state = random_state

    def fit(self, X, y, groups=None, validation=None):
        """Train on labelled scans.

        Parameters
        ----------
        X : array-like or list
            Scans, bags of windows, or a table of scans of one point.
        y : array-like of shape (n_rows,)
            Class labels.
        groups : array-like of shape (n_rows,), default=None
            Rows that belong together; the internal split keeps them so.
        validation : array-like of bool of shape (n_rows,), default=None
            Rows that validate, in place of the internal split.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter or the input is not as described, or y holds one class.
        FloatingPointError
            If the loss stops being finite.
        """
        sequences, codes, groups = self._check_fit(X, y, groups)
        sizes = self._check_hidden_sizes()
        rng = check_random_state(self.random_state)
        held = self._hold_out(validation, codes, groups, rng)
        return self._train(
            self._read_rows(sequences),
            codes,
            held,
            lambda n_outputs: MeanMLP(sequences.n_rois, n_outputs, sizes, self.dropout),
            rng,
        )

    def _check_hidden_sizes(self):
        sizes = list(self.hidden_sizes)
        if not sizes or not all(isinstance(size, Integral) and size > 0 for size in sizes):
            raise ValueError(
                f"hidden_sizes must be whole numbers of at least 1, got {self.hidden_sizes!r}."
            )
        return sizes

    def _read_rows(self, sequences):
        return [torch.tensor(scan, dtype=torch.float32) for scan in whole_scans(sequences)]
