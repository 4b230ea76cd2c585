from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_lstmdg import (
    FCSVM,
    ConnectivityFeatures,
    LSTMDGClassifier,
    LSTMDGRegressor,
    MeanMLPClassifier,
    ParafacCommunities,
    ROIHMMClassifier,
    ScanCleaner,
    SubsequenceAugmenter,
    TransferAutoencoderClassifier,
)
from sklearn_lstmdg.baselines import SparseEncoder
from sklearn_lstmdg.estimator_checks import (
    check_scan_estimator,
    parametrize_with_scan_checks,
    yield_scan_checks,
)

# scikit-learn's classes differ in their means, which signs turned at random take away.
SMALL = {"n_communities": 8, "n_units": 8, "max_epochs": 30, "augment": None, "random_state": 0}
EXACT = SMALL | {"lr": 1e-2, "dropout": 0.0, "input_noise": 0.0}  # R2 on the training rows counts

# What leaves nothing to chance but the first weights. Nets draw batches, dropout, noise and who
# validates, others for rows that are there several times than for rows of a weight.
STILL = {"dropout": 0.0, "input_noise": 0.0, "augment": None, "batch_size": 1000}
STILL |= {"validation_fraction": 0}
N_FEATURES = 30  # of that check


def at_rest(estimator):
    """Return an estimator that draws no batches, as scikit-learn has its MLPClassifier checked."""
    known = estimator.get_params()
    told = {name: value for name, value in STILL.items() if name in known}
    if "encoder" in known:  # pretraining knows no weights
        sizes = [N_FEATURES, *estimator.layer_sizes]
        weights = [np.eye(*pair[::-1]) for pair in pairwise(sizes)]
        scaling = np.zeros(N_FEATURES), np.ones(N_FEATURES)
        told["encoder"] = SparseEncoder(*scaling, weights, [np.zeros(n) for n in sizes[1:]])
    return clone(estimator).set_params(**told)


TABLES = [
    SubsequenceAugmenter(length=1, horizon=0),
    ScanCleaner(),
    FCSVM(tol=1e-10, max_iter=100_000),  # weights and repeated rows agree within the tolerance
    LSTMDGClassifier("dg", **SMALL),
    LSTMDGClassifier("h", **SMALL),
    LSTMDGClassifier("d", **SMALL),
    LSTMDGClassifier("s", **SMALL | {"lr": 1e-2}),
    LSTMDGClassifier(n_communities=4, n_units=3, max_updates=5, random_state=0),
    LSTMDGRegressor("dg", **EXACT),
    LSTMDGRegressor("h", **EXACT),
    LSTMDGRegressor("d", **EXACT),
    LSTMDGRegressor("s", **EXACT),
    LSTMDGRegressor(n_communities=4, n_units=3, max_updates=5, random_state=0),
    ParafacCommunities(4, max_iter=20, n_init=1),
    ROIHMMClassifier((1, 2), max_iter=5),
    ConnectivityFeatures(),
    MeanMLPClassifier((8,)),
    TransferAutoencoderClassifier((16, 8), lr=1e-2, pretrain_epochs=20, max_epochs=60),
]

TINY = {"n_communities": 4, "n_units": 3, "max_epochs": 2, "random_state": 0}

SCANS = [
    SubsequenceAugmenter(length=20),
    SubsequenceAugmenter(length=5, step=3, horizon=2),
    ScanCleaner(),
    ScanCleaner(band_pass=(0.05, 0.2), regress_global_mean=True),
    FCSVM(Cs=[0.01, 0.1]),
    LSTMDGClassifier("dg", **TINY),
    LSTMDGClassifier("h", horizon=2, aggregation="mean", **TINY),
    LSTMDGClassifier("d", **TINY),
    LSTMDGClassifier("s", horizon=0, **TINY),
    LSTMDGClassifier(n_nets=2, windows_per_epoch=0.5, pretrain_epochs=1, **TINY),
    LSTMDGRegressor("dg", **TINY),
    LSTMDGRegressor("h", horizon=2, **TINY),
    LSTMDGRegressor("d", patience=2, **TINY),
    LSTMDGRegressor("s", horizon=0, n_nets=2, **TINY),
    ROIHMMClassifier((1, 2), max_iter=5),
    ROIHMMClassifier((1, 2), per_class=True, max_iter=2, cv=2),
    ConnectivityFeatures(),
    MeanMLPClassifier((4,), max_epochs=2),
    TransferAutoencoderClassifier((4, 3), pretrain_epochs=5, max_epochs=2),
]


