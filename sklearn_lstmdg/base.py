"""What all estimators share: data forms, checks of X, y and groups, votes and decisions."""

import warnings
from collections.abc import Callable
from functools import wraps
from numbers import Integral, Real
from typing import NamedTuple, TypeVar, cast

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import check_scalar
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils._set_output import _get_container_adapter
from sklearn.utils.validation import check_is_fitted

from ._typing import Scans
from .scans import (
    Sequences,
    check_groups,
    check_labels,
    check_mask,
    check_sample_weight,
    check_sequences,
    check_validation_mask,
    hold_out_groups,
    probabilities,
    votes,
    with_names,
)

_Fit = TypeVar("_Fit", bound=Callable)


def draw_seed(rng):
    """Draw the seed of one training."""
    return int(rng.randint(np.iinfo(np.int32).max))


def check_whole(value, name, least):
    """Return a whole number of at least ``least``; a truth value is none."""
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_whole or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}.")
    return int(value)


def check_number(value: float, name: str, **limits: object) -> float:
    """Return a finite number within the limits of scikit-learn's ``check_scalar``."""
    check_scalar(value, name, Real, **limits)
    if not np.isfinite(value):  # NaN is within all limits
        raise ValueError(f"{name} must be a finite number, got {value!r}.")
    return value


def check_positive(values, name, kind=Real):
    """Return a parameter's numbers above 0 as a list; ``kind`` is Integral where they are whole."""
    numbers = list(values) if np.iterable(values) else []
    for number in numbers or [None]:
        is_number = isinstance(number, kind) and not isinstance(number, bool)
        if not is_number or not 0 < number < np.inf:
            what = "whole numbers" if kind is Integral else "numbers"
            raise ValueError(f"{name} must be {what} above 0, at least one, got {values!r}.")
    return [int(n) if kind is Integral else float(n) for n in numbers]


def bounded_jobs(n_jobs, n_calls):
    """Return how many calls run side by side: no more than there are, or than processors.

    Where joblib's backend is a cluster's, its processors count. More workers than these would
    take all memory before the first call.
    """
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral)):
        raise ValueError(f"n_jobs must be a whole number or None, got {n_jobs!r}.")
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0: -1 means all processors, None one job.")
    wanted = effective_n_jobs(n_jobs)
    available = max(1, effective_n_jobs(-1))
    if wanted > available:
        warnings.warn(
            f"n_jobs={wanted}, and there are {available} processors: {available} jobs run side by "
            "side.",
            UserWarning,
            stacklevel=3,
        )
    return max(1, min(wanted, available, n_calls))


def keeps_model_if_refused(fit: _Fit) -> _Fit:
    """Let an error in ``fit`` leave the estimator as it was; what Ctrl-C has kept itself stays."""

    @wraps(fit)
    def fit_or_restore(self, *args, **kwargs):
        before = dict(vars(self))
        try:
            return fit(self, *args, **kwargs)
        except BaseException as error:
            kept = vars(self).get("history_")
            has_kept = kept is not None and kept is not before.get("history_")
            if not (isinstance(error, KeyboardInterrupt) and has_kept):
                vars(self).clear()
                vars(self).update(before)
            raise

    return cast(_Fit, fit_or_restore)


class TrainingRows(NamedTuple):
    """Rows with all that ``fit`` knows of each."""

    sequences: Sequences
    y: NDArray
    groups: NDArray
    weights: NDArray
    validation: ArrayLike | None
    places: NDArray  # of each row of X among these rows, -1 where it is left out

    def leave_out_weightless(self):
        """Return the rows of weight above 0."""
        kept = np.flatnonzero(self.weights)
        if len(kept) == len(self.weights):
            return self
        validation = self.validation
        if validation is not None:
            validation = check_mask(validation, len(self.weights))[kept]
        groups = np.unique(self.groups[kept], return_inverse=True)[1]
        places = np.full(len(self.weights), -1)
        places[kept] = np.arange(len(kept))
        rows = self.sequences.take(kept), self.y[kept], groups, self.weights[kept]
        return TrainingRows(*rows, validation, places)


