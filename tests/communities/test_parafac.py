import tracemalloc

import numpy as np
import pytest
import tensorly
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from tensorly.cp_tensor import CPTensor
from tensorly.decomposition import non_negative_parafac_hals
from tensorly.tenalg import unfolding_dot_khatri_rao

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg.communities._factors import (
    fit_factors,
    hals,
    random_start,
    solve_loadings,
    symmetrise,
)
from sklearn_lstmdg.communities._parafac import ParafacCommunities
from sklearn_lstmdg.communities._window_correlations import WindowCorrelations
from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.scans._validation import check_sequences


@pytest.fixture(scope="module")
def scans():
    return make_scans(6, 60, 12, 4, noise=0.5, random_state=0).data


@pytest.fixture(scope="module")
def bags(scans):
    return SubsequenceAugmenter(30, horizon=0).fit_transform(scans)


def correlations(windows):
    """Form the tensor window by window, by numpy."""
    return np.stack([np.corrcoef(window.T) for window in windows], axis=2)


def all_windows(bags):
    return [window for bag in bags for window in bag]


def rows_of_all_forms():
    rng = np.random.default_rng(0)
    scans = [np.cumsum(rng.standard_normal((n, 7)), axis=0) for n in (40, 33, 33, 52)]
    bags = SubsequenceAugmenter(20, horizon=0).fit_transform(scans)
    return {
        "bags": (bags, all_windows(bags)),
        "copied bags": ([bag.copy() for bag in bags], all_windows(bags)),
        "strided bags": ([bag[::6] for bag in bags], all_windows([bag[::6] for bag in bags])),
        "offset": ([bag + 1e4 for bag in bags], all_windows(bags)),
        "mixed types": ([bags[0].astype("f"), *[bag + 1e4 for bag in bags[1:]]], all_windows(bags)),
        "ragged scans": (scans, scans),
        "float32": ([scan.astype(np.float32) for scan in scans], scans),
    }


@pytest.mark.parametrize("form", rows_of_all_forms())
def test_products_equal_those_with_the_tensor(form):
    X, windows = rows_of_all_forms()[form]
    tensor, dense = WindowCorrelations(check_sequences(X)), correlations(windows)
    assert tensor.shape == dense.shape
    start = random_start(dense.shape, 9, np.random.RandomState(0))
    factors = (None, [factor.T for factor in start])
    wanted = [unfolding_dot_khatri_rao(dense, factors, mode).T for mode in range(3)]
    told = [
        tensor.roi_products(start[1], start[2]),
        tensor.roi_products(start[0], start[2]),
        tensor.window_products(start[0], start[1]),
    ]
    for products, expected in zip(told, wanted, strict=True):
        np.testing.assert_allclose(products, expected, rtol=1e-5, atol=1e-5 * expected.max())
    np.testing.assert_allclose(tensor.squared_norm(), np.sum(dense**2), rtol=1e-5)
    np.testing.assert_allclose(tensor.dense(), dense, atol=1e-5)


def test_many_blocks_agree_with_one(monkeypatch, bags):
    start = random_start((12, 12, 186), 3, np.random.RandomState(0))
    whole = WindowCorrelations(check_sequences(bags), np.float64)
    monkeypatch.setattr("sklearn_lstmdg.communities._window_correlations._BLOCK_BYTES", 8 * 30 * 7)
    parts = WindowCorrelations(check_sequences(bags), np.float64)
    assert len(list(parts.blocks())) == 27
    np.testing.assert_allclose(
        parts.window_products(*start[:2]), whole.window_products(*start[:2]), rtol=1e-12
    )
    np.testing.assert_allclose(parts.roi_products(*start[1:]), whole.roi_products(*start[1:]))


def test_rows_of_a_table_are_outer_products():
    table = np.random.default_rng(0).standard_normal((6, 4)) + 3
    wanted = np.einsum("sr,sq->rqs", table, table)
    for X in (table, table[:, None]):
        dense = WindowCorrelations(check_sequences(X), np.float64).dense()
        np.testing.assert_allclose(dense, wanted)


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


@pytest.mark.parametrize("form", ["bags", "scans", "table"])
def test_agrees_with_tensorly_at_convergence(scans, bags, form):
    X = {"bags": bags, "scans": scans, "table": np.abs(scans[:, :5].reshape(30, 12))}[form]
    settings = {"max_iter": 3000, "tol": 1e-8, "n_init": 4, "random_state": 0}
    ours = ParafacCommunities(4, **settings).fit(X)
    theirs = ParafacCommunities(4, solver="tensorly", **settings).fit(X)
    assert ours.reconstruction_err_ <= theirs.reconstruction_err_ * (1 + 1e-4)
    similarity = ours.membership_.T @ theirs.membership_
    np.testing.assert_allclose(similarity.max(axis=1), 1, atol=1e-2)


def test_finds_planted_communities():
    rng = np.random.default_rng(0)
    planted = rng.random((15, 4)) * (rng.random((15, 4)) < 0.5)
    planted /= np.linalg.norm(planted, axis=0)
    table = (planted[:, rng.integers(4, size=80)] * rng.uniform(0.5, 2, 80)).T
    parafac = ParafacCommunities(4, n_init=5, max_iter=1000, random_state=0).fit(table)
    similarity = parafac.membership_.T @ planted
    np.testing.assert_allclose(similarity.max(axis=1), 1, atol=1e-3)
    assert sorted(similarity.argmax(axis=1)) == [0, 1, 2, 3]
    assert parafac.reconstruction_err_ < 1e-2


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


