"""Weights of rows: what they mean for every estimator whose fit takes them."""

import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import (
    FCSVM,
    LSTMDGClassifier,
    LSTMDGRegressor,
    MeanMLPClassifier,
    ScanCleaner,
    TransferAutoencoderClassifier,
)
from sklearn_lstmdg.base import ScanEstimatorMixin
from sklearn_lstmdg.scans import check_sample_weight, class_weights

N_ROWS = 14
# All rows in one batch, nothing drawn: what remains random are the first weights.
STILL = {"n_communities": 3, "n_units": 2, "dropout": 0.0, "input_noise": 0.0, "augment": None}
STILL |= {"batch_size": 1000, "max_updates": 12, "lr": 0.05, "random_state": 0}
TINY = {"n_communities": 3, "n_units": 2, "max_updates": 4, "random_state": 0}
EXACT = {"Cs": [0.5], "tol": 1e-10, "max_iter": 100_000, "random_state": 0}
ENCODER = {"layer_sizes": (4, 3), "pretrain_epochs": 2, "max_epochs": 2, "random_state": 0}

ALL = [
    LSTMDGClassifier(**TINY),
    LSTMDGClassifier("s", patience=2, validation_fraction=0.3, **TINY),
    LSTMDGRegressor(**TINY),
    FCSVM(Cs=[0.01, 0.1], random_state=0),
    FCSVM(Cs=[0.01, 0.1], class_weight="balanced", random_state=0),
    MeanMLPClassifier((4,), max_epochs=2, random_state=0),
    TransferAutoencoderClassifier(**ENCODER),
]
STILL_ONES = [
    LSTMDGClassifier("d", **STILL),
    LSTMDGClassifier("s", class_weight="balanced", **STILL),
    LSTMDGRegressor("d", **STILL),
    FCSVM(**EXACT),
    FCSVM(class_weight="balanced", **EXACT),
    MeanMLPClassifier((4,), dropout=0.0, max_epochs=5, validation_fraction=0, random_state=0),
]


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    y = np.arange(N_ROWS) % 2
    X = rng.standard_normal((N_ROWS, 12, 3)).cumsum(axis=1) / 3
    X[:, :, 0] += 0.5 * y[:, None] * X[:, :, 1]
    return X, y