class ScanEstimatorMixin:
    """What every estimator of scans shares: it reads X in all data forms, and its tags say so.

    One that predicts has ``_scores(X)``, which returns each row's scores, a list of arrays
    (n_windows_i, n_outputs), and whether rows are bags, whose windows decide together. Where it
    reads whole scans, a row has one score.
    """

    def _validate_params(self):
        """Refuse truth values, which Python takes for 0 and 1, and numbers that nothing holds."""
        super()._validate_params()
        for name, value in self.get_params(deep=False).items():
            takes_truth = {"boolean", "verbose"} & set(map(str, self._parameter_constraints[name]))
            is_truth = isinstance(value, bool | np.bool_) and not takes_truth
            most = 2**63 - 1 if isinstance(value, Integral) else float(np.finfo(np.float32).max)
            if is_truth or (isinstance(value, Real) and abs(value) > most):
                bits = "64 bits" if isinstance(value, Integral) else "a float of 32 bits"
                what = "a truth value" if is_truth else f"beyond {bits}"
                raise InvalidParameterError(
                    f"The {name!r} parameter of {type(self).__name__} must not be {what}, got "
                    f"{value!r}."
                )

    def _plain_params(self):
        """Return the parameters, numpy's numbers as Python's."""
        params = self.get_params(deep=False)
        return {k: v.item() if isinstance(v, np.generic) else v for k, v in params.items()}

    def _check_rows(self, X, reset=False):
        return check_sequences(X, estimator=self, reset=reset)

    def _check_unlabeled(self, X_unlabeled, sequences):
        """Return rows of the form of X; what is wrong with them is not said of X."""
        try:
            unlabeled = self._check_rows(X_unlabeled)
        except (TypeError, ValueError) as error:
            raise type(error)(f"X_unlabeled: {error}") from error
        if (unlabeled.kind == "table") != (sequences.kind == "table"):
            raise ValueError("X_unlabeled is of another form than X: one is a table, one is not.")
        return unlabeled

    def _training_rows(self, sequences, y, groups, sample_weight=None, validation=None):
        """Return the rows that have a weight, with checked groups and weights."""
        n_rows = len(sequences)
        weights = check_sample_weight(sample_weight, n_rows)
        groups = check_groups(groups, n_rows)
        self._check_weights(weights, y)
        rows = TrainingRows(sequences, y, groups, weights, validation, np.arange(n_rows))
        return rows.leave_out_weightless()

    def _check_weights(self, weights, y):
        """Refuse weights that leave nothing to learn from; by default any will do."""

    def _check_form(self, sequences):
        """Refuse a table of features where fit had scans, and scans where it had a table."""
        if (sequences.kind == "table") != self._is_table:
            there = "a table of features" if self._is_table else "scans or bags"
            raise ValueError(f"X is of another form than X in fit, which was {there}.")

    def _hold_out(self, validation, y_encoded, groups, rng):
        """Return which rows validate, or None."""
        if validation is not None:
            return check_validation_mask(validation, groups, y_encoded)
        if self.validation_fraction == 0:
            return None
        return hold_out_groups(y_encoded, groups, self.validation_fraction, rng)

    def _finite_scores(self, X):
        check_is_fitted(self)
        scores, is_bag = self._scores(X)
        for row, row_scores in enumerate(scores):
            if not np.isfinite(row_scores).all():
                raise ValueError(
                    f"The scores of row {row} of X are not finite: its values, or the weights, are "
                    "too large. Standardize the scans (ScanCleaner)."
                )
        return scores, is_bag

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        return tags


class NamedOutputMixin:
    """A transformer from scans to scans whose output can be DataFrames, one a scan.

    It has ``get_feature_names_out``, and ``transform`` returns ``self._contained(rows, X)``.
    """

    def set_output(self, *, transform: str | None = None) -> "NamedOutputMixin":
        """Set in what ``transform`` returns scans; scikit-learn's ``set_config`` sets it for all.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            "pandas" and "polars" return a table as a DataFrame, and scans as a list of DataFrames
            with the names that ``get_feature_names_out`` tells. Bags, whose arrays have three axes,
            stay arrays. None changes nothing.

        Returns
        -------
        self
        """
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self

    def _contained(self, rows, X, names=None):
        """Return a table, scans or bags in the container that is set; by default with the names."""
        adapter = _get_container_adapter("transform", self)
        if adapter is None:
            return with_names(rows, names)
        options = {"columns": self.get_feature_names_out}
        if getattr(rows, "ndim", None) == 2:
            return adapter.create_container(rows, X, **options)
        if rows[0].ndim == 3:
            return with_names(list(rows), self.get_feature_names_out().tolist())
        return [adapter.create_container(*pair, **options) for pair in zip(rows, X, strict=True)]


class ScanClassifierMixin(ScanEstimatorMixin, ClassifierMixin):
    """What every classifier of scans shares: from scores to a decision."""

    aggregation = "vote"

    def _check_fit(self, X, y, groups, sample_weight=None, validation=None):
        """Return the rows with their class numbers; nothing was learnt before."""
        self._validate_params()
        sequences = self._check_rows(X, reset=True)
        self.classes_, y_encoded = check_labels(y, len(sequences))
        return self._training_rows(sequences, y_encoded, groups, sample_weight, validation)

    def _check_weights(self, weights, y):
        """Refuse weights that leave a class without rows."""
        lost = np.setdiff1d(y, y[weights > 0])
        if len(lost):
            raise ValueError(
                f"sample_weight is 0 for all rows of class {self.classes_[lost[0]]!r}: leave these "
                "rows out of X, or weigh some."
            )

    def predict(self, X: Scans) -> NDArray:
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

    def predict_proba(self, X: Scans) -> NDArray[np.float64]:
        """Return class probabilities.

        A bag's are the proportions of its windows' votes, or the mean of their probabilities,
        where there is a parameter ``aggregation`` that says so. A sequence has its own: the
        logistic function of its score.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
        """
        return self._decide(*self._finite_scores(X))

    def _decide(self, scores, is_bag):
        if not is_bag:
            return self._probabilities(np.concatenate(scores))
        windows = votes if self.aggregation == "vote" else self._probabilities
        return np.stack([windows(row).mean(axis=0) for row in scores])

    def _probabilities(self, scores):
        return probabilities(scores)

    def decision_function(self, X: Scans) -> NDArray[np.float64]:
        """Return scores in the order of ``predict_proba``, always finite.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_classes)
            Scores (logits, margins) of sequences. For bags the probability less 0.5, or with more
            than two classes the probabilities.
        """
        scores, is_bag = self._finite_scores(X)
        if not is_bag:
            scores = np.concatenate(scores)
            return scores[:, 0] if scores.shape[1] == 1 else scores
        proba = self._decide(scores, is_bag)
        return proba[:, 1] - 0.5 if proba.shape[1] == 2 else proba
