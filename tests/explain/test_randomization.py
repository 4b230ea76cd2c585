"""Checks that attributions depend on what was learnt."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.frozen import FrozenEstimator

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.explain import attribute, randomize_labels, randomize_weights, rank_correlation

pytest.importorskip("captum")


def test_rank_correlation_is_scipys_and_undefined_where_constant():
    first, second = np.random.default_rng(0).standard_normal((2, 3, 5, 4))
    first[2] = 1.0
    told = rank_correlation(first, list(second))
    np.testing.assert_allclose(told[1], spearmanr(first[1].ravel(), second[1].ravel()).statistic)
    assert np.isnan(told[2])
    with pytest.raises(ValueError, match=r"row 0 have the shapes \(5, 4\) and \(4, 4\)"):
        rank_correlation(first, second[:, :4])
    with pytest.raises(ValueError, match="shorter"):
        rank_correlation(first, second[:2])


@pytest.mark.parametrize("method", ["gradient", "integrated_gradients"])
def test_other_weights_give_other_attributions(pipeline, scans, method):
    before = attribute(pipeline, scans[0][:4], method).attributions
    # Some weights of the dense layer alone leave the map as it was; these do not.
    told = randomize_weights(pipeline, scans[0][:4], method, random_state=3)
    assert told.layers == ["shared_dense", "discriminative_lstm", "community_lstm"]
    assert told.signed.shape == told.absolute.shape == (3, 4)
    assert told.signed.max() < 0.95
    np.testing.assert_array_equal(attribute(pipeline, scans[0][:4], method).attributions, before)
    again = randomize_weights(pipeline, scans[0][:4], method, random_state=3)
    np.testing.assert_array_equal(told.signed, again.signed)
    other = randomize_weights(pipeline, scans[0][:4], method, random_state=1)
    assert (told.signed != other.signed).all()


def test_variant_s_has_two_layers_and_targets_stay(scans, small):
    X, _ = scans
    model = LSTMDGClassifier(variant="s", n_nets=2, **small).fit(X, np.arange(12) % 3)
    told = randomize_weights(model, X[:2], "saliency", target=[2, 0], random_state=0)
    assert told.layers == ["shared_dense", "discriminative_lstm"]
    np.testing.assert_array_equal(told.signed, told.absolute)


def test_other_labels_give_other_attributions(pipeline, scans):
    X, y = scans
    told = randomize_labels(pipeline, X, y, X[:3], "gradient", random_state=0)
    assert told.signed.shape == (3,) and told.signed.max() < 0.95
    second = attribute(told.estimator, X[:3], "gradient", target=1).attributions
    expected = rank_correlation(attribute(pipeline, X[:3], "gradient").attributions, second)
    np.testing.assert_array_equal(told.signed, expected)
    assert randomize_labels(pipeline, X, y, groups=np.arange(12)).signed.shape == (12,)


def test_frozen_models_are_refused(pipeline, scans):
    with pytest.raises(ValueError, match="frozen"):
        randomize_labels(FrozenEstimator(pipeline), *scans, scans[0][:1], "gradient")
