"""Functional connectivity and a linear support vector machine: the paper's traditional baseline."""

import warnings
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from .._text import counted
from .._typing import ClassWeight, Folds, Scans, Seed
from ..base import ScanClassifierMixin, draw_seed, keeps_model_if_refused
from ..scans import (
    check_class_weight,
    check_connectable,
    connectivity_features,
    connectivity_matrices,
    every_window,
    level_of_the_caller,
    n_connections,
    scan_features,
    warn_of_constant_rois,
)
from ._linear_svm import (
    SEARCH_CONSTRAINTS,
    SVMSearch,
    check_Cs,
    gram_factor,
    primal_coefficients,
    search_folds,
)


class FCSVM(ScanClassifierMixin, BaseEstimator):
    """Pearson connectivity of scans or windows, and a linear SVM whose C is searched for.

    The correlations between all pairs of ROIs of each scan, or of each window of a bag, are the
    features of a linear support vector machine with L2 penalty and squared hinge loss [1]_.
    Its C is chosen by cross-validation over rows, in which the windows of a bag and the rows of a
    group stay together. A bag's windows vote.

    Parameters
    ----------
    Cs : sequence of float, default=(1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
        Candidates. Of equally accurate ones the first is taken.
    cv : int or cross-validation splitter, default=5
        Folds of the search, stratified and over groups; never more than the smallest class has
        groups. Below two folds there is no search, and the median of ``Cs`` is taken.
    search_step : int, default=10
        The search uses every ``search_step``-th window of a bag, weighted by this number, so that C
        means the same as in the final fit, which uses all windows.
    max_iter : int, default=200
        Most passes over the data of one fit. Beyond, there is one warning for all fits.
    tol : float, default=1e-3
        Tolerance of the solver's stopping rule.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes.
    n_jobs : int, default=None
        Folds of the search run side by side, in processes.
    random_state : int, RandomState instance or None, default=None
        Decides the folds and the order in which the solver visits rows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of ROIs; of features, where X is a table.
    C_ : float
        The chosen C.
    cv_results_ : dict of ndarray
        ``param_C``, ``split<k>_test_score``, ``mean_test_score`` and ``std_test_score``: accuracy
        over rows, weighted by ``class_weight``. Empty without a search.
    n_iter_ : int
        Passes of the final fit.
    coef_ : ndarray of shape (1, n_connections) or (n_classes, n_connections)
        Weights of the pairs of ROIs, the upper triangle row by row.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    connectivity_coef_ : ndarray of shape (n_rois, n_rois) or (n_classes, n_rois, n_rois)
        ``coef_`` as symmetric matrices; not for a table.

    See Also
    --------
    SubsequenceAugmenter : Cuts scans into bags; with ``horizon=0`` for this estimator.

    Notes
    -----
    A table (2-D) holds features that are ready. Every point of a scan or window is used.

    Where rows are fewer than features, the search runs on a triangular square root of the rows'
    products in place of the features, which has the same solution in fewer columns; so does the
    final fit, where the search has used every window. Otherwise that fit holds the features of all
    windows in double precision, and the solver its own copy: 24 bytes a feature and window, 3.3 GB
    for 22,600 windows of 111 ROIs.

    References
    ----------
    .. [1] A. Abraham et al. "Deriving reproducible biomarkers from multi-site resting-state data:
       An Autism-based example", NeuroImage 147, 2017.

    Examples
    --------
    >>> from sklearn_lstmdg import FCSVM
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> cohort = make_scans(n_subjects=20, n_rois=12, random_state=0)
    >>> svm = FCSVM(Cs=[0.01, 0.1], random_state=0).fit(cohort.data, cohort.target)
    >>> svm.connectivity_coef_.shape
    (12, 12)
    """

    __metadata_request__fit = {"groups": True, "sample_weight": True}

    _parameter_constraints = {
        **SEARCH_CONSTRAINTS,
        "search_step": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, np.iinfo(np.int32).max, closed="both")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "n_jobs": [
            Interval(Integral, None, -1, closed="right"),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
    }

    def __init__(
        self,
        Cs: ArrayLike = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0),
        *,
        cv: Folds = 5,
        search_step: int = 10,
        max_iter: int = 200,
        tol: float = 1e-3,
        class_weight: ClassWeight = None,
        n_jobs: int | None = None,
        random_state: Seed = None,
    ) -> None:
        self.Cs = Cs
        self.cv = cv
        self.search_step = search_step
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.random_state = random_state

    @keeps_model_if_refused
    def fit(
        self,
        X: Scans,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> "FCSVM":
        """Search for C, then fit on all rows and windows.

        Parameters
        ----------
        X : array-like or list
            Scans, bags of windows, or a table of ready features.
        y, groups : as in ``LSTMDGClassifier.fit``
            Class labels, and which rows belong together.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows, in the fits and in the search's accuracy: a row of weight 2 counts
            as two, one of weight 0 is left out.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the input is not as described, or a sequence has fewer than two points.
        """
        rows = self._check_fit(X, y, groups, sample_weight)
        sequences, y_encoded = rows.sequences, rows.y
        self._is_table = sequences.kind == "table"
        check_connectable(sequences)
        Cs = check_Cs(self.Cs)
        rng = check_random_state(self.random_state)
        folds = search_folds(y_encoded, rows.groups, self.cv, rng, rows.places)
        class_weight = check_class_weight(self.class_weight, self.classes_)
        options = self.max_iter, self.tol, draw_seed(rng), self.n_jobs
        search = SVMSearch(y_encoded, rows.weights, class_weight, *options)
        features, origin, n_constant = _features(sequences)
        searched, kept, weight = features, origin, 1.0
        if folds and len(Cs) > 1:
            step = self.search_step if sequences.kind == "bags" else 1
            chosen, kept = every_window(step, sequences.n_windows)
            searched, weight = gram_factor(features[chosen]), len(features) / len(kept)
        self.C_, self.cv_results_, n_capped = search.choose_C(Cs, searched, kept, folds, weight)
        # Where the search has used every window, its Gram factor serves the final fit too.
        final = searched if len(searched) == len(features) else features
        svm = search.fit(self.C_, final, origin)
        self.coef_ = primal_coefficients(svm.coef_, final, features)
        self.intercept_, self.n_iter_ = svm.intercept_, int(np.max(svm.n_iter_))
        self._warn(n_constant, n_capped + search.is_capped(svm))
        return self

    def _warn(self, n_constant, n_capped):
        warn_of_constant_rois(n_constant, "correlations set to 0")
        if n_capped:
            warnings.warn(
                f"{counted(n_capped, 'fit')} of the linear SVM stopped after "
                f"max_iter={self.max_iter} passes, before convergence.",
                ConvergenceWarning,
                stacklevel=level_of_the_caller(),
            )

    def _probabilities(self, scores):
        """Return the logistic function of the margins, normalised: in order, not calibrated."""
        positive = expit(scores)
        if positive.shape[1] == 1:
            return np.hstack([1 - positive, positive])
        return positive / positive.sum(axis=1, keepdims=True)

    @property
    def connectivity_coef_(self) -> NDArray[np.float64]:
        """Weights of the pairs of ROIs as symmetric matrices."""
        check_is_fitted(self)
        if self._is_table:
            raise AttributeError("connectivity_coef_ needs scans; X was a table of features.")
        matrices = connectivity_matrices(self.coef_, self.n_features_in_)
        return matrices[0] if len(matrices) == 1 else matrices

    def _scores(self, X):
        """Return each row's margins (n_windows, n_outputs), row by row."""
        sequences = self._check_rows(X)
        self._check_form(sequences)
        check_connectable(sequences)
        margins, n_constant = [], 0
        for row in range(len(sequences)):
            features, _, constant = _features(sequences.take([row]))
            margins.append(features @ self.coef_.T + self.intercept_)
            n_constant += constant
        self._warn(n_constant, 0)
        return margins, sequences.kind == "bags"


def _features(sequences):
    """Return the features of all windows, the row of each, and the number of constants."""
    if sequences.kind == "table":
        rows = np.arange(len(sequences))
        return np.concatenate(sequences.series).astype(np.float64), rows, 0
    counts = sequences.n_windows
    features = np.empty((counts.sum(), n_connections(sequences.n_rois)))
    if sequences.kind == "scans":
        return features, np.arange(len(counts)), scan_features(sequences.series, features)
    by_row = enumerate(np.split(features, np.cumsum(counts)[:-1]))
    n_constant = sum(connectivity_features(sequences.windows(row), out) for row, out in by_row)
    return features, np.repeat(np.arange(len(counts)), counts), n_constant
