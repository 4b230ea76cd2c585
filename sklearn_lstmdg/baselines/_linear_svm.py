"""A linear SVM whose C is searched for, and the Gram factor that makes the search cheap."""

import threading
import warnings
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from joblib import Parallel, delayed
from scipy.linalg import cholesky, solve_triangular
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedGroupKFold, check_cv
from sklearn.svm import LinearSVC
from sklearn.utils._param_validation import StrOptions

from ..base import bounded_jobs, check_positive, draw_seed
from ..scans import class_weights, votes

SEARCH_CONSTRAINTS = {
    "Cs": ["array-like"],
    "cv": ["cv_object"],
    "class_weight": [dict, StrOptions({"balanced"}), None],
    "random_state": ["random_state"],
}
_ONE_SOLVER = threading.Lock()


def gram_factor(features):
    """Return fewer columns with the same products between rows, where there are fewer rows.

    A linear model on them has the same decisions; :func:`primal_coefficients` gives its weights.
    """
    n_rows, n_features = features.shape
    if n_rows >= n_features:
        return features
    products = features @ features.T
    products[np.diag_indices(n_rows)] += 1e-12 * max(np.trace(products) / n_rows, 1e-300)
    return cholesky(products, lower=True, overwrite_a=True, check_finite=False)


def primal_coefficients(coef, factor, features):
    """Return the weights of the features for those of their :func:`gram_factor`."""
    if factor.shape == features.shape:
        return coef
    return solve_triangular(factor, coef.T, lower=True, trans="T").T @ features


def check_Cs(Cs):
    """Return the candidates for C in ascending order."""
    return np.sort(np.array(check_positive(Cs, "Cs"), dtype=float))


def search_folds(y_encoded, groups, cv, rng, places=None):
    """Return the (train, test) rows of a search, none where there are too few groups.

    Where ``cv`` holds numbers of rows of X, ``places`` tells where these are among the rows, or -1.
    Shapes: y_encoded, groups (n_rows,), places (n_rows_of_X,).
    """
    classes = np.unique(y_encoded)
    n_groups = min(len(np.unique(groups[y_encoded == k])) for k in classes)
    if isinstance(cv, Integral) or cv is None:
        n_folds = min(5 if cv is None else cv, n_groups)
        if n_folds < 2:
            return []
        cv = StratifiedGroupKFold(n_folds, shuffle=True, random_state=draw_seed(rng))
    folds = _split(cv, y_encoded, groups, places)
    return [(a, b) for a, b in folds if len(np.unique(y_encoded[a])) == len(classes)]


def _split(cv, y_encoded, groups, places):
    """Return training and test rows by number, whether cv tells them so or by masks."""
    is_splitter = places is None or hasattr(cv, "split")
    rows = np.arange(len(y_encoded)) if is_splitter else places
    try:
        folds = check_cv(cv, y_encoded, classifier=True).split(y_encoded, y_encoded, groups)
        folds = [[rows[np.atleast_1d(part)] for part in fold] for fold in folds]
        folds = [(a[a >= 0], b[b >= 0]) for a, b in folds]
    except (IndexError, TypeError, ValueError) as error:
        raise ValueError(f"cv={cv!r} gives no pairs of training and test rows: {error}") from error
    if not folds or not all(len(test) for _, test in folds):
        raise ValueError(f"cv={cv!r} gives no fold, or one without test rows.")
    return folds


@dataclass(frozen=True)
class SVMSearch:
    """Linear SVMs with L2 penalty and squared hinge loss on rows of one or more windows."""

    y_encoded: np.ndarray  # (n_rows,)
    row_weights: np.ndarray  # (n_rows,)
    class_weight: object  # by class number
    max_iter: int
    tol: float
    seed: int  # decides the order in which the solver visits rows
    n_jobs: int | None = None  # folds side by side, in processes

    def fit(self, C, features, rows):
        """Fit one SVM on windows, of which ``rows`` tells the rows.

        Shapes: features (n_windows, n_columns), rows (n_windows,).
        """
        labels, weights = self.y_encoded[rows], self.row_weights[rows]
        class_weight = dict(enumerate(self._class_weights(labels, weights)))
        svm = LinearSVC(C=C, dual=True, max_iter=self.max_iter, tol=self.tol)
        svm.set_params(random_state=self.seed, class_weight=class_weight)
        # liblinear's generator, and Python's warning filters, are one for the whole process.
        with _ONE_SOLVER, warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return svm.fit(features, labels, weights)

    def _class_weights(self, labels, weights):
        return class_weights(self.class_weight, labels, weights, self.y_encoded.max() + 1)

    def is_capped(self, svm):
        """Tell whether a fit stopped before it converged."""
        return int(np.max(svm.n_iter_)) >= self.max_iter

    def choose_C(self, Cs, features, rows, folds, weight):
        """Choose C by the accuracy over rows, whose windows vote.

        Shapes: Cs (n_candidates,), features (n_windows, n_columns), rows (n_windows,).
        """
        if not folds or len(Cs) == 1:
            return float(Cs[len(Cs) // 2]), {}, 0
        # scikit-learn's own Parallel would change the warning filters in each thread.
        scored = Parallel(n_jobs=bounded_jobs(self.n_jobs, len(folds)))(
            delayed(self._score_fold)(features, rows, *fold, Cs * weight) for fold in folds
        )
        scores = np.array([scores for scores, _ in scored])
        mean = scores.mean(axis=0)
        results = {
            "param_C": Cs,
            **{f"split{k}_test_score": fold for k, fold in enumerate(scores)},
            "mean_test_score": mean,
            "std_test_score": scores.std(axis=0),
        }
        return float(Cs[mean.argmax()]), results, sum(capped for _, capped in scored)

    def _score_fold(self, features, rows, train, test, Cs):
        """Return the accuracy over test rows for each C, and how many fits were capped."""
        is_train, is_test, y_encoded = np.isin(rows, train), np.isin(rows, test), self.y_encoded
        class_weights = self._class_weights(y_encoded, self.row_weights)
        row_weights = (self.row_weights * class_weights[y_encoded])[test]
        features_train, features_test = features[is_train], features[is_test]
        shape = len(y_encoded), y_encoded.max() + 1
        scores, n_capped = [], 0
        for C in Cs:
            svm = self.fit(C, features_train, rows[is_train])
            margins = svm.decision_function(features_test)
            total = np.zeros(shape)
            np.add.at(total, rows[is_test], votes(margins.reshape(len(margins), -1)))
            correct = np.argmax(total[test], axis=1) == y_encoded[test]
            scores.append(np.average(correct, weights=row_weights))
            n_capped += self.is_capped(svm)
        return scores, n_capped
