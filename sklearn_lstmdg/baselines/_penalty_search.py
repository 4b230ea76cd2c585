"""A regressor whose penalty is chosen by cross-validation in which groups stay together."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from ..base import check_positive
from ..scans import check_groups


class PenaltySearch(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Search for the penalty of a regressor, then fit it on all rows.

    Unlike scikit-learn's searches it needs no groups, and can be kept in a model file. The target
    is standardized, so that a penalty means the same for every unit.

    Parameters
    ----------
    estimator : regressor
        Of scikit-learn.
    penalty : str
        Name of its parameter.
    values : sequence of float
        Candidates. The one with the least squared error over all rows is taken.
    cv : int, default=5
        Folds, over groups; never more than there are groups. Of one group there is no search, and
        the median of the values is taken.

    Attributes
    ----------
    penalty_ : float
        The chosen value.
    losses_ : ndarray of shape (n_values,)
        Mean squared error of each value, in ascending order; empty without a search.
    estimator_ : TransformedTargetRegressor
        The regressor, fitted on all rows.
    """

    __metadata_request__fit = {"groups": True}

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"])],
        "penalty": [str],
        "values": ["array-like"],
        "cv": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(
        self, estimator: BaseEstimator, penalty: str, values: Sequence[float], *, cv: int = 5
    ) -> None:
        self.estimator = estimator
        self.penalty = penalty
        self.values = values
        self.cv = cv

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> "PenaltySearch":
        """Search, then fit on all rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features.
        y : array-like of shape (n_rows,)
            Target.
        groups : array-like of shape (n_rows,), default=None
            Rows that belong together. Without groups every row stands alone.

        Returns
        -------
        self
        """
        self._validate_params()
        values = sorted(check_positive(self.values, "values"))
        X, y = np.asarray(X), np.asarray(y)
        groups = check_groups(groups, len(X))
        n_folds = min(self.cv, len(np.unique(groups)))
        self.penalty_, self.losses_ = values[len(values) // 2], np.empty(0)
        if n_folds > 1 and len(values) > 1:
            folds = {"groups": groups, "cv": GroupKFold(n_folds)}
            guesses = [cross_val_predict(self._of(value), X, y, **folds) for value in values]
            self.losses_ = np.mean((np.array(guesses) - y) ** 2, axis=1)
            self.penalty_ = values[int(np.argmin(self.losses_))]
        self.estimator_ = self._of(self.penalty_).fit(X, y)
        return self

    def _of(self, value):
        """Return the regressor of one penalty, on a standardized target."""
        regressor = clone(self.estimator).set_params(**{self.penalty: value})
        return TransformedTargetRegressor(regressor, transformer=StandardScaler())

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Predict the target of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)
