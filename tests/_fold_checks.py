"""Checks of folds whose rows tell their numbers, names of three classes, and what models read."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

N_ROWS = 30
NAMES = ("a", "b", "c")


def rows_of(X):
    return [int(np.ravel(scan)[0]) for scan in X]


def assert_no_leak(calls, n_folds, groups=None):
    """Test rows never reach fit, the mask is the next test fold, and every row is tested once."""
    tests = [rows_of(call["predict"]) for call in calls]
    assert sorted(np.concatenate(tests)) == list(range(N_ROWS))
    for f, call in enumerate(calls):
        rows = rows_of(call["fit"])
        assert sorted(rows + tests[f]) == list(range(N_ROWS))
        np.testing.assert_array_equal(call["y"], np.array(rows) % 2)
        if call["validation"] is not None:
            validating = [row for row, valid in zip(rows, call["validation"], strict=True) if valid]
            assert validating == tests[(f + 1) % n_folds]
        if groups is not None:
            assert not set(groups[rows]) & set(groups[tests[f]])


def last_points(X):
    return X[:, -1:]


def flatten(X):
    return np.reshape(X, (-1, 48))


def flat_logistic(**parameters):
    return make_pipeline(FunctionTransformer(flatten), LogisticRegression(**parameters))