@parametrize_with_checks(TABLES)
def test_scikit_learns_checks(estimator, check, monkeypatch):
    draws = "random_state" in estimator.get_params() and "batch_size" in estimator.get_params()
    if draws and check.func is estimator_checks.check_sample_weight_equivalence_on_dense_data:
        estimator = at_rest(estimator)
        # Nets are of single precision, for which scikit-learn's assert_allclose has this tolerance.
        compare = partial(estimator_checks.assert_allclose_dense_sparse, rtol=1e-4)
        monkeypatch.setattr(estimator_checks, "assert_allclose_dense_sparse", compare)
    check(estimator)


class Unweighted(MeanMLPClassifier):
    """Takes weights, and does not use them."""

    def fit(self, X, y, groups=None, validation=None, sample_weight=None):
        return super().fit(X, y, groups, validation)


def test_weights_that_do_nothing_are_found(monkeypatch):
    check = partial(estimator_checks.check_sample_weight_equivalence_on_dense_data, "Unweighted")
    with pytest.raises(AssertionError, match="not equivalent"):
        test_scikit_learns_checks(Unweighted((8,), max_epochs=20), check, monkeypatch)


@parametrize_with_scan_checks(SCANS)
def test_scan_checks(estimator, check):
    check(estimator)


@parametrize_with_scan_checks(
    [ParafacCommunities(4, max_iter=20, n_init=1)],
    forms=("scans", "ragged", "bags", "ragged bags"),
)
def test_scan_checks_of_transformers_that_read_bags(estimator, check):
    check(estimator)


class Mean(ClassifierMixin, BaseEstimator):
    """Reads scans (3-D arrays and lists of equal ones) as carelessly as can be."""

    def fit(self, X, y):
        X = np.asarray(X)
        self.n_features_in_ = X.shape[-1]
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        positive = 1 / (1 + np.exp(-np.asarray(X).mean(axis=(1, 2))))
        return np.column_stack([1 - positive, positive])

    def decision_function(self, X):
        return self.predict_proba(X)[:, 1] - 0.5

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Neighbours(Mean):
    def predict_proba(self, X):
        X = np.asarray(X)
        return super().predict_proba(X - X.mean(axis=0))


class Writes(Mean):
    def fit(self, X, y):
        X[0][:] = 0
        return super().fit(X, y)


class Draws(Mean):
    def fit(self, X, y):
        np.random.random()  # noqa: NPY002
        return super().fit(X, y)


class Unseeded(Mean):
    def fit(self, X, y):
        self.offset_ = np.random.default_rng().normal()
        return super().fit(X, y)

    def predict_proba(self, X):
        return super().predict_proba(np.asarray(X) + self.offset_)


class Level(RegressorMixin, BaseEstimator):
    """Predicts the mean of the targets, and has no model of them."""

    def fit(self, X, y):
        self.n_features_in_ = np.shape(X[0])[-1]
        self.mean_ = np.mean(np.asarray(y, dtype=float))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


class Backwards(Mean):
    def decision_function(self, X):
        return -super().decision_function(X)


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (Neighbours(), "check_rows_are_independent"),
        (Writes(), "check_input_is_unchanged"),
        (Draws(), "check_globals_are_untouched"),
        (Unseeded(), "check_same_seed_same_bits"),
        (Backwards(), "check_predictions_agree"),
        (Level(), "check_numbers_are_predicted"),
        (Mean(), "check_number_of_rois"),
        (Mean(), "check_bad_values_are_named"),
    ],
)
def test_the_checks_find_faults(broken, name):
    checks = {
        getattr(check, "func", check).__name__: check
        for check in yield_scan_checks(broken, forms=["scans"])
    }
    with pytest.raises((AssertionError, ValueError)):
        checks[name](broken)


def test_a_run_of_all_checks_stops_at_the_first_fault():
    with pytest.raises(AssertionError):
        check_scan_estimator(Neighbours(), forms=["scans"])