@pytest.mark.parametrize("solver", ["windows", "tensorly"])
def test_attributes_describe_the_model(bags, solver):
    parafac = ParafacCommunities(5, solver=solver, random_state=0).fit(bags)
    a, loadings, weights = parafac.membership_, parafac.loadings_, parafac.weights_
    assert a.shape == (12, 5)
    assert loadings.shape == (186, 5)
    assert min(a.min(), loadings.min()) >= 0
    np.testing.assert_allclose(np.linalg.norm(a, axis=0), 1)
    np.testing.assert_allclose(np.linalg.norm(loadings, axis=0), 1)
    assert (np.diff(weights) <= 0).all()
    assert weights[-1] > 0
    dense = correlations(all_windows(bags))
    model = np.einsum("k,rk,qk,sk->rqs", weights, a, a, loadings)
    error = np.linalg.norm(dense - model) / np.linalg.norm(dense)
    assert parafac.reconstruction_err_ == pytest.approx(error, rel=1e-6)
    np.testing.assert_array_equal(parafac.window_rows_, np.repeat(np.arange(6), 31))
    by_subject = loadings.reshape(6, 31, 5).mean(axis=1)
    np.testing.assert_allclose(parafac.subject_loadings_, by_subject)
    np.testing.assert_allclose(parafac.transform(bags), by_subject * weights, rtol=1e-5, atol=1e-6)
    assert parafac.get_feature_names_out()[0] == "parafaccommunities0"


@pytest.mark.parametrize("solver", ["windows", "tensorly"])
def test_tol_zero_runs_all_sweeps_without_a_warning(bags, solver, recwarn):
    parafac = ParafacCommunities(3, max_iter=17, tol=0, n_init=2, solver=solver, random_state=0)
    assert parafac.fit(bags).n_iter_ == 17
    assert not recwarn.list


def test_warns_where_it_did_not_converge(bags):
    with pytest.warns(ConvergenceWarning, match="max_iter=3 sweeps") as caught:
        parafac = ParafacCommunities(3, max_iter=3, random_state=0).fit(bags)
    assert len(caught) == 1
    assert parafac.n_iter_ == 3


def test_more_starts_are_never_worse(bags):
    fits = [ParafacCommunities(6, n_init=n, tol=1e-4, random_state=2).fit(bags) for n in (1, 6)]
    assert fits[1].errors_[-1] < fits[0].errors_[-1]


def test_more_communities_than_rois(bags):
    parafac = ParafacCommunities(30, max_iter=30, tol=0, n_init=1, random_state=0).fit(bags)
    assert parafac.membership_.shape == (12, 30)
    assert np.isfinite(parafac.transform(bags)).all()
    dead = parafac.weights_ == 0
    assert not parafac.membership_[:, dead].any()


def test_constant_rois_have_no_correlation(bags):
    bags = [bag.copy() for bag in bags]
    bags[1][3, :, 5] = 7.1
    bags[2][:2, :, 0] = 0
    tensor = WindowCorrelations(check_sequences(bags))
    dense = tensor.dense()
    assert not dense[5, :, 31 + 3].any()
    assert not dense[:, 0, 62:64].any()
    with pytest.warns(UserWarning, match="3 ROI series are constant") as caught:
        ParafacCommunities(2, random_state=0).fit(bags)
    assert len(caught) == 1
    with pytest.raises(ValueError, match="No ROI of X varies"):
        ParafacCommunities(2).fit(np.ones((3, 20, 4)))


def test_step_takes_every_nth_window(bags):
    parafac = ParafacCommunities(3, step=5, random_state=0).fit(bags)
    thinned = ParafacCommunities(3, random_state=0).fit([bag[::5] for bag in bags])
    assert len(parafac.loadings_) == 6 * 7
    np.testing.assert_allclose(parafac.membership_, thinned.membership_, atol=1e-4)


def test_same_seed_same_bits(bags):
    parafac = ParafacCommunities(3, max_iter=20, tol=0, random_state=5)
    first, second = clone(parafac).fit(bags), clone(parafac).fit(bags)
    np.testing.assert_array_equal(first.membership_, second.membership_)
    other = clone(parafac).set_params(random_state=6).fit(bags)
    assert np.abs(other.errors_ - first.errors_).max() > 1e-6


def test_tensorlys_backend_is_left_alone(bags):
    backend = tensorly.get_backend()
    ParafacCommunities(3, solver="tensorly", max_iter=5, tol=0).fit(bags)
    assert tensorly.get_backend() == backend


def test_in_a_pipeline_of_scans(scans):
    model = make_pipeline(
        SubsequenceAugmenter(30, 5), ParafacCommunities(3, max_iter=20, tol=0, random_state=0)
    )
    assert model.fit_transform(scans).shape == (6, 3)


def test_memory_stays_below_a_third_of_the_tensor():
    rng = np.random.default_rng(0)
    scans = rng.standard_normal((10, 129, 116)).cumsum(axis=1)
    bags = SubsequenceAugmenter(30, horizon=0).fit_transform(scans)
    parafac = ParafacCommunities(50, max_iter=2, tol=0, n_init=2, random_state=0)
    tracemalloc.start()
    parafac.fit(bags)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 116 * 116 * 1000 / 3
