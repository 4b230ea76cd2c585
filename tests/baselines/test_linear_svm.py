"""The linear SVM whose C is searched for, and its Gram factor."""

import numpy as np
from sklearn.svm import LinearSVC

from sklearn_lstmdg import FCSVM
from sklearn_lstmdg.baselines._linear_svm import gram_factor


def test_the_gram_factor_has_the_same_solution():
    rng = np.random.default_rng(0)
    features, y = rng.standard_normal((40, 300)), np.arange(40) % 2
    rotated = gram_factor(features)
    assert rotated.shape == (40, 40)
    svm = LinearSVC(C=0.01, dual=True, tol=1e-10, max_iter=100_000, random_state=0)
    plain = svm.fit(features[:30], y[:30]).decision_function(features[30:])
    turned = svm.fit(rotated[:30], y[:30]).decision_function(rotated[30:])
    np.testing.assert_allclose(turned, plain, atol=1e-6)


def test_of_equally_accurate_candidates_the_smallest_is_taken():
    y = np.arange(20) % 2
    features = np.column_stack([2.0 * y - 1, np.zeros(20)])
    svm = FCSVM((1.0, 0.1, 10.0), random_state=0).fit(features, y)
    assert set(svm.cv_results_["mean_test_score"]) == {1.0}
    assert svm.C_ == 0.1
