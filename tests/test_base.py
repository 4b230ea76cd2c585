"""What all estimators share, shown on the classifier."""

import warnings

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_lstmdg import (
    CommunityExtractor,
    ConnectivityFeatures,
    LSTMDGClassifier,
    ParafacCommunities,
    ScanCleaner,
    SubsequenceAugmenter,
)
from sklearn_lstmdg.base import bounded_jobs, check_number, check_whole

from _references import numpy_forward
from _small_nets import TINY, bags_of, make, ragged


def test_a_mask_must_leave_groups_whole(scans):
    X, y = scans
    mask, family = np.isin(np.arange(12), [0, 1]), np.repeat(np.arange(4), 3)
    with pytest.raises(ValueError, match=r"splits a group: rows \[0, 1, 2\] belong together"):
        make().fit(X, y, groups=family, validation=mask)
    with pytest.raises(ValueError, match="boolean mask over the 12 rows"):
        make().fit(X, y, validation=mask[:5])
    with pytest.raises(ValueError, match="at least one row to train on"):
        make().fit(X, y, validation=mask | True)


def test_too_few_subjects_to_validate_warn(scans):
    X, y = scans
    with pytest.warns(UserWarning, match="without validation"):
        model = make(patience=10).fit(X[:4], [0, 0, 0, 1])
    assert "valid_loss" not in model.history_
    with pytest.raises(ValueError, match="All rows belong to one group"):
        make(patience=10).fit(X, y, groups=np.zeros(12))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_votes_and_means_by_hand(scans, n_classes):
    X = ragged(scans[0])
    bags, y = bags_of(X, step=1), np.arange(12) % n_classes
    model = make(lr=0.05, max_epochs=10, aggregation="vote").fit(bags, y)
    windows = model.predict_window_proba(bags)
    assert [p.shape for p in windows] == [(len(bag), n_classes) for bag in bags]
    vote = model.predict_proba(bags)
    for row, p in zip(vote, windows, strict=True):
        votes = [np.mean([w.argmax() == k for w in p]) for k in range(n_classes)]
        assert_allclose(row, votes)
    assert vote[:, 1].std() > 0
    mean = model.set_params(aggregation="mean").predict_proba(bags)
    assert_allclose(mean, [p.mean(axis=0) for p in windows])
    scores = model.decision_function(bags)
    assert_allclose(scores, mean[:, 1] - 0.5 if n_classes == 2 else mean)
    assert_array_equal(model.predict(bags), mean.argmax(axis=1))


def test_a_window_at_one_half_votes_for_the_second_class(scans):
    bags, y = bags_of(scans[0]), scans[1]
    model = make(aggregation="vote").fit(bags, y)
    torch.nn.init.zeros_(model.net_.module_.shared_dense.weight)
    torch.nn.init.zeros_(model.net_.module_.shared_dense.bias)
    assert_array_equal(model.predict_proba(bags), [[0, 1]] * 12)
    assert_array_equal(model.set_params(aggregation="mean").predict(bags), [0] * 12)


def test_sequences_keep_their_own_probability(scans):
    model = make(augment=None).fit(*scans)
    proba, logits = model.predict_proba(scans[0]), model.decision_function(scans[0])
    assert_allclose(proba[:, 1], 1 / (1 + np.exp(-logits)))
    assert_array_equal(np.concatenate(model.predict_window_proba(scans[0])), proba)
    for x, logit in zip(scans[0], logits, strict=True):
        assert logit == pytest.approx(numpy_forward(model.net_.module_, x[:-1])[0][0], abs=1e-5)


@pytest.mark.parametrize("name", ["n_communities", "n_units", "batch_size", "max_epochs", "n_nets"])
def test_numpy_integers_are_integers_and_truth_values_are_not(scans, name):
    wanted = LSTMDGClassifier(**TINY | {name: 2}).fit(*scans).predict_proba(scans[0])
    told = LSTMDGClassifier(**TINY | {name: np.int64(2)}).fit(*scans)
    np.testing.assert_array_equal(told.predict_proba(scans[0]), wanted)
    assert type(told.net_.arguments.get("batch_size")) is int
    for truth in (True, np.True_):
        with pytest.raises(ValueError, match=f"The '{name}' parameter"):
            LSTMDGClassifier(**TINY | {name: truth}).fit(*scans)