def fit(estimator, X, y, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return clone(estimator).fit(X, y, **arguments)


def answers(estimator, X):
    name = "decision_function" if hasattr(estimator, "decision_function") else "predict"
    return getattr(estimator, name)(X)


@pytest.mark.parametrize("estimator", ALL, ids=str)
def test_equal_weights_change_no_bit(estimator, rows):
    X, y = rows
    alone = answers(fit(estimator, X, y), X)
    for weights in (np.ones(N_ROWS), [1] * N_ROWS, 1):
        assert np.array_equal(answers(fit(estimator, X, y, sample_weight=weights), X), alone)


@pytest.mark.parametrize("estimator", ALL, ids=str)
def test_weight_0_leaves_a_row_out_to_the_last_bit(estimator, rows):
    X, y = rows
    kept = np.array([0, 1, 2, 3, 4, 5, 8, 9, 11, 12, 13])
    weights = np.isin(np.arange(N_ROWS), kept).astype(float)
    left_out = fit(estimator, X, y, sample_weight=weights)
    removed = fit(estimator, X[kept], y[kept])
    assert np.array_equal(answers(left_out, X), answers(removed, X))
    groups = np.arange(N_ROWS) // 4 * 2 + y
    left_out = fit(estimator, X, y, groups=groups, sample_weight=weights)
    removed = fit(estimator, X[kept], y[kept], groups=groups[kept])
    assert np.array_equal(answers(left_out, X), answers(removed, X))


@pytest.mark.parametrize("estimator", [e for e in ALL if hasattr(e, "patience")], ids=str)
def test_a_row_of_weight_0_neither_trains_nor_validates(estimator, rows):
    X, y = rows
    is_validation = np.isin(np.arange(N_ROWS), [0, 1, 2, 3])
    weights = (np.arange(N_ROWS) % 7 != 3).astype(float)  # 3 and 10
    kept = weights > 0
    left_out = fit(estimator, X, y, validation=is_validation, sample_weight=weights)
    removed = fit(estimator, X[kept], y[kept], validation=is_validation[kept])
    assert np.array_equal(answers(left_out, X), answers(removed, X))


@pytest.mark.parametrize("compiled", ["1", "0"])
@pytest.mark.parametrize("estimator", STILL_ONES, ids=str)
def test_weight_2_is_a_row_that_is_there_twice(estimator, rows, compiled, monkeypatch):
    monkeypatch.setenv("LSTMDG_COMPILED", compiled)
    X, y = rows
    weights = np.random.default_rng(1).integers(0, 4, N_ROWS)
    weights[:2] = 3, 1
    weighted = fit(estimator, X, y, sample_weight=weights)
    repeated = fit(estimator, X.repeat(weights, axis=0), y.repeat(weights))
    tolerance = {"rtol": 1e-6} if isinstance(estimator, FCSVM) else {"rtol": 1e-3, "atol": 1e-4}
    np.testing.assert_allclose(answers(weighted, X), answers(repeated, X), **tolerance)
    plain = answers(fit(estimator, X, y), X)
    assert not np.allclose(answers(weighted, X), plain, **tolerance), "weights matter"


def test_the_compiled_path_and_torch_s_agree(rows, monkeypatch):
    X, y = rows
    weights = np.linspace(0, 3, N_ROWS)
    learnt = []
    for compiled in ("1", "0"):
        monkeypatch.setenv("LSTMDG_COMPILED", compiled)
        model = fit(LSTMDGClassifier(**STILL), X, y, sample_weight=weights)
        learnt.append((answers(model, X), model.membership_, model.history_["train_loss"]))
    for compiled, torchs in zip(*learnt, strict=True):
        np.testing.assert_allclose(compiled, torchs, rtol=2e-3, atol=2e-4)


def test_weights_only_touch_the_discriminative_loss(rows):
    X, y = rows
    told = {"discriminative_weight": 0.0, **STILL}
    weights = np.linspace(1, 3, N_ROWS)
    plain, weighted = (
        fit(LSTMDGClassifier(**told), X, y, sample_weight=w) for w in (None, weights)
    )
    assert np.array_equal(plain.membership_, weighted.membership_)
    assert (plain.history_["train_disc_loss"] != weighted.history_["train_disc_loss"]).any()


def test_all_windows_of_a_bag_have_its_weight(rows):
    X, y = rows
    bags = np.lib.stride_tricks.sliding_window_view(X, 6, axis=1)[:, ::3].swapaxes(-1, -2)
    weights = np.linspace(0.5, 3, N_ROWS)
    windows = bags.reshape(-1, *bags.shape[2:])
    model = LSTMDGClassifier("d", **STILL)
    of_bags = fit(model, bags, y, sample_weight=weights)
    n_windows = bags.shape[1]
    of_windows = fit(model, windows, y.repeat(n_windows), sample_weight=weights.repeat(n_windows))
    np.testing.assert_allclose(answers(of_bags, X), answers(of_windows, X), rtol=1e-3, atol=1e-4)


class TestSearch:
    """The search of FCSVM for C."""

    def test_weighs_the_test_rows(self, rows):
        X, y = rows
        weights = np.ones(N_ROWS)
        weights[[4, 5]] = 5.0
        cv = [(np.arange(8), np.arange(8, N_ROWS)), (np.arange(6, N_ROWS), np.arange(6))]
        svm = fit(FCSVM([0.1, 1.0], cv=cv, random_state=0), X, y, sample_weight=weights)
        half = fit(FCSVM([0.1], tol=1e-4, random_state=0), X[6:], y[6:])
        told = np.average(half.predict(X[:6]) == y[:6], weights=weights[:6])
        assert svm.cv_results_["split1_test_score"][0] == pytest.approx(told)

    def test_takes_row_numbers_of_all_rows_of_X(self, rows):
        X, y = rows
        weights = np.ones(N_ROWS)
        weights[[0, 1, 9]] = 0
        kept = np.flatnonzero(weights)
        train, test = np.arange(0, 10), np.arange(10, N_ROWS)
        by_all = fit(
            FCSVM([0.1, 1.0], cv=[(train, test)], random_state=0), X, y, sample_weight=weights
        )
        mine = [(np.arange(7), np.arange(7, len(kept)))]
        alone = fit(FCSVM([0.1, 1.0], cv=mine, random_state=0), X[kept], y[kept])
        for name, scores in by_all.cv_results_.items():
            assert np.array_equal(scores, alone.cv_results_[name])
        masks = [(np.isin(np.arange(N_ROWS), train), np.isin(np.arange(N_ROWS), test))]
        again = fit(FCSVM([0.1, 1.0], cv=masks, random_state=0), X, y, sample_weight=weights)
        assert np.array_equal(again.coef_, by_all.coef_)
        splitter = FCSVM([0.1, 1.0], cv=GroupKFold(3), random_state=0)
        left_out = fit(splitter, X, y, groups=np.arange(N_ROWS), sample_weight=weights)
        removed = fit(splitter, X[kept], y[kept], groups=kept)
        assert np.array_equal(left_out.coef_, removed.coef_)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0] * 3 + [-1.0] + [1.0] * 10, r"must be 0 or more, and finite, got -1 in row 3 of X"),
        ([1.0] * 13 + [np.inf], r"must be 0 or more, and finite, got inf in row 13 of X"),
        ([1.0, np.nan] + [1.0] * 12, r"sample_weight has no value for row 1 of X"),
        ([1.0] * 13, r"X has 14 rows and sample_weight has 13"),
        (np.ones((14, 2)), r"sample_weight needs one value for each row"),
        (["much"] * 14, r"sample_weight holds something that is no number"),
        ([0.0] * 14, r"sample_weight is zero for every row of X"),
        (-2, r"must be 0 or more, and finite, got -2 in row 0 of X"),
    ],
)
@pytest.mark.parametrize("estimator", [ALL[0], ALL[3], ALL[5]], ids=str)
def test_bad_weights_are_refused_by_row(estimator, weights, message, rows):
    with pytest.raises(ValueError, match=message):
        fit(estimator, *rows, sample_weight=weights)


