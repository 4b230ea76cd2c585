"""Factors of the tensor, against tensorly and least squares."""

import numpy as np
import pytest
from tensorly.cp_tensor import CPTensor
from tensorly.decomposition import non_negative_parafac_hals

from sklearn_lstmdg.communities._factors import (
    fit_factors,
    hals,
    random_start,
    solve_loadings,
    symmetrise,
)
from sklearn_lstmdg.communities._window_correlations import WindowCorrelations
from sklearn_lstmdg.scans._validation import check_sequences

from _correlations import all_windows, correlations


def test_hals_finds_the_best_non_negative_loadings(bags):
    tensor = WindowCorrelations(check_sequences(bags[:2]), np.float64)
    a = random_start(tensor.shape, 4, np.random.RandomState(0))[0]
    gram, products = np.square(a @ a.T), tensor.window_products(a, a)
    loadings = np.ones((4, tensor.shape[2]))
    hals(products, gram, loadings, n_passes=2000)
    exact = solve_loadings(products, gram)
    np.testing.assert_allclose(loadings, exact, atol=1e-4)
    assert (exact == 0).any()
    gradient = gram @ exact - products
    assert gradient.min() > -1e-5
    np.testing.assert_allclose(gradient * exact, 0, atol=1e-5)


def test_first_sweeps_are_those_of_tensorly(bags):
    pytest.importorskip("tensorly", minversion="0.10", reason="older updates differ")
    tensor = WindowCorrelations(check_sequences(bags))
    start = random_start(tensor.shape, 5, np.random.RandomState(0))
    told = fit_factors(tensor, start, 6, 0, tensor.squared_norm()).errors[1::2]
    init = CPTensor((None, [factor.T.copy() for factor in start]))
    dense = correlations(all_windows(bags))
    wanted = non_negative_parafac_hals(dense, 5, 3, init=init, tol=1e-30, return_errors=True)[1]
    np.testing.assert_allclose(told, wanted, rtol=1e-5)


@pytest.mark.parametrize("n_communities", [5, 30])
def test_the_error_never_rises_and_both_factors_become_one(bags, n_communities):
    tensor = WindowCorrelations(check_sequences(bags), np.float64)
    start = random_start(tensor.shape, n_communities, np.random.RandomState(1))
    factors = fit_factors(tensor, start, 400, 0, tensor.squared_norm())
    assert np.diff(factors.errors).max() < 1e-12
    assert len(factors.errors) == 400
    one = symmetrise(factors.a, factors.b)
    loadings = solve_loadings(tensor.window_products(one, one), np.square(one @ one.T))
    model = np.einsum("kr,kq,ks->rqs", one, one, loadings)
    dense = tensor.dense()
    error = np.linalg.norm(dense - model) / np.linalg.norm(dense)
    assert error <= factors.errors[-1] * (1 + 1e-4)


def test_kept_projections_change_nothing(bags, monkeypatch):
    tensor = WindowCorrelations(check_sequences(bags), np.float64)
    start = random_start(tensor.shape, 3, np.random.RandomState(0))
    room = "sklearn_lstmdg.communities._factors._room_for_projections"
    monkeypatch.setattr(room, lambda tensor, k: np.empty((tensor.n_points, k)))
    kept = fit_factors(tensor, start, 12, 0, tensor.squared_norm())
    monkeypatch.setattr(room, lambda tensor, k: None)
    anew = fit_factors(tensor, start, 12, 0, tensor.squared_norm())
    np.testing.assert_allclose(kept.errors, anew.errors, rtol=1e-10)
