"""What a regressor predicts, explained in the target's unit."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGRegressor, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.explain import (
    attribute,
    community_time_courses,
    occlude_communities,
    permutation_importance,
    randomize_weights,
    window_probabilities,
)


@pytest.fixture
def regression(scans, small):
    """A Pipeline that predicts a number in the hundreds."""
    X, y = scans
    settings = {name: value for name, value in small.items() if name != "aggregation"}
    model = make_pipeline(ScanCleaner(), SubsequenceAugmenter(6, 3), LSTMDGRegressor(**settings))
    return model.fit(X, 500 + 100 * y + np.arange(len(y)))


def test_a_community_that_is_not_read_takes_nothing_away(regression, scans):
    X, _ = scans
    told = occlude_communities(regression, X, hold="zero")
    np.testing.assert_allclose(told.prediction, regression.predict(X), rtol=1e-6)
    regression[-1].net_.module_.discriminative_lstm.weight_ih_l0.detach()[:, 2] = 0
    lost = told.prediction - regression.predict(X)
    assert np.abs(lost).max() > 1e-2
    np.testing.assert_allclose(told.loss[:, 2], lost, atol=1e-3)
    np.testing.assert_allclose(occlude_communities(regression, X).loss[:, 2], 0, atol=1e-9)


def test_attributions_sum_to_the_difference_in_the_targets_unit(regression, scans):
    pytest.importorskip("captum")
    X, _ = scans
    told = attribute(regression, X[:3], overlap="sum", n_steps=50)
    np.testing.assert_allclose(told.logits, regression.predict(X[:3]), rtol=1e-5)
    change = told.logits - told.baseline_logits
    assert np.abs(change).min() > 1e-2 and told.target is None
    np.testing.assert_allclose(told.attributions.sum(axis=(1, 2)), change, atol=1e-4)
    np.testing.assert_allclose(told.gap, 0, atol=1e-4)
    check = randomize_weights(regression, X[:3], "gradient", random_state=0)
    assert check.signed.shape == (3, 3)


def test_exchanged_series_cost_r2(regression, scans):
    X, y = scans
    told = permutation_importance(regression, X, 500.0 + y, n_repeats=2, random_state=0)
    assert told.importances.shape == (6, 2) and told.importances_mean.any()


def test_communities_have_time_courses(regression, scans):
    assert community_time_courses(regression, scans[0]).shape == (12, 40, 4)


def test_what_is_of_classes_is_refused(regression, scans):
    with pytest.raises(ValueError, match="target names a class, and LSTMDGRegressor has none"):
        occlude_communities(regression, scans[0], target=1)
    with pytest.raises(ValueError, match="no probabilities: predict_windows"):
        window_probabilities(regression, scans[0])


def test_all_nets_lose_in_the_targets_unit(regression, scans):
    X, y = scans
    model = regression.set_params(lstmdgregressor__n_nets=2).fit(X, y * 4.0 + 30)
    told = occlude_communities(model, X)
    np.testing.assert_allclose(told.prediction, model.predict(X), rtol=1e-5)
    assert told.membership.shape == (6, 6) and told.loss.shape == (12, 6)
    assert np.abs(told.loss).max() > 1e-4
