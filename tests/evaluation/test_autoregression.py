"""Linear autoregressions, against plain ridge regression."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from sklearn_lstmdg.evaluation._autoregression import (
    RoiAutoregression,
    VectorAutoregression,
    fit_by_validation,
)

pytest.importorskip("pandas")


@pytest.mark.parametrize("alpha", [1e-6, 1e-2, 1.0])
def test_a_vector_autoregression_is_ridge_regression(alpha):
    rng = np.random.default_rng(1)
    rows = [(rng.normal(2, 1, (15, 2, 3)), rng.normal(-1, 1, (15, 3))) for _ in range(6)]
    fitted = fit_by_validation(VectorAutoregression, rows, [alpha])
    X = np.concatenate([points.reshape(15, -1) for points, _ in rows])
    y = np.concatenate([targets for _, targets in rows])
    penalty = alpha * np.square(X - X.mean(axis=0)).sum(axis=0).mean()
    ridge = Ridge(penalty).fit(X, y)
    np.testing.assert_allclose(fitted.weights, ridge.coef_.T, atol=1e-9)
    np.testing.assert_allclose(fitted.intercept, ridge.intercept_, atol=1e-9)
    assert fitted.n_lags == 2


def test_an_autoregression_is_a_regression_of_each_roi():
    rng = np.random.default_rng(1)
    rows = [(rng.normal(2, 1, (15, 2, 3)), rng.normal(-1, 1, (15, 3))) for _ in range(6)]
    fitted = fit_by_validation(RoiAutoregression, rows, [1e-12])
    points = np.concatenate([points for points, _ in rows])
    targets = np.concatenate([targets for _, targets in rows])
    for roi in range(3):
        ridge = Ridge(1e-9).fit(points[:, :, roi], targets[:, roi])
        np.testing.assert_allclose(fitted.weights[:, roi], ridge.coef_, atol=1e-6)
    np.testing.assert_allclose(
        fitted.predict(points)[:, 2], ridge.predict(points[:, :, 2]), atol=1e-6
    )


def test_the_penalty_is_chosen_on_held_out_subjects():
    rng = np.random.default_rng(2)
    rows = [(rng.standard_normal((6, 4, 5)), rng.standard_normal((6, 5))) for _ in range(5)]
    fitted = fit_by_validation(VectorAutoregression, rows, [1e-8, 1e3])
    assert np.abs(fitted.weights).max() < 0.01  # pure noise: the strong penalty
