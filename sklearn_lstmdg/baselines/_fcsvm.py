"""Functional connectivity and a linear support vector machine: the paper's traditional baseline."""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedGroupKFold, check_cv
from sklearn.svm import LinearSVC
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from ..scans import (
    check_groups,
    check_labels,
    check_sequences,
    connectivity_features,
    connectivity_matrices,
    every_window,
    n_connections,
    scan_features,
)
from ._rotation import rotate, turn_back

__all__ = ["FCSVM"]


class FCSVM(ClassifierMixin, BaseEstimator):
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
        Folds of the search run side by side, in threads.
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

    __metadata_request__fit = {"groups": True}

    _parameter_constraints = {
        "Cs": ["array-like"],
        "cv": ["cv_object"],
        "search_step": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, str, None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        Cs=(1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0),
        *,
        cv=5,
        search_step=10,
        max_iter=200,
        tol=1e-3,
        class_weight=None,
        n_jobs=None,
        random_state=None,
    ):
        self.Cs = Cs
        self.cv = cv
        self.search_step = search_step
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X, y, groups=None):
        """Search for C, then fit on all rows and windows.

        Parameters
        ----------
        X : array-like or list
            Scans, bags of windows, or a table of ready features.
        y : array-like of shape (n_rows,)
            Class labels.
        groups : array-like of shape (n_rows,), default=None
            Rows that belong together.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError
            If the input is not as described, or a sequence has fewer than two points.
        """
        self._validate_params()
        sequences = check_sequences(X, estimator=self, reset=True)
        _check_n_points(sequences)
        self.classes_, codes = check_labels(y, len(sequences))
        groups = check_groups(groups, len(sequences))
        rng = check_random_state(self.random_state)
        folds = self._make_folds(codes, groups, rng)
        seed = int(rng.randint(np.iinfo(np.int32).max))
        self._is_table = sequences.kind == "table"
        features, rows, n_constant = _features(sequences)
        n_capped, turned = self._search(sequences, features, codes, folds, seed)
        svm = self._svm(self.C_, seed).fit(turned, codes[rows])
        self.coef_, self.intercept_ = turn_back(svm.coef_, turned, features), svm.intercept_
        self.n_iter_ = int(np.max(svm.n_iter_))
        self._warn(n_constant, n_capped + int(self.n_iter_ >= self.max_iter))
        return self

    def _make_folds(self, codes, groups, rng):
        """Return (train, test) rows of the search, or none where there are too few groups."""
        n_groups = min(len(np.unique(groups[codes == k])) for k in np.unique(codes))
        cv = self.cv
        if isinstance(cv, Integral) or cv is None:
            n_folds = min(5 if cv is None else cv, n_groups)
            if n_folds < 2:
                return []
            seed = int(rng.randint(np.iinfo(np.int32).max))
            cv = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        folds = check_cv(cv, codes, classifier=True).split(codes, codes, groups)
        n_classes = len(np.unique(codes))
        return [(a, b) for a, b in folds if len(np.unique(codes[a])) == n_classes]

    def _search(self, sequences, features, codes, folds, seed):
        """Choose C; return how many fits were capped, and what the final fit may run on."""
        Cs = np.sort(np.asarray(self.Cs, dtype=float))
        if not len(Cs) or Cs[0] <= 0:
            raise ValueError(f"Cs must be positive numbers, at least one, got {self.Cs!r}.")
        self.cv_results_ = {}
        if not folds or len(Cs) == 1:
            self.C_ = float(Cs[len(Cs) // 2])
            return 0, features
        step = self.search_step if sequences.kind == "bags" else 1
        kept, rows = every_window(step, sequences.n_windows)
        weight = len(features) / len(rows)
        turned = rotate(features[kept])
        told = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(self._score_fold)(turned, rows, codes, *fold, Cs * weight, seed)
            for fold in folds
        )
        scores = np.array([scores for scores, _ in told])
        self.cv_results_ = {
            "param_C": Cs,
            **{f"split{k}_test_score": fold for k, fold in enumerate(scores)},
            "mean_test_score": scores.mean(axis=0),
            "std_test_score": scores.std(axis=0),
        }
        self.C_ = float(Cs[scores.mean(axis=0).argmax()])
        n_capped = sum(capped for _, capped in told)
        return n_capped, turned if step == 1 else features

    def _score_fold(self, features, rows, codes, train, test, Cs, seed):
        """Return the accuracy over test rows for each C, and how many fits were capped."""
        trained, tested = np.isin(rows, train), np.isin(rows, test)
        row_weights = compute_sample_weight(self._code_weights(), codes)[test]
        features_train, features_test = features[trained], features[tested]
        scores, n_capped = [], 0
        for C in Cs:
            svm = self._svm(C, seed).fit(features_train, codes[rows[trained]])
            votes = np.zeros((len(codes), len(self.classes_)))
            np.add.at(votes, rows[tested], _vote(svm.decision_function(features_test)))
            correct = np.argmax(votes[test], axis=1) == codes[test]
            scores.append(np.average(correct, weights=row_weights))
            n_capped += int(np.max(svm.n_iter_) >= self.max_iter)
        return scores, n_capped

    def _svm(self, C, seed):
        svm = _QuietSVC(C=C, dual=True, max_iter=self.max_iter, tol=self.tol)
        return svm.set_params(random_state=seed, class_weight=self._code_weights())

    def _code_weights(self):
        if not isinstance(self.class_weight, dict):
            return self.class_weight
        codes = {label: code for code, label in enumerate(self.classes_.tolist())}
        return {codes[label]: w for label, w in self.class_weight.items() if label in codes}

    def _warn(self, n_constant, n_capped):
        if n_constant:
            warnings.warn(
                f"{n_constant} ROI series were constant in their scan or window; their "
                "correlations were set to 0.",
                UserWarning,
                stacklevel=3,
            )
        if n_capped:
            warnings.warn(
                f"{n_capped} fits of the linear SVM stopped after max_iter={self.max_iter} passes "
                "before they converged.",
                ConvergenceWarning,
                stacklevel=3,
            )

    def predict(self, X):
        """Return the most probable class of each row, the first of equals.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        proba = self.predict_proba(X)
        return self.classes_[np.argmax(proba, axis=1)]

    def predict_proba(self, X):
        """Return class probabilities.

        A bag's are the proportions of its windows' votes. A sequence's are the logistic function of
        its margin (normalised with more than two classes): in order, but not calibrated.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
        """
        sequences, margins = self._margins(X)
        if sequences.kind == "bags":
            return np.stack([_vote(margin).mean(axis=0) for margin in margins])
        positive = expit(np.concatenate(margins))
        if positive.shape[1] == 1:
            return np.hstack([1 - positive, positive])
        return positive / positive.sum(axis=1, keepdims=True)

    def decision_function(self, X):
        """Return scores in the order of ``predict_proba``.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_classes)
            Margins of sequences. For bags the probability less 0.5, or with more than two classes
            the probabilities.
        """
        sequences, margins = self._margins(X)
        if sequences.kind != "bags":
            margins = np.concatenate(margins)
            return margins[:, 0] if margins.shape[1] == 1 else margins
        proba = np.stack([_vote(margin).mean(axis=0) for margin in margins])
        return proba[:, 1] - 0.5 if proba.shape[1] == 2 else proba

    @property
    def connectivity_coef_(self):
        """Weights of the pairs of ROIs as symmetric matrices."""
        check_is_fitted(self)
        if self._is_table:
            raise AttributeError("connectivity_coef_ needs scans; X was a table of features.")
        matrices = connectivity_matrices(self.coef_, self.n_features_in_)
        return matrices[0] if len(matrices) == 1 else matrices

    def _margins(self, X):
        """Return the rows and each row's margins (n_windows, n_outputs), row by row."""
        check_is_fitted(self)
        sequences = check_sequences(X, estimator=self)
        _check_n_points(sequences)
        if (sequences.kind == "table") != self._is_table:
            there = "a table of features" if self._is_table else "scans or bags"
            raise ValueError(f"FCSVM was fitted on {there} and got something else.")
        margins, n_constant = [], 0
        for row in range(len(sequences)):
            features, _, constant = _features(sequences.take([row]))
            margins.append(features @ self.coef_.T + self.intercept_)
            n_constant += constant
        self._warn(n_constant, 0)
        return sequences, margins

    def __sklearn_tags__(self):
        """Declare the data forms that scikit-learn's checks try."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        return tags


class _QuietSVC(LinearSVC):
    """Linear SVM that leaves it to its caller to count fits that did not converge."""

    def fit(self, X, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().fit(X, y)


def _check_n_points(sequences):
    short = np.flatnonzero(sequences.lengths < 2) if sequences.kind != "table" else []
    if len(short):
        raise ValueError(f"Connectivity needs 2 points or more; rows {short[:10].tolist()} have 1.")


def _features(sequences):
    """Return the features of all windows, the row of each, and the number of constants."""
    if sequences.kind == "table":
        rows = np.arange(len(sequences))
        return np.concatenate(sequences.series).astype(np.float64), rows, 0
    counts = sequences.n_windows
    features = np.empty((counts.sum(), n_connections(sequences.n_rois)))
    if sequences.kind == "scans":
        return features, np.arange(len(counts)), scan_features(sequences.series, features)
    ends, n_constant = np.cumsum(counts), 0
    for row, (end, count) in enumerate(zip(ends, counts, strict=True)):
        n_constant += connectivity_features(sequences.windows(row), features[end - count : end])
    return features, np.repeat(np.arange(len(counts)), counts), n_constant


def _vote(margins):
    """Turn margins (n,) or (n, n_outputs) into one vote a row, (n, n_classes)."""
    margins = margins.reshape(len(margins), -1)
    if margins.shape[1] == 1:
        margins = np.hstack([-margins, margins])
    return np.eye(margins.shape[1])[margins.argmax(axis=1)]