@pytest.mark.parametrize("estimator", [e for e in ALL if hasattr(e, "predict_proba")], ids=str)
def test_a_class_must_keep_rows(estimator, rows):
    X, y = rows
    names = np.array(["ill", "well"])[y]
    with pytest.raises(ValueError, match=r"sample_weight is 0 for all rows of class .*'well'"):
        fit(estimator, X, names, sample_weight=1.0 - y)


@pytest.mark.parametrize("n_told", [N_ROWS - 2, N_ROWS + 1])
def test_a_mask_is_over_all_rows_those_of_weight_0_too(n_told, rows):
    weights = np.ones(N_ROWS)
    weights[:2] = 0
    mask = np.arange(n_told) < 4
    with pytest.raises(ValueError, match=f"boolean mask over the {N_ROWS} rows of X"):
        fit(LSTMDGClassifier(**TINY), *rows, sample_weight=weights, validation=mask)


def test_weights_as_numbers():
    assert check_sample_weight(None, 2).tolist() == [1.0, 1.0]
    assert check_sample_weight(np.array([True, False]), 2).tolist() == [1.0, 0.0]
    codes, weights = np.array([0, 0, 1, 2]), np.array([1.0, 1.0, 4.0, 0.0])
    np.testing.assert_allclose(class_weights("balanced", codes, weights, 3), [1.5, 0.75, 1.0])
    assert class_weights("balanced", codes, np.ones(4), 3).tolist() == pytest.approx(
        [2 / 3, 4 / 3, 4 / 3]
    )


class TestRouting:
    """Weights reach the classifier of a Pipeline."""

    @pytest.mark.parametrize("estimator", [ALL[0], ALL[3], ALL[5]], ids=str)
    def test_with_metadata_routing_and_without(self, estimator, rows):
        X, y = rows
        weights = np.linspace(0, 2, N_ROWS)
        direct = answers(
            fit(estimator, ScanCleaner().fit_transform(X), y, sample_weight=weights), X
        )
        pipeline = make_pipeline(ScanCleaner(standardize=True), estimator)
        name = pipeline.steps[-1][0]
        by_name = fit(pipeline, X, y, **{f"{name}__sample_weight": weights})
        with config_context(enable_metadata_routing=True):
            routed = fit(pipeline, X, y, sample_weight=weights)
        for fitted in (by_name, routed):
            assert np.array_equal(answers(fitted[-1], X), direct)

    def test_of_a_cross_validation(self, rows):
        X, y = rows
        weights = np.linspace(0, 2, N_ROWS)
        svm = FCSVM([0.1], random_state=0)
        with config_context(enable_metadata_routing=True):
            told = cross_validate(
                *(svm.set_score_request(sample_weight=False), X, y),
                **{"cv": 2, "params": {"sample_weight": weights}, "return_estimator": True},
                **{"return_indices": True, "error_score": "raise"},
            )
        train = told["indices"]["train"][0]
        alone = FCSVM([0.1], random_state=0).fit(X[train], y[train], sample_weight=weights[train])
        assert np.array_equal(told["estimator"][0].coef_, alone.coef_)


def test_estimators_without_classes_take_any_weights():
    ScanEstimatorMixin()._check_weights(np.zeros(2), np.arange(2))