def test_a_refused_fit_leaves_the_model_that_was_there(scans):
    X, y = scans
    model = LSTMDGClassifier(**TINY).fit(X, y)
    before = model.predict_proba(X)
    for bad in ((X, y[:5]), (X[..., :3], y * 0), (np.full_like(X, np.nan), y)):
        with pytest.raises(ValueError):
            model.fit(*bad)
    with pytest.raises(ValueError, match="lr"):
        model.set_params(lr=-1).fit(X, y)
    model.set_params(lr=1e-3)
    np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize(
    ("estimator", "then"),
    [
        (CommunityExtractor(make()), {"estimator": make(lr=-1)}),
        (ParafacCommunities(2, max_iter=3, n_init=1), {"n_communities": 0}),
        (ScanCleaner(), {"t_r": -1.0}),
        (SubsequenceAugmenter(9, 4), {"length": 0}),
        (ConnectivityFeatures(), {"kind": "x"}),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_refused_fit_of_others_leaves_what_they_learnt(scans, estimator, then):
    X, y = scans
    before = dict(vars(estimator.fit(X, y)))
    refused = 0
    for bad in ((X[..., :3], y[:5]), ([*X[:, :, :3], X[0]], y), (np.full_like(X, np.nan), y)):
        try:
            clone(estimator).fit(*bad)
        except ValueError:
            refused += 1
            with pytest.raises(ValueError):
                estimator.fit(*bad)
            assert all(vars(estimator)[name] is value for name, value in before.items())
    assert refused >= 2
    with pytest.raises(ValueError):
        estimator.set_params(**then).fit(X[..., :3], y)
    assert estimator.n_features_in_ == X.shape[-1]


def test_a_number_beyond_single_precision_is_refused_without_a_warning(recwarn):
    X, y = np.ones((4, 3)), [0, 1, 0, 1]
    with pytest.raises(InvalidParameterError, match=r"'lr' .* beyond a float of 32 bits, got 1e"):
        LSTMDGClassifier(lr=1e39).fit(X, y)
    assert not recwarn.list


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, np.float32("nan")])
def test_a_number_within_limits_is_finite(wrong):
    with pytest.raises(ValueError, match=r"share (must be a finite number, got|== -inf)"):
        check_number(wrong, "share", min_val=0)
    assert check_number(0.5, "share", min_val=0, max_val=1) == 0.5


@pytest.mark.parametrize("wrong", [0, True, 1.5, "2", None])
def test_a_truth_value_is_no_whole_number(wrong):
    with pytest.raises(ValueError, match=f"n must be a whole number of at least 1, got {wrong!r}"):
        check_whole(wrong, "n", 1)
    assert type(check_whole(np.int16(3), "n", 1)) is int


def test_no_more_jobs_than_processors():
    most = joblib.cpu_count()
    with pytest.warns(UserWarning, match="n_jobs=100000, and there are .* processors"):
        assert bounded_jobs(100_000, 10**6) == most
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bounded_jobs(-1, 10**6) == most
        assert bounded_jobs(-1, 1) == bounded_jobs(None, 8) == bounded_jobs(1, 0) == 1


def test_what_joblib_is_set_to_counts():
    with joblib.parallel_config(backend="sequential"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bounded_jobs(100_000, 8) == 1
    with joblib.parallel_config(n_jobs=-1):
        assert bounded_jobs(None, 10**6) == joblib.cpu_count()


@pytest.mark.parametrize("n_jobs", [0, True, 1.5, "a"])
def test_what_is_no_number_of_jobs_is_named(n_jobs):
    with pytest.raises(ValueError, match=r"n_jobs must .*0|n_jobs must be a whole number or None"):
        bounded_jobs(n_jobs, 2)
