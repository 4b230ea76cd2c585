"""Communities by non-negative PARAFAC of the windows' correlations: the paper's comparison."""

import warnings
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._typing import Scans, Seed
from ..base import ScanEstimatorMixin, keeps_model_if_refused
from ..scans import level_of_the_caller, warn_of_constant_rois
from ._factors import (
    fit_factors,
    fit_factors_dense,
    random_start,
    relative_error,
    solve_loadings,
    symmetrise,
)
from ._window_correlations import WindowCorrelations


class ParafacCommunities(
    ScanEstimatorMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    r"""Communities as the non-negative PARAFAC of the windows' correlation matrices.

    Each window's Pearson correlation matrix is one slice of a tensor of shape
    (n_rois, n_rois, n_windows), which is approximated by

    .. math:: C_s \approx \sum_k w_k \, l_{sk} \, a_k a_k^T, \qquad a_k, l_{sk}, w_k \ge 0,

    where :math:`a_k` is the membership of the ROIs in community k and :math:`l_{sk}` how much of
    it window s holds [1]_. The tensor is never formed: all products come from the windows.

    Parameters
    ----------
    n_communities : int, default=50
        Number of components.
    max_iter : int, default=200
        Most sweeps of each start.
    tol : float, default=1e-6
        A start has converged where a sweep changes the relative error by less. With 0 there is no
        such test: exactly ``max_iter`` sweeps are run.
    n_init : int, default=3
        Random starts; the one with the least error is kept.
    solver : {"windows", "tensorly"}, default="windows"
        ``"tensorly"`` forms the tensor and runs the HALS of that library from the same starts: a
        reference, for small data.
    step : int, default=1
        Every ``step``-th window of a bag is used. Neighbouring windows share most of their points,
        so steps of a few points lose little.
    random_state : int, RandomState instance or None, default=None
        Decides the starts.

    Attributes
    ----------
    n_features_in_ : int
        Number of ROIs.
    membership_ : ndarray of shape (n_rois, n_communities)
        :math:`a_k` as columns of length 1, sorted by weight. A component without weight is zero.
    weights_ : ndarray of shape (n_communities,)
        :math:`w_k`, descending.
    loadings_ : ndarray of shape (n_windows, n_communities)
        :math:`l_{sk}` of all windows used, row by row: columns of length 1.
    window_rows_ : ndarray of shape (n_windows,)
        Row of X that each window belongs to.
    subject_loadings_ : ndarray of shape (n_rows, n_communities)
        ``loadings_`` averaged over the windows of each row.
    reconstruction_err_ : float
        Relative error of the model, Frobenius norm of the difference over that of the tensor.
    errors_ : ndarray of shape (n_sweeps,)
        Relative error after each sweep of the start that was kept; empty for
        ``solver="tensorly"`` with ``tol=0``.
    n_iter_ : int
        Sweeps of the start that was kept.

    See Also
    --------
    SubsequenceAugmenter : Cuts scans into bags of windows.

    Notes
    -----
    A whole scan is one window; every point of a window is used. An ROI that is constant in a
    window has correlation 0 there, its diagonal included, with one warning for all. Windows of
    one point, and rows of a table (2-D), are not centred: their slice is the point's outer
    product with itself.

    About half of the correlations are negative where the global signal was regressed. Non-negative
    factors cannot fit these, and nothing is clipped: an error near 1 is expected there.

    HALS updates the two factors over ROIs in turn. On symmetric slices they become equal; at the
    end they are averaged at unit length, and the loadings solved for anew, exactly. The error and
    the loadings are those of this symmetric model. A sweep updates one of the two and the
    loadings; tensorly's updates both and the loadings, so that its sweep does more.

    References
    ----------
    .. [1] N. C. Dvornek et al. "Jointly Discriminative and Generative Recurrent Neural Networks
       for Learning from fMRI", MLMI 2019.

    Examples
    --------
    >>> from sklearn_lstmdg import SubsequenceAugmenter
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg import ParafacCommunities
    >>> scans = make_scans(n_subjects=4, n_timepoints=60, n_rois=12, random_state=0).data
    >>> bags = SubsequenceAugmenter(length=30, horizon=0).fit_transform(scans)
    >>> parafac = ParafacCommunities(n_communities=3, random_state=0).fit(bags)
    >>> parafac.membership_.shape, parafac.loadings_.shape, parafac.subject_loadings_.shape
    ((12, 3), (124, 3), (4, 3))
    """

    _parameter_constraints = {
        "n_communities": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "solver": [StrOptions({"windows", "tensorly"})],
        "step": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_communities: int = 50,
        *,
        max_iter: int = 200,
        tol: float = 1e-6,
        n_init: int = 3,
        solver: str = "windows",
        step: int = 1,
        random_state: Seed = None,
    ):
        self.n_communities = n_communities
        self.max_iter = max_iter
        self.tol = tol
        self.n_init = n_init
        self.solver = solver
        self.step = step
        self.random_state = random_state

    @keeps_model_if_refused
    def fit(self, X: Scans, y: None = None) -> "ParafacCommunities":
        """Decompose the correlations of all windows.

        Parameters
        ----------
        X : array-like or list
            Scans, bags of windows, or a table.
        y : ignored
            Present for API consistency.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If X is not as described, or no ROI varies in any window.
        """
        self._validate_params()
        sequences = _every(self._check_rows(X, reset=True), self.step)
        best = self._fit_starts(sequences, check_random_state(self.random_state))
        self.errors_ = np.array(best.errors)
        self.n_iter_ = len(best.errors) or self.max_iter
        if self.tol and not best.converged:
            warnings.warn(
                f"PARAFAC stopped after max_iter={self.max_iter} sweeps, before its error changed "
                f"by less than tol={self.tol}.",
                ConvergenceWarning,
                stacklevel=level_of_the_caller(),
            )
        self._n_features_out = self.n_communities
        return self._store(symmetrise(best.a, best.b), sequences)

    def _fit_starts(self, sequences, rng):
        """Return the factors of the best start."""
        dense = self.solver == "tensorly"
        tensor = WindowCorrelations(sequences, np.float64 if dense else np.float32)
        squared_norm = tensor.squared_norm()
        if not np.isfinite(squared_norm):
            raise ValueError("Values of X are too large to decompose: standardize (ScanCleaner).")
        if squared_norm == 0:
            raise ValueError("No ROI of X varies in any window: there is nothing to decompose.")

        def fit_one(_):
            start = random_start(tensor.shape, self.n_communities, rng)
            if dense:
                return fit_factors_dense(tensor, start, self.max_iter, self.tol)
            return fit_factors(tensor, start, self.max_iter, self.tol, squared_norm)

        def error(factors):
            return factors.errors[-1] if factors.errors else _error(tensor, *factors[:3])

        return min(map(fit_one, range(self.n_init)), key=error)

    def _store(self, memberships, sequences):
        """Solve for the loadings of the symmetric model, and sort its components by weight."""
        tensor, loadings = _load(sequences, memberships)
        self.reconstruction_err_ = _error(tensor, memberships, memberships, loadings)
        weights = np.linalg.norm(loadings, axis=1)
        order = np.argsort(-weights, kind="stable")
        self.weights_ = weights[order]
        alive = self.weights_ > 0
        self.membership_ = (memberships[order] * alive[:, None]).T
        self.loadings_ = (loadings[order] / np.where(alive, self.weights_, 1)[:, None]).T
        self.window_rows_ = tensor.rows
        self.subject_loadings_ = _average(self.loadings_, sequences.n_windows)
        return self

    def transform(self, X: Scans) -> NDArray[np.float64]:
        """Return how much of each community the correlations of each row hold.

        Parameters
        ----------
        X : as in ``fit``
            Rows to describe.

        Returns
        -------
        ndarray of shape (n_rows, n_communities)
            The best non-negative loadings of each window given the memberships, weights included
            (``loadings_ * weights_`` for the windows of the fit), averaged over a row's windows.
        """
        check_is_fitted(self)
        self._validate_params()
        sequences = _every(self._check_rows(X), self.step)
        _, loadings = _load(sequences, np.ascontiguousarray(self.membership_.T))
        return _average(loadings.T, sequences.n_windows)


def _every(sequences, step):
    """Keep every step-th window of each row."""
    return replace(sequences, starts=[starts[::step] for starts in sequences.starts])


def _load(sequences, memberships):
    """Return the tensor of the windows, and its best loadings on the symmetric model."""
    tensor = WindowCorrelations(sequences, np.float64)
    warn_of_constant_rois(tensor.n_constant, "correlations set to 0")
    products = tensor.window_products(memberships, memberships)
    return tensor, solve_loadings(products, np.square(memberships @ memberships.T))


def _error(tensor, a, b, loadings):
    """Return the relative error of factors."""
    agreement = (tensor.window_products(a, b) * loadings).sum()
    return relative_error(agreement, (a @ a.T) * (b @ b.T), loadings, tensor.squared_norm())


def _average(loadings, n_windows):
    """Average windows' loadings (n_windows, n_communities) over each row."""
    first = np.cumsum(n_windows) - n_windows
    return np.add.reduceat(loadings, first, axis=0) / n_windows[:, None]
